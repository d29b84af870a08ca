"""The key under which the search index of the discovery service groups documents."""

from collections.abc import Mapping
from typing import Any, Final

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.course_keys import course_key_of_run

_IDENTIFIERS: Final = {
    ContentType.COURSE: "key",
    ContentType.COURSE_RUN: "course",
    ContentType.PROGRAM: "uuid",
    ContentType.LEARNER_PATHWAY: "uuid",
}


def aggregation_key(document: Mapping[str, Any], content_type: ContentType) -> str:
    """A run's is its course's key under `courserun:`; a missing identifier is the empty string."""
    identifier = document.get(_IDENTIFIERS[content_type])
    if not isinstance(identifier, str):
        identifier = ""
    if not identifier and content_type is ContentType.COURSE_RUN:
        identifier = course_key_of_run(str(document.get("key"))) or ""
    return f"{content_type.value}:{identifier}"
