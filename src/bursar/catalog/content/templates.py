"""How documents are stored: as templates of the bytes that are sent.

The parts that differ by catalog are left open with bytes that JSON text can never contain, so that
filling them in is a replacement of bytes and no parsing:

    \\x01                     root of enrollment links: LMS and enterprise
    \\x02                     their end: catalog and tracking parameters
    \\x03 A \\x04 B \\x05 C \\x06  a marketing_url: A for a single item, B + slug + C in listings
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

import msgspec

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.parts import objects_of, runs_of

_SLUG_MARK: Final = "bursar-slug-mark"
_MARKETING: Final = re.compile(rb"\x03([^\x04]*)\x04([^\x06]*)\x06")


@dataclass(frozen=True, slots=True)
class Links:
    """What a catalog puts into the documents it serves."""

    lms_url: str
    enterprise_uuid: UUID
    catalog_uuid: UUID
    slug: str

    @property
    def root(self) -> bytes:
        return _inside_json(f"{self.lms_url}/enterprise/{self.enterprise_uuid}")

    @property
    def end(self) -> bytes:
        tracking = {
            "catalog": str(self.catalog_uuid),
            "utm_medium": "enterprise",
            "utm_source": self.slug,
        }
        return _inside_json(f"/enroll/?{urlencode(tracking)}")


def fill_in(template: bytes, links: Links, *, listing: bool) -> bytes:
    """The document, or any number of them, as JSON for one catalog."""
    filled = _MARKETING.sub(rb"\2" if listing else rb"\1", template)
    if listing:
        filled = filled.replace(b"\x05", quote(links.slug).encode())
    return filled.replace(b"\x01", links.root).replace(b"\x02", links.end)


def decode_template(template: bytes) -> dict[str, Any]:
    """The document's data; enrollment links in it are empty."""
    plain = _MARKETING.sub(rb"\1", template).replace(b"\x01", b"").replace(b"\x02", b"")
    data: dict[str, Any] = msgspec.json.decode(plain)
    return data


def template_of(data: dict[str, Any], kind: ContentType) -> bytes:
    """The document as it is stored, with the parts that differ by catalog left open."""
    if kind is ContentType.LEARNER_PATHWAY:
        opened = _pathway(data)
    elif kind is ContentType.PROGRAM:
        opened = _open_program(data)
    elif kind is ContentType.COURSE:
        opened = _open_course(data)
    else:
        opened = _open_link(data, "course", data.get("key"))
    marketing = data.get("marketing_url")
    if isinstance(marketing, str) and marketing:
        opened["marketing_url"] = msgspec.Raw(_open_marketing_url(marketing))
    return msgspec.json.encode(opened)


def _open_program(data: dict[str, Any]) -> dict[str, Any]:
    courses = objects_of(data, "courses")
    opened = _open_link(data, "program", str(UUID(str(data["uuid"]))))
    if courses:
        opened["courses"] = [_open_course(course) for course in courses]
    return opened


def _pathway(data: dict[str, Any]) -> dict[str, Any]:
    """Nobody enrolls in a pathway itself. The reference has no document that clients could tell it
    by, so that it always says what it is."""
    opened = data | {"content_type": ContentType.LEARNER_PATHWAY.value}
    opened.pop("enrollment_url", None)
    return opened


def _open_course(data: dict[str, Any]) -> dict[str, Any]:
    runs = runs_of(data)
    opened = _open_link(data, "course", data.get("key"))
    if runs:
        opened["course_runs"] = [_open_link(run, "course", run.get("key")) for run in runs]
    return opened


def _open_link(data: Mapping[str, Any], kind: str, key: Any) -> dict[str, Any]:
    opened = dict(data)
    if isinstance(key, str):
        opened.pop("enrollment_url", None)  # ours comes last, wherever theirs stood
        path = quote(key, safe="/:+@!$'()*,;=~-._").encode()
        opened["enrollment_url"] = msgspec.Raw(b'"\x01/%s/%s\x02"' % (kind.encode(), path))
    return opened


def _open_marketing_url(stored: str) -> bytes:
    try:
        parts = urlsplit(stored)
        theirs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return msgspec.json.encode(stored)  # no URL: there is nothing to track
    ours = {"utm_medium": "enterprise", "utm_source": _SLUG_MARK}
    pairs = [pair for pair in theirs if pair[0] not in ours] + list(ours.items())
    pairs.sort(key=lambda pair: pair[0])
    listed = urlunsplit(parts._replace(query=urlencode(pairs)))
    opened = msgspec.json.encode(listed).replace(_SLUG_MARK.encode(), b"\x05")
    return b"\x03" + msgspec.json.encode(stored) + b"\x04" + opened + b"\x06"


def _inside_json(text: str) -> bytes:
    return msgspec.json.encode(text)[1:-1]
