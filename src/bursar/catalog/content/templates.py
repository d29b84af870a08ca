"""How documents are stored: as templates of the bytes that are sent.

The parts that differ by catalog are left open with bytes that JSON text can never contain, so that
filling them in is a replacement of bytes and no parsing:

    \\x01                     root of enrollment links: LMS and enterprise
    \\x02                     their end: catalog and tracking parameters
    \\x03 A \\x04 B \\x05 C \\x06  a marketing_url: A for a single item, B + slug + C in listings
    \\x07 KEY \\x08 A \\x0b B \\x0c  A where the restricted run KEY is allowed, else B
    \\x0e                     stands before each element of a list that holds restricted runs
    \\x0f A \\x10               A in listings only: the keys that the document lacks
    \\x11 A \\x12               A is never sent: the restriction that a run takes over
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from uuid import UUID

import msgspec

from bursar.catalog.content.aggregation import aggregation_key
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.parts import objects_of, runs_of
from bursar.catalog.content.restricted import (
    NO_RESTRICTIONS,
    Restrictions,
    open_restricted_runs,
    with_all_runs,
    with_all_runs_as_imported,
    with_allowed_runs,
)
from bursar.remembering import remembered

_LINK: Final = "enrollment_url"
_SLUG_MARK: Final = "bursar-slug-mark"
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/:+@!$'()*,;=~\-._]*")
_PLAIN_URL: Final = re.compile(
    r"(https?://[a-z0-9.\-]+(?:/[A-Za-z0-9/:+@!$'()*,;=~\-._%]*)?)(?:\?([A-Za-z0-9+&=~\-._%]*))?"
)
"""What splitting and joining leaves as it is."""
_MARKETING: Final = re.compile(rb"\x03([^\x04]*)\x04([^\x06]*)\x06")
_LISTED_KEYS: Final = re.compile(rb"\x0f[^\x10]*\x10")


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


class Shown(Enum):
    """What is shown of a document."""

    ITEM = 1
    """A document by itself."""
    LISTED = 2
    """As a listing has it: its marketing link is tracked."""
    LISTED_WITH_KEYS = 3
    """With the keys that clients tell documents apart by, whether it has them or not."""


def fill_in(
    template: bytes, links: Links, shown: Shown, allowed_runs: Collection[str] = ()
) -> bytes:
    """The document, or any number of them, as JSON for one catalog.

    `allowed_runs` are the keys of the restricted runs that the catalog may show.
    """
    filled = with_allowed_runs(template, allowed_runs)
    if shown is Shown.ITEM:
        filled = _LISTED_KEYS.sub(b"", _MARKETING.sub(rb"\1", filled))
    else:
        filled = _MARKETING.sub(rb"\2", filled).replace(b"\x05", quote(links.slug).encode())
        filled = _with_listed_keys(filled, are_wanted=shown is Shown.LISTED_WITH_KEYS)
    return filled.replace(b"\x01", links.root).replace(b"\x02", links.end)


def _with_listed_keys(template: bytes, *, are_wanted: bool) -> bytes:
    if not are_wanted:
        return _LISTED_KEYS.sub(b"", template)
    # A listing has few of these marks, and finding single bytes is quicker than any pattern.
    return template.replace(b"\x0f", b"").replace(b"\x10", b"")


def decode_template(template: bytes) -> dict[str, Any]:
    """The document's data, with every restricted run, whichever document says that it is one;
    enrollment links in it are empty."""
    return _decoded(with_all_runs(template))


def decode_as_imported(template: bytes) -> dict[str, Any]:
    """The same with what the document itself says of its runs, and nothing else."""
    return _decoded(with_all_runs_as_imported(template))


def _decoded(template: bytes) -> dict[str, Any]:
    plain = _MARKETING.sub(rb"\1", _LISTED_KEYS.sub(b"", template))
    plain = plain.replace(b"\x01", b"").replace(b"\x02", b"")
    data: dict[str, Any] = msgspec.json.decode(plain)
    return data


def template_of(
    data: dict[str, Any], kind: ContentType, restrictions: Restrictions = NO_RESTRICTIONS
) -> bytes:
    """The document as it is stored, with the parts that differ by catalog left open."""
    if kind is ContentType.LEARNER_PATHWAY:
        opened = _pathway(data)
    elif kind is ContentType.PROGRAM:
        opened = _open_program(data, restrictions)
    elif kind is ContentType.COURSE:
        opened = _open_course(data, restrictions)
    else:
        opened = _open_link(data, "course", data.get("key"))
    marketing = data.get("marketing_url")
    if isinstance(marketing, str) and marketing:
        opened["marketing_url"] = msgspec.Raw(_open_marketing_url(marketing))
    return _with_open_keys(opened, data, kind)


def _with_open_keys(opened: dict[str, Any], data: dict[str, Any], kind: ContentType) -> bytes:
    """Behind the document's own keys, and before its link, come those that it lacks."""
    ours = {"content_type": kind.value, "aggregation_key": aggregation_key(data, kind)}
    lacking = {name: value for name, value in ours.items() if name not in opened}
    whole = msgspec.json.encode(opened)
    if not lacking:
        return whole
    link = opened.get(_LINK)
    end = b"}" if link is None else b',"%s":%s}' % (_LINK.encode(), bytes(link))
    # A document has its key or its uuid at least, so that something stands before these.
    inner = msgspec.json.encode(lacking)[1:-1]
    return b"%s\x0f,%s\x10%s" % (whole[: -len(end)], inner, end)


def _open_program(data: dict[str, Any], restrictions: Restrictions) -> dict[str, Any]:
    courses = objects_of(data, "courses")
    opened = _open_link(data, "program", str(UUID(str(data["uuid"]))))
    if courses:
        opened["courses"] = [_open_course(course, restrictions) for course in courses]
    return opened


def _pathway(data: dict[str, Any]) -> dict[str, Any]:
    """Nobody enrolls in a pathway itself. The reference has no document that clients could tell it
    by, so that it always says what it is."""
    opened = data | {"content_type": ContentType.LEARNER_PATHWAY.value}
    opened.pop(_LINK, None)
    return opened


def _open_course(data: dict[str, Any], restrictions: Restrictions) -> dict[str, Any]:
    runs = runs_of(data)
    opened = _open_link(data, "course", data.get("key"))
    if runs:
        opened["course_runs"] = [_open_link(run, "course", run.get("key")) for run in runs]
        open_restricted_runs(opened, runs, restrictions)
    return opened


def _open_link(data: Mapping[str, Any], kind: str, key: Any) -> dict[str, Any]:
    opened = dict(data)
    if isinstance(key, str):
        opened.pop(_LINK, None)  # ours comes last, wherever theirs stood
        # Nearly every key is such a path already, and `quote` takes ten times as long to find out.
        path = key if _PLAIN_PATH.fullmatch(key) else quote(key, safe="/:+@!$'()*,;=~-._")
        opened[_LINK] = msgspec.Raw(b'"\x01/%s/%s\x02"' % (kind.encode(), path.encode()))
    return opened


def _open_marketing_url(stored: str) -> bytes:
    try:
        listed = _tracked_url(stored)
    except ValueError:
        return msgspec.json.encode(stored)  # no URL: there is nothing to track
    opened = msgspec.json.encode(listed).replace(_SLUG_MARK.encode(), b"\x05")
    return b"\x03" + msgspec.json.encode(stored) + b"\x04" + opened + b"\x06"


def _tracked_url(url: str) -> str:
    """Raises ValueError for what is no URL."""
    plain = _PLAIN_URL.fullmatch(url)
    if plain:
        return f"{plain[1]}?{_tracked_query(plain[2] or '')}"
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=_tracked_query(parts.query)))


@remembered(1024)  # the URLs of one site end alike
def _tracked_query(query: str) -> str:
    ours = {"utm_medium": "enterprise", "utm_source": _SLUG_MARK}
    theirs = parse_qsl(query, keep_blank_values=True)
    pairs = [pair for pair in theirs if pair[0] not in ours] + list(ours.items())
    pairs.sort(key=lambda pair: pair[0])
    return urlencode(pairs)


def _inside_json(text: str) -> bytes:
    return msgspec.json.encode(text)[1:-1]
