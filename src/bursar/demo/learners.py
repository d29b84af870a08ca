"""Invented learners of a demo enterprise and their progress in demo courses."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import date, timedelta
from random import Random

from bursar.demo.parts import Document, slugify
from bursar.demo.vocabulary import FAMILY_NAMES, GIVEN_NAMES
from bursar.demo.windows import Calendar

MOST_RUNS = 12
"""In which a learner enrolls; most do in half of that."""
COUNTRIES = ("US", "US", "ES", "FR", "DE", "JP", "BR", "KE", "IN", "CA")


def learners(count: int, domain: str, first_id: int, calendar: Calendar) -> list[Document]:
    return [_learner(number, domain, first_id, calendar) for number in range(count)]


def _learner(number: int, domain: str, first_id: int, calendar: Calendar) -> Document:
    given = slugify(GIVEN_NAMES[(number + first_id - 501) % len(GIVEN_NAMES)])
    position = (number + 3 * (number // len(GIVEN_NAMES))) % len(FAMILY_NAMES)
    family = slugify(FAMILY_NAMES[position].replace("ø", "o").replace("ı", "i"))
    learner = {
        "email": f"{given}.{family}@{domain}",
        "lms_user_id": first_id + number,
        "username": f"{given}_{family}_{first_id + number}",
        "sso_uid": f"{family}-{first_id + number}",
        "country": COUNTRIES[number % len(COUNTRIES)],
        "created": calendar.at(-560 - 7 * number, "09:30:00"),
        # One in eight has not agreed, so that reports show what they blank.
        "consent": number % 8 != 5,
    }
    if number % 10 == 9:
        del learner["sso_uid"]
    return learner


def started_runs(courses: Sequence[Document], today: date) -> list[Document]:
    """Published runs in which a learner may have enrolled by yesterday."""
    limit = (today - timedelta(7)).isoformat()
    return [
        run
        for course in courses
        for run in course["course_runs"]
        if run["status"] == "published" and run["start"] < limit
    ]


def enrollments(
    people: Sequence[Document],
    runs: Sequence[Document],
    today: date,
    count: int,
    taken: Container[tuple[str, str]] = (),
) -> list[Document]:
    """In seats, by e-mail and run, that are not taken."""
    random = Random(people[0]["email"])
    seats = [
        (person, run)
        for person in people
        for run in random.sample(runs, MOST_RUNS)
        if run["start"] > person["created"] and (person["email"], run["key"]) not in taken
    ]
    chosen = random.sample(seats, count)
    return [_enrollment(person["email"], run, today, random) for person, run in chosen]


def _enrollment(email: str, run: Document, today: date, random: Random) -> Document:
    start = date.fromisoformat(run["start"][:10])
    end = date.fromisoformat(run["end"][:10]) if run["end"] else today
    last_day = min(today - timedelta(1), end - timedelta(1))
    enrolled = _between(start - timedelta(14), min(start + timedelta(10), last_day), random)
    subscribed = random.random() < 0.6
    return {
        "learner_email": email,
        "courserun_key": run["key"],
        "enrollment_date": enrolled.isoformat(),
        "seat_delivery_method": "Subscription" if subscribed else "Learner Credit",
        "paid_by": "Enterprise",
        **_progress(enrolled, max(start, enrolled), last_day, end < today, random),
    }


def _progress(
    enrolled: date, first_day: date, last_day: date, over: bool, random: Random
) -> Document:
    chance = random.random()
    if chance < 0.06:
        return {"unenrollment_date": _between(enrolled, last_day, random).isoformat()}
    if chance < 0.14:
        return {"has_passed": False}
    last_active = _lately(first_day, last_day, random)
    if random.random() < (0.75 if over else 0.2):
        return _passed(first_day, last_active, random)
    return {
        "current_grade": round(random.uniform(0.05, 0.69), 2),
        "has_passed": False,
        "last_activity_date": last_active.isoformat(),
    }


def _passed(first_day: date, last_active: date, random: Random) -> Document:
    grade = round(random.uniform(0.7, 1.0), 2)
    halfway = first_day + (last_active - first_day) // 2
    return {
        "current_grade": grade,
        "has_passed": True,
        "letter_grade": "A" if grade >= 0.9 else "B" if grade >= 0.8 else "C",
        "passed_date": _between(halfway, last_active, random).isoformat(),
        "last_activity_date": last_active.isoformat(),
    }


def _lately(first: date, last: date, random: Random) -> date:
    """Most of those who learn have been there in the past weeks."""
    return last - timedelta(int(random.random() ** 3 * ((last - first).days + 1)))


def _between(first: date, last: date, random: Random) -> date:
    # The draw is a share of the span, so that a moved `now` moves dates and nothing else.
    return first + timedelta(int(random.random() * ((last - first).days + 1)))
