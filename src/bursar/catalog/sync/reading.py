"""What the pages of a run say: documents, what the search index adds to them, and what is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import msgspec

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import Document, decode_document, document_of
from bursar.catalog.content.parts import objects_of
from bursar.catalog.content.refusals import BrokenDocument
from bursar.catalog.sync.source import Listing

FROM_THE_INDEX: Final = ("aggregation_key", "first_enrollable_paid_seat_price")
"""What only the search index knows of a document."""
KINDS: Final[Mapping[Listing, ContentType]] = {
    Listing.COURSES: ContentType.COURSE,
    Listing.COURSE_RUNS: ContentType.COURSE_RUN,
    Listing.PROGRAMS: ContentType.PROGRAM,
}


def identity_of(kind: ContentType, key: object, uuid: object) -> str | None:
    """The key under which a document of this kind is stored, if it has one."""
    if kind in (ContentType.COURSE, ContentType.COURSE_RUN):
        return key if isinstance(key, str) and key.strip() else None
    try:
        return str(UUID(str(uuid)))
    except ValueError:
        return None


class _Named(msgspec.Struct):
    """By what a document is known, whatever else is wrong with it."""

    content_type: Any = None
    key: Any = None
    uuid: Any = None
    aggregation_key: Any = msgspec.UNSET
    first_enrollable_paid_seat_price: Any = msgspec.UNSET

    def identity(self, kind: ContentType) -> str | None:
        return identity_of(kind, self.key, self.uuid)

    @property
    def facts(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in FROM_THE_INDEX}
        return {name: value for name, value in told.items() if value is not msgspec.UNSET}


@dataclass(slots=True)
class Found:
    """What a run is about, without the documents themselves."""

    keys: dict[ContentType, set[str]] = field(default_factory=dict)
    facts: dict[tuple[ContentType, str], dict[str, Any]] = field(default_factory=dict)
    """Of the index, by document."""
    nameless: int = 0
    """Things of which it cannot be told what they are."""

    def note(self, listing: Listing, raw: msgspec.Raw) -> None:
        named = _named(raw)
        kind = KINDS.get(listing) or _kind_in_index(named)
        identity = named.identity(kind) if kind and named else None
        if listing is not Listing.SEARCH and kind is not None:
            if identity is None:
                self.nameless += 1
            else:
                self.keys.setdefault(kind, set()).add(identity)
        elif kind is not None and identity is not None and named is not None:
            if kind is ContentType.LEARNER_PATHWAY:
                self.keys.setdefault(kind, set()).add(identity)
            else:
                self.facts[kind, identity] = named.facts


def _named(raw: msgspec.Raw) -> _Named | None:
    try:
        return msgspec.json.decode(raw, type=_Named)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _kind_in_index(named: _Named | None) -> ContentType | None:
    told = named.content_type if named else None
    return ContentType(told) if told in tuple(ContentType) else None


def documents_in(
    listing: Listing, raw: msgspec.Raw, found: Found, *, with_runs: bool
) -> Iterator[Document | str]:
    """The documents of one result, each with the reason instead when it cannot be one.

    `with_runs`: the runs of a course are documents of their own too, because the list of runs,
    which would hold them, is not asked for.
    """
    if listing is Listing.SEARCH:
        yield from _pathways(raw)
        return
    kind = KINDS[listing]
    try:
        data = _completed(decode_document(bytes(raw)), kind, found)
        document = document_of(data)
        if document.content_type is not kind:
            raise BrokenDocument(f"a {document.content_type.value} among {listing}")
    except BrokenDocument as error:
        yield str(error)
        return
    yield document
    if with_runs and kind is ContentType.COURSE:
        yield from _runs(document)


def _completed(data: dict[str, Any], kind: ContentType, found: Found) -> dict[str, Any]:
    """With what the index knows, where the document does not say it itself."""
    identity = identity_of(kind, data.get("key"), data.get("uuid"))
    facts = found.facts.get((kind, identity), {}) if identity else {}
    return {**data, **{name: value for name, value in facts.items() if name not in data}}


def _runs(course: Document) -> Iterator[Document | str]:
    for run in objects_of(course.data, "course_runs"):
        try:
            yield document_of({"course": course.key, **run}, ContentType.COURSE_RUN)
        except BrokenDocument as error:
            yield str(error)


def _pathways(raw: msgspec.Raw) -> Iterator[Document | str]:
    """The index is the only list that has learner pathways."""
    if _kind_in_index(_named(raw)) is not ContentType.LEARNER_PATHWAY:
        return
    try:
        yield document_of(decode_document(bytes(raw)))
    except BrokenDocument as error:
        yield str(error)
