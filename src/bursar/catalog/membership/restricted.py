"""Which restricted runs the catalogs of a query show: those that its filter allows."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, delete, or_, select
from sqlalchemy.orm import Session

from bursar.catalog.filters.service import compile_filter
from bursar.catalog.membership.models import AllowedRun
from bursar.database.bulk import bulk_insert

_allowed: Final = AllowedRun.__table__.c


def store_allowed_runs(
    session: Session, query_uuid: UUID, content_filter: Mapping[str, Any]
) -> None:
    """Of a query that is new, or was stored by a release that did not know of them."""
    forget_allowed_runs(session, query_uuid)
    # No key has NUL, and PostgreSQL refuses to store it.
    keys = {key for key in compile_filter(content_filter).allowed_runs if "\0" not in key}
    rows = [{"query_uuid": query_uuid, "run_key": key} for key in sorted(keys)]
    bulk_insert(session, AllowedRun, rows)


def forget_allowed_runs(session: Session, query_uuid: UUID) -> None:
    session.execute(delete(AllowedRun).where(AllowedRun.query_uuid == query_uuid))


def is_shown(run: FromClause, query_uuid: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Condition on rows with run_key and is_restricted, such as those of NestedRun: whether the
    catalogs of the query show the run."""
    allowed = select(_allowed.run_key).where(
        _allowed.query_uuid == query_uuid, _allowed.run_key == run.c.run_key
    )
    return or_(run.c.is_restricted.is_(False), allowed.exists())
