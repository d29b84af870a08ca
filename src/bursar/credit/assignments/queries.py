"""The list of assignments: a constant number of statements."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from bursar.credit.assignments.commands import (
    ORDERED_BY,
    AssignmentFilters,
    AssignmentPage,
    Ordering,
    StateCounts,
)
from bursar.credit.assignments.filters import conditions, narrowing
from bursar.credit.assignments.owned import ListedConfiguration
from bursar.credit.assignments.rules import SORT_ORDER
from bursar.credit.assignments.views import AssignmentListItem, assignment_list_item
from bursar.credit.ledger.service import counted_as
from bursar.credit.models import (
    Assignment,
    AssignmentAction,
)
from bursar.credit.states import AssignmentState, LearnerState
from bursar.database.bulk import is_any_of_given
from bursar.database.streams import batches
from bursar.database.types import AnyRow
from bursar.pages import Page, PageRequest

FIRST_BATCH: Final = 100
BATCH: Final = 1_000

_assignments, _actions = Assignment.__table__.c, AssignmentAction.__table__.c


# Every kind of assignment that can be, and the column of its configuration that counts it.
KINDS: Final = tuple(
    (state, learner_state, counted_as(state, learner_state))
    for state, learner_state in (
        (AssignmentState.ALLOCATED, LearnerState.NOTIFYING),
        (AssignmentState.ALLOCATED, LearnerState.WAITING),
        (AssignmentState.ALLOCATED, LearnerState.FAILED),
        (AssignmentState.ACCEPTED, None),
        (AssignmentState.CANCELLED, None),
        (AssignmentState.ERRORED, LearnerState.FAILED),
        (AssignmentState.EXPIRED, LearnerState.EXPIRED),
        (AssignmentState.REVERSED, None),
    )
)


def list_assignments(
    connection: Connection,
    configuration: ListedConfiguration,
    filters: AssignmentFilters,
    ordering: Ordering,
    wanted: PageRequest,
) -> AssignmentPage:
    """Two statements, or three when the filters ask for more than states. Raises PageOutOfRange."""
    counts = state_counts(connection, configuration, filters)
    page = wanted.within(counts.total())
    rows = assignments_page(connection, configuration.uuid, filters, ordering, page)
    actions = actions_of_page(connection, [row.uuid for row in rows])
    items = [assignment_list_item(row, actions[row.uuid]) for row in rows]
    return AssignmentPage(page, items, counts)


def all_assignments(
    connection: Connection,
    configuration_uuid: UUID,
    filters: AssignmentFilters,
    ordering: Ordering,
) -> Iterator[list[AssignmentListItem]]:
    """Every assignment that the list would show, in its order, in batches that keep memory
    constant. The connection must be in a snapshot."""
    statement = _in_order(_assignments, ordering, backwards=False).where(
        *conditions(configuration_uuid, filters)
    )
    for rows in batches(connection, statement, {}, first=FIRST_BATCH, size=BATCH):
        actions = actions_of_page(connection, [row.uuid for row in rows])
        yield [assignment_list_item(row, actions[row.uuid]) for row in rows]


def has_assignments(connection: Connection, configuration_uuids: Collection[UUID]) -> bool:
    """Whether anything was ever assigned through one of these configurations."""
    assigned = select(_assignments.uuid).where(
        _assignments.configuration_uuid.in_(configuration_uuids)
    )
    return connection.execute(assigned.limit(1)).first() is not None


AnyColumns: TypeAlias = ReadOnlyColumnCollection[str, Any]
ITEM_COLUMNS: Final = (
    "uuid", "configuration_uuid", "learner_email", "lms_user_id", "content_key", "content_title",
    "content_quantity", "state", "transaction_uuid", "allocated_at", "expires_at", "expiry_reason",
    "recent_action_type", "recent_action_at", "learner_state",
)  # fmt: skip


# Up to this many rows, sorting them is faster than walking an index of a million rows in order.
FEW: Final = 1000


@lru_cache(maxsize=128)
def _page_statement(ordering: Ordering, *, backwards: bool) -> Select[Any]:
    columns = _assignments
    statement = _ordered(columns, ordering, backwards=backwards)
    return statement.where(columns.configuration_uuid == bindparam("configuration"))


@lru_cache(maxsize=128)
def _outer_page_statement(ordering: Ordering, size: int, *, backwards: bool) -> Select[Any]:
    # With the page size in the text of the statement, PostgreSQL can reuse one generic plan.
    statement = _page_statement(ordering, backwards=backwards)
    return statement.offset(None).limit(literal_column(str(size)))


def _page_of_few_statement(
    filters: AssignmentFilters, ordering: Ordering, *, backwards: bool
) -> Select[Any]:
    """A page of few matching rows. It finds all of them first, because SQLite would otherwise walk
    the whole list in order."""
    matching = (
        select(*(_assignments[name] for name in (*ITEM_COLUMNS, "learner_state_sort_order")))
        .where(
            _assignments.configuration_uuid == bindparam("configuration"),
            *narrowing(filters),
            *_by_sort_order(filters),
        )
        .cte("matching")
        .prefix_with("MATERIALIZED")
    )
    return _ordered(matching.c, ordering, backwards=backwards)


def _by_sort_order(filters: AssignmentFilters) -> list[ColumnElement[bool]]:
    """Conditions on the sort order that follow from the filters, so that an index can be used."""
    orders = {SORT_ORDER[shown] for state, shown, _ in KINDS if filters.admits(state, shown)}
    if orders == set(SORT_ORDER.values()):
        return []
    return [_assignments.learner_state_sort_order.in_(sorted(orders))]


def _ordered(columns: AnyColumns, ordering: Ordering, *, backwards: bool) -> Select[Any]:
    every = _in_order(columns, ordering, backwards=backwards)
    return every.offset(bindparam("skipped")).limit(bindparam("size"))


def _in_order(columns: AnyColumns, ordering: Ordering, *, backwards: bool) -> Select[Any]:
    every = (*((ORDERED_BY[name], descends) for name, descends in ordering), ("uuid", False))
    by = (
        columns[name].desc() if descending is not backwards else columns[name].asc()
        for name, descending in every
    )
    return select(*(columns[name] for name in ITEM_COLUMNS)).order_by(*by)


def assignments_page(
    connection: Connection,
    configuration_uuid: UUID,
    filters: AssignmentFilters,
    ordering: Ordering,
    page: Page,
) -> list[AnyRow]:
    """A page, read from the nearer end of the list, so that the last page of a million rows costs
    as much as the first."""
    size = min(page.size, page.count - page.start)
    if size <= 0:
        return []
    after = page.count - page.start - size
    backwards = after < page.start
    values = {
        "configuration": configuration_uuid,
        "skipped": after if backwards else page.start,
        "size": size,
    }
    conditions_beyond = narrowing(filters)
    if not conditions_beyond and not values["skipped"]:
        statement = _outer_page_statement(ordering, size, backwards=backwards)
    elif conditions_beyond and page.count <= FEW:
        statement = _page_of_few_statement(filters, ordering, backwards=backwards)
    else:
        statement = _page_statement(ordering, backwards=backwards)
        if conditions_beyond:
            statement = statement.where(*conditions_beyond)
    rows = list(connection.execute(statement, values).all())
    return rows[::-1] if backwards else rows


@lru_cache
def _actions_statement(dialect: str) -> Select[Any]:
    return (
        select(
            _actions.assignment_uuid,
            _actions.created_at,
            _actions.modified_at,
            _actions.uuid,
            _actions.action_type,
            _actions.completed_at,
            _actions.error_reason,
        )
        .where(is_any_of_given(dialect, _actions.assignment_uuid, "assignments"))
        # This is the order of their index.
        .order_by(_actions.assignment_uuid, _actions.id)
    )


def actions_of_page(connection: Connection, uuids: Sequence[UUID]) -> dict[UUID, list[AnyRow]]:
    """Oldest first, by assignment."""
    found: dict[UUID, list[AnyRow]] = {uuid: [] for uuid in uuids}
    if not found:
        return found
    statement = _actions_statement(connection.dialect.name)
    for row in connection.execute(statement, {"assignments": list(uuids)}):
        found[row.assignment_uuid].append(row)
    return found


def state_counts(
    connection: Connection, configuration: ListedConfiguration, filters: AssignmentFilters
) -> StateCounts:
    """The counts by state, in one statement, or in none if the filters name only states, because
    the configuration has these counts."""
    if filters.only_states:
        return _kept_counts(configuration, filters)
    statement = (
        select(_assignments.learner_state, func.count())
        .where(*conditions(configuration.uuid, filters))
        .group_by(_assignments.learner_state)
    )
    return Counter(
        {
            None if name is None else LearnerState(name): count
            for name, count in connection.execute(statement)
        }
    )


def _kept_counts(configuration: ListedConfiguration, filters: AssignmentFilters) -> StateCounts:
    counts: StateCounts = Counter()
    for state, learner_state, column in KINDS:
        if filters.admits(state, learner_state):
            counts[learner_state] += getattr(configuration, column)
    return counts
