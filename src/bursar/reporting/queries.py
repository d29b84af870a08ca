"""Reads the rows of the report: a page, or all rows."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Subquery,
    UnaryExpression,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

from bursar.database.bulk import is_any_of_given
from bursar.database.streams import batches
from bursar.database.types import AnyRow
from bursar.enrollment import days
from bursar.enrollment.models import EnrollmentDay
from bursar.pages import Page
from bursar.reporting.commands import DEFAULT_ORDERING, NO_FILTERS, Ordering, Report, Term
from bursar.reporting.conditions import conditions
from bursar.reporting.fields import NAMES, SOURCE, enrollments, selected, sort_keys
from bursar.reporting.owned import ENTERPRISE

FIRST_BATCH: Final = 100
BATCH: Final = 1_000

_days: Final = EnrollmentDay.__table__.c
_enterprises: Final = ENTERPRISE.source
_e: Final = enrollments.c

_COLUMNS: Final = tuple(selected(name) for name in NAMES)


def _values(report: Report, **others: Any) -> dict[str, Any]:
    return {"today": report.today, **others}


def _conditions(report: Report) -> list[ColumnElement[bool]]:
    return conditions(report.filters, report.enterprise_uuid, report.today)


def order_by(ordering: Ordering) -> list[ColumnElement[Any]]:
    """A total order. Values that are null, or hidden, come last in either direction."""
    terms = [key for term in ordering for key in _sorted_by(term)]
    return [*terms, _e.id]


def _sorted_by(term: Term) -> Iterator[UnaryExpression[Any]]:
    if term in DEFAULT_ORDERING:
        yield _e.activity_day.desc()  # This is the same order, and it is that of the index.
        return
    for key in sort_keys(term.name):
        yield (key.desc() if term.descends else key.asc()).nulls_last()


_LENGTH: Final = (
    select(cast(func.sum(_days.row_count), BigInteger))
    .where(_days.enterprise_uuid == bindparam("enterprise_uuid"))
    .scalar_subquery()
)


def _rows_of(ids: Subquery, *others: ColumnElement[Any]) -> Select[Any]:
    return select(*_COLUMNS, *others).select_from(SOURCE.join(ids, ids.c.id == _e.id))


def _default_list(columns: Select[Any]) -> Select[Any]:
    return columns.where(_e.enterprise_uuid == bindparam("enterprise_uuid")).order_by(
        *order_by(DEFAULT_ORDERING)
    )


@lru_cache(maxsize=16)
def _first_page(size: int) -> Select[Any]:
    # With the page size in the text of the statement, PostgreSQL can reuse one generic plan.
    statement = select(*_COLUMNS, _LENGTH.label("total")).select_from(SOURCE)
    return _default_list(statement).limit(literal_column(str(size)))


# The ids are found first, with the index alone, so that skipped rows are not joined.
_DEEP_PAGE: Final = _default_list(
    _rows_of(
        _default_list(select(_e.id))
        .where(_e.activity_day <= bindparam("day", type_=Integer()))
        .limit(bindparam("size"))
        .offset(bindparam("skipped"))
        .subquery("page")
    )
)
"""Selects rows from this day backwards. The rows to skip are all of this day."""


def first_page(connection: Connection, report: Report, size: int) -> tuple[Sequence[AnyRow], int]:
    """The rows of the first page, and the number of all rows."""
    if report.is_default_list:
        values = _values(report, enterprise_uuid=report.enterprise_uuid)
        rows = connection.execute(_first_page(size), values).all()
    else:
        found = select(_e.id, func.count().over().label("total"))
        ids = _chosen(found, report).limit(size).subquery("page")
        statement = _rows_of(ids, ids.c.total).order_by(*order_by(report.ordering))
        rows = connection.execute(statement, _values(report)).all()
    return rows, int(rows[0].total) if rows else 0


def count(connection: Connection, report: Report) -> int:
    if report.filters == NO_FILTERS:
        return days.count_rows(connection, report.enterprise_uuid)
    statement = select(func.count()).select_from(SOURCE).where(*_conditions(report))
    return int(connection.execute(statement, _values(report)).scalar_one())


def page(connection: Connection, report: Report, chosen: Page) -> Sequence[AnyRow]:
    if report.is_default_list:
        return _deep_page(connection, report, chosen)
    ids = _chosen(select(_e.id), report).limit(chosen.size).offset(chosen.start).subquery("page")
    statement = _rows_of(ids).order_by(*order_by(report.ordering))
    return connection.execute(statement, _values(report)).all()


def _deep_page(connection: Connection, report: Report, chosen: Page) -> Sequence[AnyRow]:
    day, skipped = days.locate(connection, report.enterprise_uuid, chosen.start)
    if day is None:
        return ()
    values = _values(
        report, enterprise_uuid=report.enterprise_uuid, size=chosen.size, day=day, skipped=skipped
    )
    return connection.execute(_DEEP_PAGE, values).all()


def _chosen(columns: Select[Any], report: Report) -> Select[Any]:
    return (
        columns.select_from(SOURCE).where(*_conditions(report)).order_by(*order_by(report.ordering))
    )


@lru_cache
def _by_id(dialect: str) -> Select[Any]:
    named = _enterprises.c.name.label("name_of_enterprise")
    return (
        select(*_COLUMNS, named)
        .select_from(SOURCE.join(_enterprises, _enterprises.c.uuid == _e.enterprise_uuid))
        .where(
            _e.enterprise_uuid == bindparam("enterprise_uuid"),
            is_any_of_given(dialect, _e.id, "ids"),
        )
    )


def rows_by_id(
    connection: Connection, enterprise_uuid: UUID, ids: Sequence[int], today: date
) -> Sequence[AnyRow]:
    """The rows with these ids, and the name of the enterprise in each."""
    values = {"enterprise_uuid": enterprise_uuid, "ids": list(ids), "today": today}
    return connection.execute(_by_id(connection.dialect.name), values).all()


def all_rows(connection: Connection, report: Report) -> Iterator[Sequence[AnyRow]]:
    """All rows in batches. The connection must be in a snapshot."""
    statement = _chosen(select(*_COLUMNS), report)
    return batches(connection, statement, _values(report), first=FIRST_BATCH, size=BATCH)
