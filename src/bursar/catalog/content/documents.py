"""Content documents: what they must have, and what is kept of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from bursar import clock
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.course_keys import course_key_of_run
from bursar.catalog.content.nesting import is_nested_deeper
from bursar.catalog.content.parts import objects_of, runs_of
from bursar.catalog.content.prices import is_restricted
from bursar.catalog.content.recognising import is_page, recognise
from bursar.catalog.content.refusals import BrokenDocument
from bursar.catalog.content.restricted import (
    NO_RESTRICTIONS,
    Restrictions,
    with_restrictions,
)
from bursar.catalog.content.rules import program_active_until, run_open_until
from bursar.catalog.content.templates import template_of
from bursar.invisible import refuse_invisible

MAX_KEY_LENGTH = 255
DEEPEST = 64
"""How many objects and lists may stand in each other. Real documents have eight; what is nested
much deeper is accepted here and would exhaust the stack of those who read it."""
_WITH_KEYS = (ContentType.COURSE, ContentType.COURSE_RUN)
"""The others are known by their uuid."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that can be stored and served."""

    content_type: ContentType
    key: str
    """The course or run key; the uuid of a program or a learner pathway."""
    family_key: str | None
    """The course key that a course shares with its runs; None for the others."""
    title: str
    data: dict[str, Any]
    """With the restrictions that its runs take over from documents of their own."""
    body: bytes
    """A template: see templates.py."""
    body_hash: bytes
    active_until: datetime
    """Listed before this instant, not from it on."""
    run_keys: tuple[str, ...]
    """Of the runs that the document holds."""
    restricted_run_keys: frozenset[str]
    """Of those among them that were made for some customers only."""

    @property
    def held_run_keys(self) -> Collection[str]:
        """Of all runs within a course or a program."""
        if self.content_type is ContentType.PROGRAM:
            return run_keys_within(self.data, self.content_type)
        return self.run_keys


def parse_document(
    raw: bytes | Mapping[str, Any], content_type: ContentType | None = None
) -> Document:
    """Raises BrokenDocument. Without a content type it is recognised from the shape."""
    return document_of(decode_document(raw), content_type)


def document_of(
    data: dict[str, Any],
    content_type: ContentType | None = None,
    restrictions: Restrictions = NO_RESTRICTIONS,
) -> Document:
    """As `parse_document`, of what `decode_document` returned. Its runs take these restrictions
    over."""
    if content_type is not None and is_page(data):
        raise BrokenDocument(f"looks like a page of results, and is no {content_type.value}")
    kind = content_type or recognise(data)
    key = _key(data, kind) if kind in _WITH_KEYS else _uuid(data, kind)
    body = template_of(data, kind, restrictions)
    if restrictions:
        data = with_restrictions(data, kind, restrictions)
    runs = runs_of(data)
    run_keys = _run_keys(runs)
    _check_keys_within(data, kind, run_keys)
    return Document(
        content_type=kind,
        key=key,
        family_key=_family_key(data, kind, key),
        title=str(data.get("title") or ""),
        data=data,
        body=body,
        body_hash=blake2b(body, digest_size=16).digest(),
        active_until=active_until(data, kind),
        run_keys=run_keys,
        restricted_run_keys=frozenset(_run_keys(filter(is_restricted, runs))),
    )


def run_keys_within(data: Mapping[str, Any], kind: ContentType) -> Collection[str]:
    """Of all runs that a course or a program holds. Raises BrokenDocument."""
    courses = objects_of(data, "courses") if kind is ContentType.PROGRAM else [data]
    return {key for course in courses for key in _run_keys(runs_of(course))}


def _check_keys_within(data: Mapping[str, Any], kind: ContentType, run_keys: Iterable[str]) -> None:
    """Keys of parts are looked up like those of documents."""
    if kind is ContentType.COURSE_RUN and isinstance(course := data.get("course"), str):
        _refuse_invisible("the key of its course", course)
    for course in objects_of(data, "courses") if kind is ContentType.PROGRAM else ():
        if isinstance(key := course.get("key"), str):
            _refuse_invisible("the key of a course in it", key)
    if kind is ContentType.PROGRAM:
        run_keys = run_keys_within(data, kind)
    for key in run_keys:
        if not key.isascii():
            _refuse_invisible("the key of a run in it", key)


def _run_keys(runs: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(key for run in runs if isinstance(key := run.get("key"), str))


def decode_document(raw: bytes | Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of a document, or of an answer that holds some. Raises BrokenDocument."""
    try:
        # A manifest's document goes through JSON too: what is stored can always be sent.
        text = raw if isinstance(raw, bytes) else msgspec.json.encode(raw)
        data = msgspec.json.decode(text)
    except RecursionError:
        raise BrokenDocument(f"nested more than {DEEPEST} levels deep") from None
    except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError) as error:
        raise BrokenDocument(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise BrokenDocument(f"expected a JSON object, not {type(data).__name__}")
    if is_nested_deeper(text, data, DEEPEST):
        raise BrokenDocument(f"nested more than {DEEPEST} levels deep")
    return data


def _key(data: Mapping[str, Any], kind: ContentType) -> str:
    key = data.get("key")
    if not isinstance(key, str) or not key.strip():
        raise BrokenDocument(f"a {kind.value} needs a key")
    if len(key) > MAX_KEY_LENGTH or "\x00" in key:
        raise BrokenDocument(f"the key is longer than {MAX_KEY_LENGTH} characters or has NUL")
    _refuse_invisible("the key", key)
    return key


def _refuse_invisible(what: str, key: str) -> None:
    try:
        refuse_invisible(key)
    except ValueError as error:
        raise BrokenDocument(f"{what} {key!a}: {error}") from None


def _uuid(data: Mapping[str, Any], kind: ContentType) -> str:
    try:
        return str(UUID(str(data.get("uuid"))))
    except ValueError:
        raise BrokenDocument(f"a {kind.value} needs a uuid") from None


def _family_key(data: Mapping[str, Any], kind: ContentType, key: str) -> str | None:
    if kind not in _WITH_KEYS:
        return None
    if kind is ContentType.COURSE:
        return key
    course = data.get("course")
    return course if isinstance(course, str) and course else course_key_of_run(key)


def active_until(
    data: Mapping[str, Any], kind: ContentType, allowed_runs: Collection[str] = ()
) -> datetime:
    """Until when the document is listed. A restricted run keeps its course open only where it is
    allowed. Raises BrokenDocument."""
    if kind not in _WITH_KEYS:
        return program_active_until(hidden=data.get("hidden") is True)
    if kind is ContentType.COURSE_RUN:
        return _open_until(data)
    # Every run is read, so that the dates of one that is allowed later are known to be dates.
    open_until = {id(run): _open_until(run) for run in runs_of(data)}
    if data.get("is_marketable_external") is True:
        return clock.FOREVER
    offered = offered_runs(data, allowed_runs)
    return max((open_until[id(run)] for run in offered), default=clock.NEVER)


def forced_active_until(
    data: Mapping[str, Any], kind: ContentType, allowed_runs: Collection[str] = ()
) -> datetime:
    """The same where a filter forces the document: a course is listed until the last of its runs
    has ended, published or not. Raises BrokenDocument."""
    usual = active_until(data, kind, allowed_runs)
    if kind is not ContentType.COURSE:
        return usual
    ends = (_instant(run, "end") or clock.FOREVER for run in offered_runs(data, allowed_runs))
    return max(usual, max(ends, default=usual))


def offered_runs(data: Mapping[str, Any], allowed_runs: Collection[str]) -> list[dict[str, Any]]:
    """The runs of a course without those that are restricted and not allowed."""
    return [
        run for run in runs_of(data) if not is_restricted(run) or run.get("key") in allowed_runs
    ]


def _open_until(run: Mapping[str, Any]) -> datetime:
    until = run_open_until(
        status=run.get("status"),
        is_enrollable=run.get("is_enrollable"),
        enrollment_start=_instant(run, "enrollment_start"),
        enrollment_end=_instant(run, "enrollment_end"),
        end=_instant(run, "end"),
    )
    # An executive course is shown before it opens.
    return clock.FOREVER if run.get("is_marketable_external") is True else until


def _instant(run: Mapping[str, Any], name: str) -> datetime | None:
    text = run.get(name)
    if text is None or text == "":
        return None
    try:
        return clock.parse_instant(text)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise BrokenDocument(f"{name} of {run.get('key')!r} is no date: {text!r}") from None
