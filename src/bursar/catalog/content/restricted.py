"""Restricted runs in the documents of their courses, which are taken out for most catalogs.

Which catalogs show them is known when the document is sent. So the stored bytes hold both forms,
between marks that templates.py lists, and sending chooses one of them without parsing.

A run can have a document of its own that says it is restricted, while its copy in the course's
document says nothing of it. The copy then takes the restriction over: it stands between marks too,
because everybody who reads the document must know of it, but it is not sent.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import starmap, zip_longest
from typing import Any, Final, TypeAlias

import msgspec

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.parts import objects_of, runs_of
from bursar.catalog.content.prices import RESTRICTION, is_restricted

Restrictions: TypeAlias = Mapping[str, str]
"""What the own documents of runs say of their restrictions, by run key; only of restricted runs."""

NO_RESTRICTIONS: Final[Restrictions] = {}

_MARKED: Final = re.compile(rb"\x07([^\x08]*)\x08([^\x0b]*)\x0b([^\x0c]*)\x0c")
_TAKEN_OVER: Final = re.compile(rb"\x11[^\x12]*\x12")
_SEPARATOR: Final = b"\x0e"
_NULL: Final = b"null"


def restriction_of(run: Mapping[str, Any]) -> str | None:
    """What the document of a run says of its restriction, as text; None when it has none."""
    told = run.get(RESTRICTION)
    if not told:
        return None
    text = told if isinstance(told, str) else msgspec.json.encode(told).decode()
    return text.replace("\0", " ")  # PostgreSQL stores no NUL


def taken_over(run: Mapping[str, Any], restrictions: Restrictions) -> str | None:
    """The restriction that a copy of a run lacks; None when it says itself that it has one."""
    key = run.get("key")
    if not isinstance(key, str) or is_restricted(run):
        return None
    return restrictions.get(key)


def with_restrictions(
    data: dict[str, Any], kind: ContentType, restrictions: Restrictions
) -> dict[str, Any]:
    """A course or a program whose runs have the restrictions that they take over."""
    if kind is ContentType.COURSE:
        return _with_restricted_runs(data, restrictions)
    if kind is not ContentType.PROGRAM:
        return data
    courses = [_with_restricted_runs(one, restrictions) for one in objects_of(data, "courses")]
    return {**data, "courses": courses} if courses else data


def _with_restricted_runs(course: dict[str, Any], restrictions: Restrictions) -> dict[str, Any]:
    told = [(run, taken_over(run, restrictions)) for run in runs_of(course)]
    runs = [run if own is None else {**run, RESTRICTION: own} for run, own in told]
    return {**course, "course_runs": runs} if runs else course


def has_restricted_runs(template: bytes) -> bool:
    return b"\x07" in template


def with_allowed_runs(template: bytes, allowed_runs: Collection[str]) -> bytes:
    """The template, or several of them, with the restricted runs that are allowed and no others."""
    if not has_restricted_runs(template):
        return template
    allowed = {msgspec.json.encode(key) for key in allowed_runs}
    chosen = _MARKED.sub(lambda mark: mark[2] if mark[1] in allowed else mark[3], template)
    return _closed(_TAKEN_OVER.sub(b"", chosen))


def with_all_runs(template: bytes) -> bytes:
    """The same with every run, and with the restrictions that runs take over."""
    if not has_restricted_runs(template):
        return template
    chosen = _MARKED.sub(rb"\2", template)
    return _closed(chosen.replace(b"\x11", b"").replace(b"\x12", b""))


def with_all_runs_as_imported(template: bytes) -> bytes:
    """The same with every run, as the document itself has it."""
    return with_all_runs(_TAKEN_OVER.sub(b"", template))


def _closed(template: bytes) -> bytes:
    """With commas between what is left of each list."""
    return template.replace(b"[" + _SEPARATOR, b"[").replace(_SEPARATOR, b",")


def open_restricted_runs(
    opened: dict[str, Any], runs: Sequence[Mapping[str, Any]], restrictions: Restrictions
) -> None:
    """Replaces what a course says of its restricted runs by both of its forms. `opened` has the
    runs under `course_runs` as they will be sent, in the same order."""
    if not restrictions and not any(map(is_restricted, runs)):
        return
    inherited = [taken_over(run, restrictions) for run in runs] if restrictions else []
    withheld = [
        told is not None or is_restricted(run) for run, told in zip_longest(runs, inherited)
    ]
    restricted = [run for run, is_withheld in zip(runs, withheld, strict=True) if is_withheld]
    if not restricted:
        return
    sent = starmap(_with_inherited, zip_longest(opened["course_runs"], inherited))
    opened["course_runs"] = _open_list(
        (element, is_withheld, run.get("key"))
        for element, is_withheld, run in zip(sent, withheld, runs, strict=True)
    )
    keys, known = [run.get("key") for run in restricted], opened.get("course_run_keys")
    if isinstance(known, list):
        opened["course_run_keys"] = _open_list((key, key in keys, key) for key in known)
    advertised = opened.get("advertised_course_run_uuid")
    for run in restricted:
        if advertised is not None and run.get("uuid") == advertised:
            shown = msgspec.json.encode(advertised)
            opened["advertised_course_run_uuid"] = msgspec.Raw(
                _either(run.get("key"), shown, _NULL)
            )


def _with_inherited(sent: dict[str, Any], told: str | None) -> Any:
    if told is None:
        return sent
    # The run has its key at least, so that something stands before this.
    inherited = b'\x11,"%s":%s\x12}' % (RESTRICTION.encode(), msgspec.json.encode(told))
    return msgspec.Raw(msgspec.json.encode(sent)[:-1] + inherited)


def _open_list(elements: Iterable[tuple[Any, bool, Any]]) -> msgspec.Raw:
    """Of elements, each with whether it is restricted, and the key of its run."""
    parts = []
    for element, is_withheld, key in elements:
        shown = _SEPARATOR + msgspec.json.encode(element)
        parts.append(_either(key, shown, b"") if is_withheld else shown)
    return msgspec.Raw(b"[%s]" % b"".join(parts))


def _either(key: Any, shown: bytes, hidden: bytes) -> bytes:
    return b"\x07%s\x08%s\x0b%s\x0c" % (msgspec.json.encode(key), shown, hidden)
