"""Evaluates filters that are too large for one transaction, a batch a transaction."""

from uuid import UUID

from bursar.catalog.catalogs import service
from bursar.database.engine import Database


def refresh_query(database: Database, uuid: UUID) -> int:
    """Until the query is ready; returns how many batches it took. Can be stopped and repeated."""
    batches = 1
    while not refresh_batch(database, uuid):
        batches += 1
    return batches


def refresh_pending(database: Database) -> int:
    """Everything that waits; returns how many queries there were."""
    with database.transaction() as session:
        waiting = service.pending_queries(session)
    for uuid in waiting:
        refresh_query(database, uuid)
    return len(waiting)


def refresh_batch(database: Database, uuid: UUID) -> bool:
    """One batch, in a transaction of its own; True when the query is ready."""
    with database.transaction() as session:
        return service.refresh_step(session, uuid)
