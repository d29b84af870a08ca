"""The assignments that a list shows, as files."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from bursar import clock
from bursar.console.credit.assignments import chosen_budget, read_filters
from bursar.console.credit.shared import budgets_of
from bursar.console.figures import plain_dollars
from bursar.console.files import CSV, NDJSON, csv_file, ndjson_file
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import File, NotThere, Visit
from bursar.credit.assignments.service import all_assignments
from bursar.credit.assignments.views import AssignmentListItem
from bursar.database.engine import snapshot_on

screens: Final = Screens()
_COLUMNS: Final = (
    "uuid",
    "learner_email",
    "content_key",
    "content_title",
    "price_usd",
    "state",
    "learner_state",
    "error_reason",
    "recent_action",
    "recent_action_time",
    "expires",
)


@screens.get(f"{OF_ENTERPRISE}/assignments.{CSV}")
def export_csv(visit: Visit, connection: Connection) -> File:
    rows = ((_row(item)) for item in _items(visit, connection))
    return csv_file(f"assignments-{visit.enterprise.slug}", _COLUMNS, rows)


@screens.get(f"{OF_ENTERPRISE}/assignments.{NDJSON}")
def export_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file(f"assignments-{visit.enterprise.slug}", _items(visit, connection))


def _items(visit: Visit, connection: Connection) -> Iterator[AssignmentListItem]:
    """Raises NotThere and Refused."""
    budgets = [each for each in budgets_of(visit, connection) if each.configuration is not None]
    if not budgets:
        raise NotThere
    configuration = chosen_budget(budgets, visit.query).configuration
    query = read_filters(visit.query)
    assert configuration is not None  # noqa: S101 - only such were kept
    with snapshot_on(connection):
        found = all_assignments(connection, configuration.uuid, query.filters(), query.ordering)
        for items in found:
            yield from items


def _row(item: AssignmentListItem) -> tuple[object, ...]:
    return (
        item.uuid,
        item.learner_email,
        item.content_key,
        item.content_title,
        plain_dollars(-item.content_quantity),
        item.state.value,
        None if item.learner_state is None else item.learner_state.value,
        item.error_reason,
        item.recent_action.action_type,
        clock.format_instant(item.recent_action.timestamp),
        clock.format_instant(item.earliest_possible_expiration.date),
    )
