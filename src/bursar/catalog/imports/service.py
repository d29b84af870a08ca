"""The front door of imports: stores documents and brings the membership of every query along."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import Document
from bursar.catalog.content.facts import Source, store_facts
from bursar.catalog.content.merging import with_what_is_stored
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.content.service import lock_content
from bursar.catalog.content.templates import decode_template
from bursar.catalog.imports.events import ContentImported
from bursar.catalog.membership.evaluation import StoredItem
from bursar.catalog.membership.loading import load_queries
from bursar.catalog.membership.service import Reason, update_membership
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow
from bursar.events.service import publish
from bursar.importing.records import Tally

Identity: TypeAlias = tuple[str, str]
"""Content type and key."""


def store_documents(
    session: Session,
    actor: Actor,
    documents: Sequence[Document],
    at: datetime | None = None,
    *,
    merge: bool = False,
) -> Tally:
    """Inserts or replaces documents by type and key; of several with one key the last counts.

    With `merge`, keys and runs that a document lacks stay as they are stored (content/merging.py).
    Takes the content lock for the rest of the caller's transaction. Without `at`, changes are
    stamped with the instant at which the lock was taken, so that clients that poll miss nothing.
    """
    now = lock_content(session, at)
    latest = _latest(documents, merge=merge)
    known = _known(session, list(latest.values()))
    new = [document for identity, document in latest.items() if identity not in known]
    # Of a deleted document only an empty row is left, which the new one takes.
    changed = [
        document
        for identity, document in latest.items()
        if identity in known and known[identity].body_hash != document.body_hash
    ]
    if merge:
        changed = _completed(session, changed, known)
    back = sum(known[_identity(document)].deleted_at is not None for document in changed)
    created, replaced = len(new) + back, len(changed) - back
    if new or changed:
        _write(session, new, changed, known, now)
        counts = {"created": created, "changed": replaced}
        imported = ContentImported(object_id="", enterprise_uuid=None, data=counts)
        publish(session, actor, [imported], at=now)
    return Tally(created, replaced, len(documents) - created - replaced)


def _latest(documents: Sequence[Document], *, merge: bool) -> dict[Identity, Document]:
    latest: dict[Identity, Document] = {}
    for document in documents:
        identity = _identity(document)
        if merge and identity in latest:
            document = with_what_is_stored(document, latest[identity].data)  # noqa: PLW2901
        latest[identity] = document
    return latest


def _completed(
    session: Session, documents: list[Document], known: Mapping[Identity, AnyRow]
) -> list[Document]:
    """With what they lack, and without those that say nothing new."""
    ids = [known[_identity(document)].id for document in documents]
    statement = select(ContentItem.id, ContentItem.body).where(
        is_any_of(session, ContentItem.id, ids)
    )
    bodies = {row.id: row.body for row in session.execute(statement)} if ids else {}
    completed = []
    for document in documents:
        row = known[_identity(document)]
        whole = with_what_is_stored(document, decode_template(bodies[row.id]))
        if whole.body_hash != row.body_hash:
            completed.append(whole)
    return completed


def _write(
    session: Session,
    new: list[Document],
    changed: list[Document],
    known: Mapping[Identity, AnyRow],
    now: datetime,
) -> None:
    """The documents themselves, and everything that follows from them."""
    ids = {identity: row.id for identity, row in known.items()}
    ids |= _insert(session, new, now)
    _replace(session, changed, ids, now)
    _write_runs(session, new, changed, ids)
    written = [*new, *changed]
    store_facts(session, [_source(document, ids) for document in written])
    update_membership(
        session,
        load_queries(session),
        [_stored_item(document, ids, now) for document in written],
        now,
        reason=Reason.DOCUMENTS_CHANGED,
        # A document that moves to another course leaves relatives behind, who may leave with it.
        families={known[_identity(document)].family_key for document in changed},
    )


def _identity(document: Document) -> Identity:
    return document.content_type.value, document.key


def _known(session: Session, documents: list[Document]) -> dict[Identity, AnyRow]:
    """Rows with id, body_hash, family_key and deleted_at of documents that have a row already."""
    known: dict[Identity, AnyRow] = {}
    ordered = sorted(documents, key=attrgetter("content_type"))
    for content_type, group in groupby(ordered, key=attrgetter("content_type")):
        rows = session.execute(
            select(
                ContentItem.id,
                ContentItem.key,
                ContentItem.body_hash,
                ContentItem.family_key,
                ContentItem.deleted_at,
            ).where(
                ContentItem.content_type == content_type.value,
                is_any_of(session, ContentItem.key, [document.key for document in group]),
            )
        )
        known |= {(content_type.value, row.key): row for row in rows}
    return known


def _insert(session: Session, documents: list[Document], now: datetime) -> dict[Identity, int]:
    rows = [
        {
            "content_type": document.content_type.value,
            "key": document.key,
            "family_key": document.family_key,
            "title": document.title,
            "body": document.body,
            "body_hash": document.body_hash,
            "active_until": document.active_until,
            "changed_at": now,
        }
        for document in documents
    ]
    bulk_insert(session, ContentItem, rows)
    return {identity: row.id for identity, row in _known(session, documents).items()}


def _replace(
    session: Session, documents: list[Document], ids: dict[Identity, int], now: datetime
) -> None:
    if not documents:
        return
    statement = (
        update(ContentItem)
        .where(ContentItem.id == bindparam("b_id"))
        .values(
            family_key=bindparam("b_family_key"),
            title=bindparam("b_title"),
            body=bindparam("b_body"),
            body_hash=bindparam("b_body_hash"),
            active_until=bindparam("b_active_until"),
            changed_at=now,
            deleted_at=None,
        )
    )
    session.connection().execute(
        statement,
        [
            {
                "b_id": ids[_identity(document)],
                "b_family_key": document.family_key,
                "b_title": document.title,
                "b_body": document.body,
                "b_body_hash": document.body_hash,
                "b_active_until": document.active_until,
            }
            for document in documents
        ],
    )


def _write_runs(
    session: Session,
    new: list[Document],
    changed: list[Document],
    ids: dict[Identity, int],
) -> None:
    if changed:
        old = [ids[_identity(document)] for document in changed]
        session.execute(delete(NestedRun).where(is_any_of(session, NestedRun.course_id, old)))
    rows = [
        {
            "run_key": run_key,
            "course_id": ids[_identity(document)],
            "is_restricted": run_key in document.restricted_run_keys,
        }
        for document in (*new, *changed)
        if document.content_type is ContentType.COURSE
        for run_key in dict.fromkeys(document.run_keys)
    ]
    bulk_insert(session, NestedRun, rows)


def _source(document: Document, ids: dict[Identity, int]) -> Source:
    return Source(
        ids[_identity(document)],
        document.content_type,
        document.key,
        document.family_key,
        document.data,
    )


def _stored_item(document: Document, ids: dict[Identity, int], now: datetime) -> StoredItem:
    return StoredItem(
        ids[_identity(document)],
        document.content_type,
        document.key,
        document.family_key,
        document.active_until,
        now,
        document.data,
    )
