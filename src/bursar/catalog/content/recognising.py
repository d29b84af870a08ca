"""Which kind of content a document is, and what it looks like when it is none.

Files hold more than content: answers of APIs, people, videos. Each of them has a uuid too, so that
nothing counts as content for the want of a better guess.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.course_keys import parse_run_key
from bursar.catalog.content.refusals import BrokenDocument

_CONTENT_TYPES: Final = frozenset(kind.value for kind in ContentType)
_OF_PROGRAMS: Final = ("type", "courses", "authoring_organizations")
_NAMES_OF_PEOPLE: Final = ("given_name", "family_name", "full_name")
_MOST_NAMES_TOLD: Final = 5


def recognise(data: Mapping[str, Any]) -> ContentType:
    """What the document says it is; without that, what its shape says.

    Raises BrokenDocument, which says what else it looks like.
    """
    declared = data.get("content_type")
    if declared is not None:
        if isinstance(declared, str) and declared in _CONTENT_TYPES:
            return ContentType(declared)
        raise _no_content(_declared_kind(declared))
    kind = _kind_of_shape(data)
    if kind is None:
        raise _no_content(looks_like(data))
    return kind


def is_page(data: Mapping[str, Any]) -> bool:
    """Whether it is an answer of an API that lists things, rather than one of the things."""
    is_one_thing = "key" in data or data.get("content_type") is not None
    return isinstance(data.get("results"), list) and not is_one_thing


def looks_like(data: Mapping[str, Any]) -> str:
    """A name for what is no content, with its article."""
    for name, fits in _OTHER_SHAPES:
        if fits(data):
            return name
    names = ", ".join(sorted(map(repr, data))[:_MOST_NAMES_TOLD])
    return f"an object with {names}" if names else "an empty object"


def _kind_of_shape(data: Mapping[str, Any]) -> ContentType | None:
    key = data.get("key")
    if "course_runs" in data:
        return ContentType.COURSE
    if isinstance(key, str) and key.strip():
        return _kind_of_key(key, data)
    is_program = "uuid" in data and any(data.get(name) is not None for name in _OF_PROGRAMS)
    return ContentType.PROGRAM if is_program and not is_page(data) else None


def _kind_of_key(key: str, data: Mapping[str, Any]) -> ContentType | None:
    if isinstance(data.get("course"), str) or parse_run_key(key) or key.startswith("course-v1:"):
        return ContentType.COURSE_RUN
    # The key of a course names its organization and its number. A key of one part belongs to an
    # organization, a subject or the like.
    return ContentType.COURSE if "+" in key or "/" in key else None


def _declared_kind(declared: object) -> str:
    if not isinstance(declared, str) or not declared.strip():
        return f"a document whose content_type is {declared!r}"
    article = "an" if declared[0].lower() in "aeiou" else "a"
    return f"{article} {declared}"


def _no_content(name: str) -> BrokenDocument:
    return BrokenDocument(
        f"looks like {name}: only courses, course runs, programs and learner pathways are taken"
    )


def _has_any(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda data: any(name in data for name in names)


_OTHER_SHAPES: Final[tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...]] = (
    ("a page of results", is_page),
    ("a record of a fixture", lambda data: "model" in data and "fields" in data),
    ("a person", _has_any(*_NAMES_OF_PEOPLE)),
    ("a video", _has_any("edx_video_id", "video_id", "duration", "transcript_urls")),
    (
        "a learner pathway without its content_type",
        lambda data: isinstance(data.get("steps"), list),
    ),
    ("a course or a run without its key", _has_any("entitlements", "owners", "seats")),
    ("a program without its type", lambda data: "uuid" in data and "title" in data),
    ("an organization", lambda data: "key" in data and "name" in data),
)
