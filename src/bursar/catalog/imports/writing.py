"""Writes documents, and everything that follows from them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import Document
from bursar.catalog.content.facts import Source, store_facts, stored_sources
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.content.own_restrictions import documents_holding
from bursar.catalog.membership.evaluation import StoredItem
from bursar.catalog.membership.loading import load_queries
from bursar.catalog.membership.service import Reason, update_membership
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.types import AnyRow

Identity: TypeAlias = tuple[str, str]
"""Content type and key."""


def identity_of(document: Document) -> Identity:
    return document.content_type.value, document.key


def known_rows(session: Session, documents: list[Document]) -> dict[Identity, AnyRow]:
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


def write_documents(
    session: Session,
    new: list[Document],
    changed: list[Document],
    known: Mapping[Identity, AnyRow],
    now: datetime,
) -> None:
    """`new` have no row yet; `changed` have one, in `known`. The caller holds the content lock."""
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
        families={known[identity_of(document)].family_key for document in changed},
    )


def write_holders(session: Session, run_keys: Collection[str], now: datetime) -> None:
    """The documents that hold these runs, after the own documents of the runs have come to say
    something else of their restrictions. The caller holds the content lock."""
    if not run_keys:
        return
    holders = documents_holding(session, run_keys)
    ids = {identity_of(one.document): one.row.id for one in holders}
    others = [one for one in holders if one.document.body_hash != one.row.body_hash]
    if others:
        known = {identity_of(one.document): one.row for one in others}
        write_documents(session, [], [one.document for one in others], known, now)
    # Entitlements are sold for every run but the restricted ones, so that prices change too.
    are_runs = ContentItem.content_type == ContentType.COURSE_RUN.value
    own = stored_sources(session, are_runs, is_any_of(session, ContentItem.key, list(run_keys)))
    of_holders = [_source(one.document, ids) for one in holders]
    store_facts(session, [*own, *of_holders], repriced=run_keys)


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
    return {identity: row.id for identity, row in known_rows(session, documents).items()}


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
                "b_id": ids[identity_of(document)],
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
        old = [ids[identity_of(document)] for document in changed]
        session.execute(delete(NestedRun).where(is_any_of(session, NestedRun.course_id, old)))
    rows = [
        {
            "run_key": run_key,
            "course_id": ids[identity_of(document)],
            "is_restricted": run_key in document.restricted_run_keys,
        }
        for document in (*new, *changed)
        if document.content_type is ContentType.COURSE
        for run_key in dict.fromkeys(document.run_keys)
    ]
    bulk_insert(session, NestedRun, rows)


def _source(document: Document, ids: dict[Identity, int]) -> Source:
    return Source(
        ids[identity_of(document)],
        document.content_type,
        document.key,
        document.family_key,
        document.data,
    )


def _stored_item(document: Document, ids: dict[Identity, int], now: datetime) -> StoredItem:
    return StoredItem(
        ids[identity_of(document)],
        document.content_type,
        document.key,
        document.family_key,
        document.active_until,
        now,
        document.data,
    )
