"""Evaluates all that is stored again when the rules have changed: once after an upgrade.

What filters select is stored, and never worked out by readers. So when a release, or a setting,
makes filters mean something else, what is stored has to be brought along.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select, update
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.changeover import set_filter
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.turnover import publish_turnover
from bursar.catalog.content.models import ContentItem, ContentState
from bursar.catalog.content.restoring import note_own_restrictions, restore_batch
from bursar.catalog.content.service import lock_content
from bursar.catalog.filters.fields import DEFAULT_PARTNER
from bursar.catalog.membership.loading import PARTNER_KEY, load_items, load_queries
from bursar.catalog.membership.models import CatalogQuery
from bursar.catalog.membership.restricted import store_allowed_runs
from bursar.catalog.membership.service import Reason, update_membership
from bursar.database.engine import Database

__all__ = ["PARTNER_KEY", "reevaluate"]

RULES: Final = 4
"""To be raised with every change of what filters select, of what is listed until when, or of how
documents are stored."""
ACTOR: Final = Actor("upgrade")
BATCH: Final = 500
_WITHOUT_LIMIT: Final = 2**62


def reevaluate(database: Database) -> None:
    """Does nothing when everything was evaluated by these rules already. Can be stopped and
    repeated; catalogs are served meanwhile, and each batch is a transaction of its own."""
    rules = f"{RULES}:{database.info.get(PARTNER_KEY, DEFAULT_PARTNER)}"
    with database.read() as connection:
        if _evaluated_by(connection) == rules:
            return
        is_empty = connection.execute(select(ContentItem.id).limit(1)).first() is None
    if not is_empty:
        _reevaluate_all(database)
    with database.transaction() as session:
        session.execute(update(ContentState).values(evaluated_by=rules))


def _reevaluate_all(database: Database) -> None:
    with database.transaction() as session:
        now = lock_content(session)
        _separate_exec_ed(session, now)
        publish_turnover(session, ACTOR, (), now)
        for query in session.scalars(select(CatalogQuery)):
            store_allowed_runs(session, query.uuid, query.content_filter)
    after: int | None = 0
    while after is not None:
        with database.transaction() as session:
            lock_content(session)
            after = note_own_restrictions(session, after, BATCH)
    after = 0
    while after is not None:
        with database.transaction() as session:
            after = _reevaluate_batch(session, after, lock_content(session))
    with database.transaction() as session:
        lock_content(session)
        # Pages of every catalog may have become others, though no document was changed.
        session.execute(update(CatalogQuery).values(version=CatalogQuery.version + 1))


def _evaluated_by(connection: Connection) -> str | None:
    rules: str | None = connection.execute(select(ContentState.evaluated_by)).scalar()
    return rules


def _separate_exec_ed(session: Session, now: datetime) -> None:
    """Catalogs with executive education used to share their query with those without it.

    Of a catalog that waits for a filter, that filter counts: it is the one to come to.
    """
    wanted = func.coalesce(Catalog.pending_query_uuid, Catalog.query_uuid)
    rows = session.execute(
        select(Catalog, CatalogQuery.content_filter)
        .join(CatalogQuery, CatalogQuery.uuid == wanted)
        .where(Catalog.include_exec_ed_2u_courses, CatalogQuery.include_exec_ed.is_(False))
    ).all()
    for catalog, content_filter in rows:
        set_filter(session, catalog, content_filter, now, refresh_inline_limit=_WITHOUT_LIMIT)


def _reevaluate_batch(session: Session, after: int, now: datetime) -> int | None:
    """Returns the last id, or None when nothing was left."""
    ids = restore_batch(session, after, BATCH)
    if not ids:
        return None
    items = load_items(session, ContentItem.id.in_(ids))
    update_membership(session, load_queries(session), items, now, reason=Reason.RULES_CHANGED)
    publish_turnover(session, ACTOR, (), now)
    return ids[-1]
