"""Restricted runs in the documents of their courses, which are taken out for most catalogs.

Which catalogs show them is known when the document is sent. So the stored bytes hold both forms,
between marks that templates.py lists, and sending chooses one of them without parsing.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from bursar.catalog.content.prices import is_restricted

_MARKED: Final = re.compile(rb"\x07([^\x08]*)\x08([^\x0b]*)\x0b([^\x0c]*)\x0c")
_SEPARATOR: Final = b"\x0e"
_NULL: Final = b"null"


def has_restricted_runs(template: bytes) -> bool:
    return b"\x07" in template


def with_allowed_runs(template: bytes, allowed_runs: Collection[str]) -> bytes:
    """The template, or several of them, with the restricted runs that are allowed and no others."""
    if not has_restricted_runs(template):
        return template
    allowed = {msgspec.json.encode(key) for key in allowed_runs}
    return _closed(_MARKED.sub(lambda mark: mark[2] if mark[1] in allowed else mark[3], template))


def with_all_runs(template: bytes) -> bytes:
    """The same with every run."""
    return _closed(_MARKED.sub(rb"\2", template)) if has_restricted_runs(template) else template


def _closed(template: bytes) -> bytes:
    """With commas between what is left of each list."""
    return template.replace(b"[" + _SEPARATOR, b"[").replace(_SEPARATOR, b",")


def open_restricted_runs(opened: dict[str, Any], runs: Sequence[Mapping[str, Any]]) -> None:
    """Replaces what a course says of its restricted runs by both of its forms. `opened` has the
    runs under `course_runs` as they will be sent, in the same order."""
    restricted = [run for run in runs if is_restricted(run)]
    if not restricted:
        return
    opened["course_runs"] = _open_list(
        (sent, is_restricted(run), run.get("key"))
        for sent, run in zip(opened["course_runs"], runs, strict=True)
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


def _open_list(elements: Iterable[tuple[Any, bool, Any]]) -> msgspec.Raw:
    """Of elements, each with whether it is restricted, and the key of its run."""
    parts = []
    for element, is_withheld, key in elements:
        shown = _SEPARATOR + msgspec.json.encode(element)
        parts.append(_either(key, shown, b"") if is_withheld else shown)
    return msgspec.Raw(b"[%s]" % b"".join(parts))


def _either(key: Any, shown: bytes, hidden: bytes) -> bytes:
    return b"\x07%s\x08%s\x0b%s\x0c" % (msgspec.json.encode(key), shown, hidden)
