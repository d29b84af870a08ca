"""What the own documents of runs say of their restrictions, for all other documents that hold them.

A run that is restricted by its own document is restricted wherever it stands. So its copies in the
documents of courses and programs take the restriction over when they are stored, and are stored
again when the run's own document says something else: all readers then find it in what they read.
What is stored follows from the documents alone, whichever of them was imported first.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import Document, document_of, run_keys_within
from bursar.catalog.content.models import ContentItem, NestedRun, RunFacts
from bursar.catalog.content.refusals import BrokenDocument
from bursar.catalog.content.restricted import Restrictions, restriction_of
from bursar.catalog.content.templates import decode_as_imported, decode_template
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow

_KEYS_AT_ONCE: Final = 10_000
"""SQLite takes some thirty thousand parameters."""
_DOCUMENTS_AT_ONCE: Final = 500


class Stored(NamedTuple):
    """A stored document, and how it has to be stored."""

    row: AnyRow
    """With id, content_type, key, family_key, body, body_hash, active_until and deleted_at."""
    document: Document


def known_restrictions(session: Session, run_keys: Iterable[str]) -> dict[str, str]:
    """Of those of these runs whose stored own documents are restricted."""
    known: dict[str, str] = {}
    for batch in batched(_possible(run_keys), _KEYS_AT_ONCE):
        rows = session.execute(
            select(RunFacts.run_key, RunFacts.own_restriction).where(
                is_any_of(session, RunFacts.run_key, batch), RunFacts.own_restriction.is_not(None)
            )
        )
        known |= {row.run_key: row.own_restriction for row in rows}
    return known


def told_by(documents: Iterable[Document]) -> dict[str, str | None]:
    """What these documents say of the runs whose own they are; None of a run for everybody."""
    return {
        document.key: restriction_of(document.data)
        for document in documents
        if document.content_type is ContentType.COURSE_RUN
    }


def held_by(documents: Iterable[Document]) -> set[str]:
    """The keys of all runs in these courses and programs."""
    return {key for document in documents for key in document.held_run_keys}


def with_restrictions_told(
    documents: Iterable[Document], restrictions: Restrictions
) -> list[Document]:
    """The documents, whose runs take the restrictions over."""
    return [
        document
        if restrictions.keys().isdisjoint(document.held_run_keys)
        else document_of(document.data, document.content_type, restrictions)
        for document in documents
    ]


def documents_holding(session: Session, run_keys: Collection[str]) -> list[Stored]:
    """The stored courses and programs that hold these runs."""
    if not run_keys:
        return []
    held = set(run_keys)
    found: list[Stored] = []
    for ids in batched(sorted(_course_ids(session, run_keys)), _DOCUMENTS_AT_ONCE):
        found += restated(session, stored_rows(session, is_any_of(session, ContentItem.id, ids)))
    # Which runs a program holds is not kept, and restrictions seldom change: all are read.
    is_program, after = ContentItem.content_type == ContentType.PROGRAM.value, 0
    while rows := stored_rows(session, is_program, ContentItem.id > after):
        holding = [row for row in rows if not held.isdisjoint(_runs_of_program(row.body))]
        found += restated(session, holding)
        after = rows[-1].id
    return found


def restated(session: Session, rows: Sequence[AnyRow]) -> list[Stored]:
    """Without those that this release would refuse: they stay as they are."""
    parsed = [(row, document) for row in rows if (document := _parsed(row)) is not None]
    documents = [document for _, document in parsed]
    restrictions = known_restrictions(session, held_by(documents))
    return [
        Stored(row, document)
        for (row, _), document in zip(
            parsed, with_restrictions_told(documents, restrictions), strict=True
        )
    ]


def _course_ids(session: Session, run_keys: Iterable[str]) -> set[int]:
    ids: set[int] = set()
    for batch in batched(_possible(run_keys), _KEYS_AT_ONCE):
        held = is_any_of(session, NestedRun.run_key, batch)
        ids.update(session.scalars(select(NestedRun.course_id).where(held)))
    return ids


def _possible(run_keys: Iterable[str]) -> set[str]:
    """No key has NUL, and PostgreSQL refuses to look for it."""
    return {key for key in run_keys if "\0" not in key}


def stored_rows(
    session: Session, *conditions: ColumnElement[bool], limit: int = _DOCUMENTS_AT_ONCE
) -> Sequence[AnyRow]:
    """The first documents that meet the conditions, by id; deleted ones are left out."""
    item = ContentItem.__table__.c
    names = ("id", "content_type", "key", "family_key", "body", "body_hash", "active_until")
    statement = (
        select(*[item[name] for name in names], item.deleted_at)
        .where(*conditions, item.deleted_at.is_(None))
        .order_by(item.id)
        .limit(limit)
    )
    return session.execute(statement).all()


def _parsed(row: AnyRow) -> Document | None:
    try:
        return document_of(decode_as_imported(row.body), ContentType(row.content_type))
    except BrokenDocument:
        return None


def _runs_of_program(body: bytes) -> Iterable[str]:
    return run_keys_within(decode_template(body), ContentType.PROGRAM)
