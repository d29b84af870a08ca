"""Sub-objects that many demo documents share. They are built once and must not be changed."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bursar.demo.vocabulary import (
    FAMILY_NAMES,
    GIVEN_NAMES,
    OWNERS,
    SUBJECTS,
    OwnerWords,
    SubjectWords,
)

Document = dict[str, Any]

SITE = "https://learn.example"
MEDIA = "https://media.learn.example"
COURSES = "https://courses.learn.example"
TRACKING = "utm_source=demo&utm_medium=affiliate_partner"

_NAMESPACE = uuid5(NAMESPACE_URL, "https://bursar.example/demo")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def stable_uuid(name: str) -> str:
    return str(uuid5(_NAMESPACE, name))


def slugify(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_SLUG.sub("-", plain).strip("-")


def owner_document(words: OwnerWords) -> Document:
    identifier = stable_uuid(f"owner:{words.key}")
    slug = words.key.lower()
    return {
        "uuid": identifier,
        "key": words.key,
        "name": words.name,
        "auto_generate_course_run_keys": False,
        "certificate_logo_image_url": f"{MEDIA}/organization/{slug}-seal.png",
        "logo_image_url": f"{MEDIA}/organization/{slug}-logo.png",
        "organization_hex_color": None,
        "data_modified_timestamp": None,
        "description": f"<p>{words.name} teaches online from {words.place}.</p>",
        "description_es": "",
        "homepage_url": None,
        "tags": ["charter"] if words.key < "M" else [],
        "marketing_url": f"{SITE}/school/{slug}",
        "slug": slug,
        "banner_image_url": f"{MEDIA}/organization/{slug}-banner.png",
        "enterprise_subscription_inclusion": words.key < "S",
    }


def subject_document(words: SubjectWords) -> Document:
    return {
        "name": words.name,
        "subtitle": "<p>For busy people.</p>",
        "description": f"<p>Also {words.topics[0]} and {words.topics[1]}.</p>",
        "banner_image_url": f"{MEDIA}/subject/{words.slug}-1440x210.jpg",
        "card_image_url": f"{MEDIA}/subject/card/{words.slug}.jpg",
        "slug": words.slug,
        "uuid": stable_uuid(f"subject:{words.slug}"),
    }


def skill_document(name: str, subject: SubjectWords) -> Document:
    category = {"name": subject.name}
    return {
        "name": name,
        "description": f"{name} at work.",
        "category": category,
        "subcategory": {"name": name, "category": category},
    }


def staff_document(number: int, owner: Document) -> Document:
    given = GIVEN_NAMES[number % len(GIVEN_NAMES)]
    family = FAMILY_NAMES[number * 7 % len(FAMILY_NAMES)]
    identifier = stable_uuid(f"staff:{owner['key']}:{number}")
    image = f"{MEDIA}/people/profile_images/{identifier}"
    return {
        "uuid": identifier,
        "salutation": "Dr" if number % 4 == 0 else None,
        "given_name": given,
        "family_name": family,
        "bio": f"<p>{given} teaches at {owner['name']}.</p>",
        "slug": slugify(f"{given}-{family}"),
        "position": _position(number, owner),
        "areas_of_expertise": [],
        "profile_image": {"medium": {"url": f"{image}.medium.png", "width": 110, "height": 110}},
        "works": [],
        "urls": {"facebook": None, "twitter": None, "blog": None},
        "urls_detailed": [],
        "email": None,
        "profile_image_url": f"{image}.png",
        "major_works": "",
        "published": True,
    }


def _position(number: int, owner: Document) -> Document:
    titles = ("Professor", "Lecturer", "Course Lead")
    return {
        "title": titles[number % len(titles)],
        "organization_name": owner["name"],
        "organization_id": 11 + number // 3,
        "organization_override": None,
        "organization_marketing_url": owner["marketing_url"],
        "organization_uuid": owner["uuid"],
        "organization_logo_image_url": owner["logo_image_url"],
    }


OWNER_DOCUMENTS = tuple(owner_document(words) for words in OWNERS)
SUBJECT_DOCUMENTS = tuple(subject_document(words) for words in SUBJECTS)
SKILL_DOCUMENTS = tuple(
    tuple(skill_document(name, words) for name in words.skills) for words in SUBJECTS
)
# Three people for each owner.
STAFF_DOCUMENTS = tuple(
    tuple(staff_document(3 * position + person, owner) for person in range(3))
    for position, owner in enumerate(OWNER_DOCUMENTS)
)

OPEN_SOURCE: Document = {"name": "Open Learning", "slug": "open", "description": "Open courses"}
EXECUTIVE_SOURCE: Document = {
    "name": "Lanternhill Executive",
    "slug": "lanternhill",
    "description": "Executive education -- external source for short courses with a coach",
}
