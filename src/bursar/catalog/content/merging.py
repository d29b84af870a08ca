"""Merges a document into the one that is stored, because it can be thinner than that one.

A search result knows less of a course than the course's own document does: it lacks keys, its runs
have no seats, and it can have no runs at all. What it says counts; what it does not mention stays.
"""

from collections.abc import Mapping
from typing import Any, Final

from bursar.catalog.content.documents import Document, document_of
from bursar.catalog.content.parts import objects_of

_OURS: Final = "enrollment_url"
"""Written anew whenever a document is stored."""


def with_what_is_stored(
    document: Document, stored: dict[str, Any], *, has_all_runs: bool = False
) -> Document:
    """The document with the keys and runs that it lacks; itself when it lacks none.

    `has_all_runs`: it comes from where courses are told with all of their runs, so that a run
    which it does not mention is gone.
    """
    if has_all_runs and "course_runs" in document.data:
        stored = _without_lost_runs(document.data, stored)
    merged = merge(document.data, stored)
    return document if merged is document.data else document_of(merged, document.content_type)


def merge(new: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """`new` itself when it lacks nothing. Otherwise what is stored keeps its order, so that the
    same document changes nothing when it comes again."""
    courses = _courses(new, stored)
    whole = new if courses is None else {**new, "courses": courses}
    return _merge_course(whole, stored)


def _without_lost_runs(new: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    mentioned = _by_key(new, "course_runs")
    runs = [run for key, run in _by_key(stored, "course_runs").items() if key in mentioned]
    return {**stored, "course_runs": runs}


def _merge_course(new: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    runs = _runs(new, stored)
    return _merge_keys(new if runs is None else {**new, "course_runs": runs}, stored)


def _merge_keys(new: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    lacks = any(name not in new for name in stored if name != _OURS)
    return {**stored, **new} if lacks else new


def _runs(new: dict[str, Any], stored: dict[str, Any]) -> list[dict[str, Any]] | None:
    """None when the new runs are complete, or are not mentioned."""
    known = _by_key(stored, "course_runs")
    if "course_runs" not in new or not known:
        return None
    runs = objects_of(new, "course_runs")
    merged = [_merge_keys(run, known.get(_key(run), {})) for run in runs]
    mentioned = {_key(run): run for run in merged}
    if known.keys() <= mentioned.keys():
        return _unless_same(merged, runs)
    kept = [mentioned.get(key, run) for key, run in known.items()]
    return kept + [run for run in merged if _key(run) not in known]


def _courses(new: dict[str, Any], stored: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Of a program. A course that it does not mention has left it, unless it mentions none."""
    known = _by_key(stored, "courses")
    if "courses" not in new or not known:
        return None
    courses = objects_of(new, "courses")
    if not courses:
        return list(known.values())
    merged = [_merge_course(course, known.get(_key(course), {})) for course in courses]
    return _unless_same(merged, courses)


def _unless_same(
    merged: list[dict[str, Any]], new: list[dict[str, Any]]
) -> list[dict[str, Any]] | None:
    is_same = all(one is other for one, other in zip(merged, new, strict=True))
    return None if is_same else merged


def _by_key(document: dict[str, Any], name: str) -> dict[str | None, dict[str, Any]]:
    """Parts without a key are known to nobody, and go when the list is written again."""
    parts = ((_key(part), part) for part in objects_of(document, name))
    return {key: part for key, part in parts if key is not None}


def _key(part: Mapping[str, Any]) -> str | None:
    key = part.get("key")
    return key if isinstance(key, str) else None
