"""Content documents: what they must have, and how they are stored.

A document is stored as it will be sent, except for the parts that differ by catalog. Those are
left open with bytes that JSON text can never contain, so that filling them in is a replacement
of bytes and no parsing:

    \\x01                     root of enrolment links: LMS and enterprise
    \\x02                     their end: catalog and tracking parameters
    \\x03 A \\x04 B \\x05 C \\x06  a marketing_url: A for a single item, B + slug + C in listings
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

import msgspec
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from bursar import clock
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.rules import program_active_until, run_open_until

MAX_KEY_LENGTH = 255
_CONTENT_TYPES = tuple(kind.value for kind in ContentType)
_SLUG_MARK = "bursar-slug-mark"
_MARKETING = re.compile(rb"\x03([^\x04]*)\x04([^\x06]*)\x06")


class BrokenDocument(ValueError):
    """A document that cannot be served; the message says why."""


@dataclass(frozen=True, slots=True)
class Document:
    content_type: ContentType
    key: str
    family_key: str | None
    title: str
    data: dict[str, Any]
    body: bytes
    body_hash: bytes
    active_until: datetime
    run_keys: tuple[str, ...]


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
    """The document's data; enrolment links are left out of account."""
    plain = _MARKETING.sub(rb"\1", template).replace(b"\x01", b"").replace(b"\x02", b"")
    data: dict[str, Any] = msgspec.json.decode(plain)
    return data


def parse_document(
    raw: bytes | Mapping[str, Any], content_type: ContentType | None = None
) -> Document:
    """Raises BrokenDocument. Without a content type it is recognised from the shape."""
    data = _decode(raw)
    kind = content_type or recognise(data)
    key = _program_key(data) if kind is ContentType.PROGRAM else _key(data, kind)
    body = _template(data, kind)
    return Document(
        content_type=kind,
        key=key,
        family_key=_family_key(data, kind, key),
        title=str(data.get("title") or ""),
        data=data,
        body=body,
        body_hash=blake2b(body, digest_size=16).digest(),
        active_until=_active_until(data, kind),
        run_keys=tuple(run["key"] for run in _runs(data) if isinstance(run.get("key"), str)),
    )


def recognise(data: Mapping[str, Any]) -> ContentType:
    declared = data.get("content_type")
    if declared in _CONTENT_TYPES:
        return ContentType(declared)
    if "course_runs" in data:
        return ContentType.COURSE
    key = data.get("key")
    if key is None and "uuid" in data:
        return ContentType.PROGRAM
    if isinstance(data.get("course"), str) or str(key).startswith("course-v1:"):
        return ContentType.COURSE_RUN
    return ContentType.COURSE


def _decode(raw: bytes | Mapping[str, Any]) -> dict[str, Any]:
    try:
        # A manifest's document goes through JSON too: what is stored can always be sent.
        text = raw if isinstance(raw, bytes) else msgspec.json.encode(raw)
        data = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, TypeError, ValueError) as error:
        raise BrokenDocument(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BrokenDocument(f"expected a JSON object, not {type(data).__name__}")
    return data


def _key(data: Mapping[str, Any], kind: ContentType) -> str:
    key = data.get("key")
    if not isinstance(key, str) or not key.strip():
        raise BrokenDocument(f"a {kind.value} needs a key")
    if len(key) > MAX_KEY_LENGTH or "\x00" in key:
        raise BrokenDocument(f"the key is longer than {MAX_KEY_LENGTH} characters or has NUL")
    return key


def _program_key(data: Mapping[str, Any]) -> str:
    try:
        return str(UUID(str(data.get("uuid"))))
    except ValueError:
        raise BrokenDocument("a program needs a uuid") from None


def _family_key(data: Mapping[str, Any], kind: ContentType, key: str) -> str | None:
    if kind is ContentType.PROGRAM:
        return None
    if kind is ContentType.COURSE:
        return key
    course = data.get("course")
    return course if isinstance(course, str) and course else course_key_of_run(key)


def course_key_of_run(run_key: str) -> str | None:
    try:
        parsed = CourseKey.from_string(run_key)
    except InvalidKeyError:
        return None
    return f"{parsed.org}+{parsed.course}"


def _objects(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    items = data.get(name)
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BrokenDocument(f"{name} must be a list of objects")
    return items


def _runs(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _objects(data, "course_runs")


def _active_until(data: Mapping[str, Any], kind: ContentType) -> datetime:
    if kind is ContentType.PROGRAM:
        return program_active_until(hidden=data.get("hidden") is True)
    runs = [data] if kind is ContentType.COURSE_RUN else _runs(data)
    return max((_open_until(run) for run in runs), default=clock.NEVER)


def _open_until(run: Mapping[str, Any]) -> datetime:
    return run_open_until(
        status=run.get("status"),
        is_enrollable=run.get("is_enrollable"),
        enrollment_start=_instant(run, "enrollment_start"),
        enrollment_end=_instant(run, "enrollment_end"),
        end=_instant(run, "end"),
    )


def _instant(run: Mapping[str, Any], name: str) -> datetime | None:
    text = run.get(name)
    if text is None or text == "":
        return None
    try:
        return clock.parse_instant(text)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise BrokenDocument(f"{name} of {run.get('key')!r} is no date: {text!r}") from None


def _template(data: dict[str, Any], kind: ContentType) -> bytes:
    if kind is ContentType.PROGRAM:
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
    courses = _objects(data, "courses")
    opened = _open_link(data, "program", str(UUID(str(data["uuid"]))))
    if courses:
        opened["courses"] = [_open_course(course) for course in courses]
    return opened


def _open_course(data: dict[str, Any]) -> dict[str, Any]:
    runs = _runs(data)
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
