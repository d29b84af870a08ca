"""Which kind of content a document is."""

from collections.abc import Mapping
from typing import Any, Final

from bursar.catalog.content.content_types import ContentType

_CONTENT_TYPES: Final = tuple(kind.value for kind in ContentType)


def recognise(data: Mapping[str, Any]) -> ContentType:
    """What the document says it is; without that, what its shape says."""
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
