"""Demo courses, runs and programs in the shapes of the API reference.

Everything is derived from an index and a seed, so that a longer series begins with the shorter
one; `now` moves the dates and nothing else. Documents share sub-objects: do not change them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from random import Random

from bursar.demo.parts import (
    COURSES,
    EXECUTIVE_SOURCE,
    MEDIA,
    OPEN_SOURCE,
    OWNER_DOCUMENTS,
    SITE,
    SKILL_DOCUMENTS,
    STAFF_DOCUMENTS,
    SUBJECT_DOCUMENTS,
    TRACKING,
    Document,
    stable_uuid,
)
from bursar.demo.program_documents import program_references, programs
from bursar.demo.sketch import SEAT_TYPES, CourseType, Sketch, sketch
from bursar.demo.windows import Calendar, Phase, Window, choose_window

__all__ = ["course_runs", "courses", "programs"]

_COURSE_TYPE_UUIDS = {kind: stable_uuid(f"course-type:{kind}") for kind in CourseType}
_RUN_TYPE_UUIDS = {kind: stable_uuid(f"run-type:{kind}") for kind in CourseType}


def courses(count: int, now: datetime, seed: int = 2026) -> Iterator[Document]:
    calendar = Calendar(now)
    for index in range(count):
        yield _course(sketch(index, seed), calendar)


def course_runs(count: int, now: datetime, seed: int = 2026) -> Iterator[Document]:
    """Runs that stand alone: their courses are none of `courses`."""
    calendar = Calendar(now)
    for index in range(count):
        about = sketch(index, seed, series="W")
        document = _run(about, about.plan.main, calendar)
        enrollment_url = document.pop("enrollment_url")
        yield {**document, "programs": [], "enrollment_url": enrollment_url}


def _course(about: Sketch, calendar: Calendar) -> Document:
    random = about.random
    runs = [_run(about, position, calendar) for position in range(len(about.run_keys))]
    main = runs[about.plan.main]
    subjects = _subjects(about)
    skills = random.sample(SKILL_DOCUMENTS[about.subject], 2)
    return {
        "key": about.key,
        "uuid": about.uuid,
        "title": about.title,
        "course_runs": runs,
        "entitlements": [_entitlement(about)],
        "owners": [OWNER_DOCUMENTS[about.owner]],
        "image": _image(about, ".small"),
        "short_description": about.texts.short,
        "type": _COURSE_TYPE_UUIDS[about.type],
        "url_slug": about.slug,
        "course_type": about.type.value,
        "enterprise_subscription_inclusion": _in_subscription(about),
        "excluded_from_seo": False,
        "excluded_from_search": False,
        "full_description": about.texts.full,
        "level_type": about.level,
        "subjects": subjects,
        "prerequisites": [],
        "prerequisites_raw": None,
        "expected_learning_items": [],
        "video": None,
        "sponsors": [],
        "modified": calendar.stamp(-random.randint(1, 200), random),
        "marketing_url": f"{SITE}/course/{about.slug}?{TRACKING}",
        "syllabus_raw": None,
        "outcome": about.texts.outcome,
        "original_image": _image(about, ""),
        "card_image_url": None,
        "canonical_course_run_key": main["key"],
        "extra_description": None,
        "additional_information": None,
        "additional_metadata": _additional_metadata(about),
        "faq": None,
        "learner_testimonials": None,
        "enrollment_count": sum(run["enrollment_count"] for run in runs),
        "recent_enrollment_count": sum(run["recent_enrollment_count"] for run in runs),
        "topics": [],
        "key_for_reruns": "",
        "url_slug_history": [about.slug, f"learn/{subjects[0]['slug']}/{about.slug}"],
        "url_redirects": [],
        "course_run_statuses": sorted({run["status"] for run in runs}),
        "editors": [],
        "collaborators": [],
        "skill_names": [skill["name"] for skill in skills],
        "skills": skills,
        "organization_short_code_override": "",
        "organization_logo_override_url": None,
        "geolocation": None,
        "location_restriction": None,
        "in_year_value": None,
        "product_source": (EXECUTIVE_SOURCE if about.type is CourseType.EXECUTIVE else OPEN_SOURCE),
        "data_modified_timestamp": calendar.stamp(-random.randint(201, 400), random),
        "watchers": [],
        "programs": program_references(about.index),
        "course_run_keys": [run["key"] for run in runs],
        "editable": True,
        "advertised_course_run_uuid": main["uuid"],
        "enrollment_url": f"{COURSES}/course/{about.key}/enroll/",
    }


def _run(about: Sketch, position: int, calendar: Calendar) -> Document:
    random = about.random
    key, phase = about.run_keys[position], about.plan.phases[position]
    window = choose_window(phase, random)
    weeks, low = random.randint(3, 12), random.randint(1, 5)
    high = low + random.randint(1, 3)
    hours = weeks * (low + high)
    enrolled = _enrollment_count(window, random)
    language = about.phrases.content_language
    announced = -random.randint(130, 160) if window.start > -130 else window.start - 30
    return {
        "key": key,
        "uuid": stable_uuid(f"run:{key}"),
        "title": about.title,
        "external_key": "",
        "image": _image(about, ".small"),
        "short_description": about.texts.short,
        "marketing_url": f"{SITE}/course/{about.slug}-{key[-6:].lower()}?{TRACKING}",
        "seats": _seats(about, window, calendar),
        "start": calendar.at(window.start, "16:00:00"),
        "end": calendar.at_or_none(window.end, "16:00:00"),
        "go_live_date": calendar.at(announced, "04:00:00"),
        "enrollment_start": calendar.at_or_none(window.enrollment_start),
        "enrollment_end": calendar.at_or_none(window.enrollment_end, "23:59:59"),
        "weeks_to_complete": weeks,
        "pacing_type": "self_paced" if random.random() < 0.6 else "instructor_paced",
        "type": None if about.type is CourseType.EXECUTIVE else SEAT_TYPES[about.type],
        "run_type": _RUN_TYPE_UUIDS[about.type],
        "status": window.status,
        "is_enrollable": window.is_enrollable,
        "is_marketable": window.status == "published" and phase is not Phase.ARCHIVED,
        "availability": window.availability,
        "variant_id": None,
        "course": about.key,
        "full_description": about.texts.full,
        "announcement": calendar.stamp(announced, random),
        "video": None,
        "content_language": language,
        "license": "",
        "outcome": about.texts.outcome,
        "transcript_languages": [language] if language == "en-us" else [language, "en-us"],
        "instructors": [],
        "staff": _staff(about),
        "min_effort": low,
        "max_effort": high,
        "modified": calendar.stamp(-random.randint(1, 90), random),
        "level_type": about.level,
        "mobile_available": random.random() < 0.5,
        "hidden": False,
        "reporting_type": "mooc",
        "eligible_for_financial_aid": about.type is CourseType.VERIFIED,
        "first_enrollable_paid_seat_price": about.price,
        "has_ofac_restrictions": False,
        "ofac_comment": "",
        "enrollment_count": enrolled,
        "recent_enrollment_count": enrolled // 4,
        "expected_program_type": None,
        "expected_program_name": "",
        "course_uuid": about.uuid,
        "estimated_hours": hours / 2 if hours % 2 else hours // 2,
        "content_language_search_facet_name": about.phrases.facet,
        "enterprise_subscription_inclusion": _in_subscription(about),
        "enrollment_url": f"{COURSES}/course/{key}/enroll/",
    }


def _staff(about: Sketch) -> list[Document]:
    people = STAFF_DOCUMENTS[about.owner]
    return [about.random.choice(people)] if about.random.random() < 0.15 else []


def _in_subscription(about: Sketch) -> bool:
    return about.type is CourseType.VERIFIED and about.price <= 299


def _enrollment_count(window: Window, random: Random) -> int:
    share = random.random() ** 3
    return int(share * 18_000) if window.start < 0 and window.status == "published" else 0


def _subjects(about: Sketch) -> list[Document]:
    first = SUBJECT_DOCUMENTS[about.subject]
    if about.random.random() >= 0.1:
        return [first]
    return [first, SUBJECT_DOCUMENTS[(about.subject + 1) % len(SUBJECT_DOCUMENTS)]]


def _image(about: Sketch, size: str) -> Document:
    return {
        "src": f"{MEDIA}/course/image/{about.uuid}{size}.png",
        "description": None,
        "height": None,
        "width": None,
    }


def _entitlement(about: Sketch) -> Document:
    return {
        "mode": SEAT_TYPES[about.type],
        "price": f"{about.price}.00",
        "currency": "USD",
        "sku": _stock_keeping_unit(about.random),
        "expires": None,
    }


def _seats(about: Sketch, window: Window, calendar: Calendar) -> list[Document]:
    deadline = None if window.end is None else calendar.at(window.end - 10, "23:59:59")
    paid = _seat(SEAT_TYPES[about.type], about.price, deadline, about.random)
    if about.type is CourseType.VERIFIED:
        return [_seat("audit", 0, None, about.random), paid]
    return [paid]


def _seat(kind: str, price: int, deadline: str | None, random: Random) -> Document:
    return {
        "type": kind,
        "price": f"{price}.00",
        "currency": "USD",
        "upgrade_deadline": deadline,
        "upgrade_deadline_override": None,
        "credit_provider": None,
        "credit_hours": None,
        "sku": _stock_keeping_unit(random),
        "bulk_sku": _stock_keeping_unit(random) if price else None,
    }


def _stock_keeping_unit(random: Random) -> str:
    return f"{random.getrandbits(28):07X}"


def _additional_metadata(about: Sketch) -> Document | None:
    if about.type is not CourseType.EXECUTIVE:
        return None
    return {
        "external_identifier": stable_uuid(f"external:{about.key}"),
        "external_url": f"{SITE}/executive/{about.slug}",
        "organic_url": f"{SITE}/executive/{about.slug}?from=search",
    }
