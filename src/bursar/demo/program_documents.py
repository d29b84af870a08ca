"""Demo programs. The first ten are named by their courses, so that reports can name them too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from random import Random
from typing import Any

from bursar.demo.parts import COURSES, MEDIA, OPEN_SOURCE, SITE, Document, slugify, stable_uuid
from bursar.demo.vocabulary import SUBJECTS
from bursar.demo.windows import Calendar

FLAGSHIPS = 10
_TYPES = ("Professional Certificate", "XSeries", "MicroMasters", "Professional Certificate")
_SIZES = (3, 4, 5)
_TITLES = ("{subject} at Work", "Essential {subject}", "{subject}, Step by Step")

# A program carries its courses shortened: these fields, in the order of the full document.
_COURSE_FIELDS = (
    "key", "uuid", "title", "course_runs", "entitlements", "owners", "image",
    "short_description", "type", "url_slug", "course_type", "enterprise_subscription_inclusion",
    "level_type", "course_run_statuses", "product_source", "enrollment_url",
)  # fmt: skip
_RUN_FIELDS = (
    "key", "uuid", "title", "image", "short_description", "marketing_url", "seats", "start",
    "end", "go_live_date", "enrollment_start", "enrollment_end", "pacing_type", "type",
    "run_type", "status", "is_enrollable", "is_marketable", "availability",
    "first_enrollable_paid_seat_price", "enrollment_url",
)  # fmt: skip


def programs(
    count: int, courses_sample: Sequence[Document], now: datetime, seed: int = 2026
) -> Iterator[Document]:
    """`courses_sample` holds at least five documents of `content.courses`."""
    calendar = Calendar(now)
    for number in range(count):
        random = Random(f"{seed}:program:{number}")
        members = _members(number, courses_sample, random)
        yield _program(number, members, calendar, random)


def program_references(course_index: int) -> list[Document]:
    """What a course's own document says about the program that it belongs to."""
    number, ordinal = course_index % len(SUBJECTS), course_index // len(SUBJECTS)
    if number >= FLAGSHIPS or ordinal >= _size(number):
        return []
    return [_FLAGSHIP_REFERENCES[number]]


def _members(number: int, sample: Sequence[Document], random: Random) -> list[Document]:
    identifier = _uuid(number)
    own = [c for c in sample[: 5 * len(SUBJECTS)] if _names_program(c, identifier)]
    return own if len(own) >= _SIZES[0] else random.sample(sample, _size(number))


def _names_program(course: Document, identifier: str) -> bool:
    return any(program["uuid"] == identifier for program in course["programs"])


def _size(number: int) -> int:
    return _SIZES[number % len(_SIZES)]


def _uuid(number: int) -> str:
    return stable_uuid(f"program:{number}")


def _title(number: int) -> str:
    rounds = number // len(SUBJECTS)
    name = _TITLES[rounds % len(_TITLES)].format(subject=SUBJECTS[number % len(SUBJECTS)].name)
    return name if rounds < len(_TITLES) else f"{name} {rounds // len(_TITLES) + 1}"


def _reference(number: int) -> Document:
    slug = slugify(_title(number))
    return {
        "uuid": _uuid(number),
        "title": _title(number),
        "type": _TYPES[number % len(_TYPES)],
        "marketing_slug": slug,
        "marketing_url": f"{SITE}/program/{slug}",
    }


_FLAGSHIP_REFERENCES = tuple(_reference(number) for number in range(FLAGSHIPS))


def _shortened(course: Document) -> Document:
    short = {field: course[field] for field in _COURSE_FIELDS}
    runs: list[dict[str, Any]] = course["course_runs"]
    short["course_runs"] = [{field: run[field] for field in _RUN_FIELDS} for run in runs]
    return short


def _distinct(parts: list[Document], name: str) -> list[Document]:
    return list({part[name]: part for part in parts}.values())


def _type_attributes(kind: str) -> Document:
    slug = slugify(kind)
    return {
        "uuid": stable_uuid(f"program-type:{slug}"),
        "slug": slug,
        "coaching_supported": False,
    }


def _weeks(members: list[Document]) -> list[int]:
    return [course["course_runs"][-1]["weeks_to_complete"] for course in members]


def _price_ranges(members: list[Document]) -> list[Document]:
    prices = [course["course_runs"][-1]["first_enrollable_paid_seat_price"] for course in members]
    return [{"currency": "USD", "min": min(prices), "max": max(prices), "total": sum(prices)}]


def _program(number: int, members: list[Document], calendar: Calendar, random: Random) -> Document:
    reference = _reference(number)
    kind, identifier = reference["type"], reference["uuid"]
    runs = [course["course_runs"][-1] for course in members]
    weeks = _weeks(members)
    skills = _distinct([skill for course in members for skill in course["skills"]], "name")
    languages = sorted({run["content_language"] for run in runs})
    return {
        "uuid": identifier,
        "title": reference["title"],
        "subtitle": f"{len(members)} courses that build on one another",
        "type": kind,
        "type_attrs": _type_attributes(kind),
        "status": "active",
        "marketing_slug": reference["marketing_slug"],
        "marketing_url": reference["marketing_url"],
        "banner_image": {},
        # One in ten is kept out of listings, as happens while a program is being prepared.
        "hidden": number % 10 == 7,
        "courses": [_shortened(course) for course in members],
        "authoring_organizations": _distinct(
            [owner for course in members for owner in course["owners"]], "key"
        ),
        "card_image_url": f"{MEDIA}/programs/card_images/{identifier}.png",
        "is_program_eligible_for_one_click_purchase": True,
        "degree": None,
        "curricula": [],
        "marketing_hook": "Begin with the first course and stop whenever you have enough.",
        "total_hours_of_effort": int(sum(run["estimated_hours"] for run in runs)),
        "recent_enrollment_count": sum(course["recent_enrollment_count"] for course in members),
        "organization_short_code_override": "",
        "organization_logo_override_url": None,
        "primary_subject_override": members[0]["subjects"][0],
        "level_type_override": {"name": "Intermediate", "sort_value": 3},
        "language_override": languages[0],
        "labels": [],
        "taxi_form": None,
        "program_duration_override": None,
        "data_modified_timestamp": calendar.stamp(-random.randint(20, 300), random),
        "excluded_from_search": False,
        "excluded_from_seo": False,
        "has_ofac_restrictions": None,
        "ofac_comment": "",
        "overview": "".join(course["short_description"] for course in members),
        "weeks_to_complete": sum(weeks),
        "weeks_to_complete_min": min(weeks),
        "weeks_to_complete_max": max(weeks),
        "min_hours_effort_per_week": min(run["min_effort"] for run in runs),
        "max_hours_effort_per_week": max(run["max_effort"] for run in runs),
        "video": None,
        "expected_learning_items": [],
        "faq": [],
        "credit_backing_organizations": [],
        "corporate_endorsements": [],
        "job_outlook_items": [],
        "individual_endorsements": [],
        "languages": languages,
        "transcript_languages": languages,
        "subjects": _distinct([s for course in members for s in course["subjects"]], "slug"),
        "price_ranges": _price_ranges(members),
        "staff": [],
        "credit_redemption_overview": None,
        "applicable_seat_types": ["professional", "verified"],
        "instructor_ordering": [],
        "enrollment_count": sum(course["enrollment_count"] for course in members),
        "topics": [],
        "credit_value": 0,
        "enterprise_subscription_inclusion": number % 2 == 0,
        "geolocation": None,
        "location_restriction": None,
        "is_2u_degree_program": False,
        "in_year_value": None,
        "skill_names": [skill["name"] for skill in skills],
        "skills": skills,
        "product_source": OPEN_SOURCE,
        "subscription_eligible": None,
        "subscription_prices": [],
        "enrollment_url": f"{COURSES}/program/{identifier}/enroll/",
    }
