"""Evaluates filters that are too large for one transaction, a batch a transaction."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor, ActorKind
from bursar.catalog.catalogs.changeover import adopt
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.turnover import publish_turnover
from bursar.catalog.content.service import lock_content
from bursar.catalog.membership.models import CatalogQuery
from bursar.catalog.membership.service import evaluate_batch
from bursar.database.engine import Database

ACTOR: Final = Actor("job:refresh-query", kind=ActorKind.TASK)


def pending_queries(session: Session) -> list[UUID]:
    """Those that are not evaluated over all content yet, oldest first."""
    statement = select(CatalogQuery.uuid).where(CatalogQuery.ready.is_(False))
    return list(session.scalars(statement.order_by(CatalogQuery.created_at, CatalogQuery.uuid)))


def refresh_pending(database: Database) -> int:
    """Everything that waits; returns how many queries there were. Can be stopped and repeated."""
    with database.transaction() as session:
        waiting = pending_queries(session)
    for uuid in waiting:
        while not refresh_batch(database, uuid):
            pass
    return len(waiting)


def refresh_batch(database: Database, uuid: UUID) -> bool:
    """One batch, in a transaction of its own; True when the query is ready."""
    with database.transaction() as session:
        return refresh_step(session, uuid)


def refresh_step(session: Session, uuid: UUID, now: datetime | None = None) -> bool:
    """One batch of a query's first evaluation, in the caller's transaction; True when done.

    With the last batch every waiting catalog changes over in one step. Safe to repeat, and safe
    when several processes do it at once.
    """
    now = lock_content(session, now)
    query = session.get(CatalogQuery, uuid, populate_existing=True)
    if query is None or query.ready:
        return True
    if not evaluate_batch(session, query, now):
        return False
    waiting = session.scalars(select(Catalog).where(Catalog.pending_query_uuid == uuid)).all()
    for catalog in waiting:
        adopt(session, catalog, uuid, now)
    publish_turnover(session, ACTOR, (), now)
    return True
