"""Assignments: who has what, what is stuck?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from bursar.api.assignment_filters import AssignmentListQuery
from bursar.console.credit.shared import Budget, budgets_of
from bursar.console.credit.words import EVERY, EXPIRIES, cause_and_cure, shown, shown_item
from bursar.console.files import Exports, exports
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Html, NotThere, Refused, Visit
from bursar.credit.assignments.commands import AssignmentFilters, AssignmentPage
from bursar.credit.assignments.previewing import POSSIBLE
from bursar.credit.assignments.service import counts_by_kind, list_assignments
from bursar.pages import PageRequest
from bursar.web.parameters import QueryParameters
from bursar.web.query import read_query

screens: Final = Screens()
_OWN: Final = frozenset({"budget", "page", "uuid", "change", "ordering"})
"""Parameters of the page that are no filters."""
_STATES: Final = ("learner_state", "state")


@dataclass(frozen=True, slots=True)
class Chip:
    """A state with how many are in it; selecting it again shows all."""

    word: str
    tone: str
    count: int
    path: str
    is_on: bool


@screens.get(f"{OF_ENTERPRISE}/assignments")
def show_assignments(visit: Visit, connection: Connection) -> Html:
    budgets = [each for each in budgets_of(visit, connection) if each.configuration is not None]
    if not budgets:
        return Html("assignments-none.html")
    budget = chosen_budget(budgets, visit.query)
    assert budget.configuration is not None  # noqa: S101 - only such were kept
    query = read_filters(visit.query)
    found = list_assignments(
        connection,
        budget.configuration,
        query.filters(),
        query.ordering,
        PageRequest(query.page_size, query.page),
    )
    chips, possible = _counted(visit, connection, budget, query.filters())
    given = {
        "budget": budget,
        "budgets": budgets,
        "rows": [(item, shown_item(item), cause_and_cure(item)) for item in found.items],
        "page": found.page,
        "chips": chips,
        "possible": possible,
        "filters": filter_pairs(visit.query),
        "is_filtered": bool(filter_pairs(visit.query)),
        "expiries": EXPIRIES,
        "sorting": _sorting(visit, found),
        "exports": _exports(visit, budget),
    }
    return Html("assignments.html", given)


def chosen_budget(budgets: list[Budget], query: QueryParameters) -> Budget:
    """That of the parameter, else the first. Raises NotThere for one of another enterprise."""
    wanted = query.get("budget")
    if wanted is None:
        return budgets[0]
    for budget in budgets:
        if str(budget.uuid) == wanted:
            return budget
    raise NotThere


def read_filters(query: QueryParameters) -> AssignmentListQuery:
    """Raises Refused that names each wrong one."""
    read, errors = read_query(AssignmentListQuery, query)
    if read is None:
        reason = " ".join(f"{name}: {' '.join(why)}" for name, why in errors.items())
        cure = "Correct the address of the page, or begin with all assignments."
        raise Refused(400, "This filter cannot be read", reason, cure)
    return read


def filter_pairs(query: QueryParameters) -> list[tuple[str, str]]:
    """The filters of a page, to be sent along with a form."""
    return [(name, value) for name, value in query.pairs if value and name not in _OWN]


def _exports(visit: Visit, budget: Budget) -> Exports:
    assert budget.configuration is not None  # noqa: S101 - only such are listed
    ordering = visit.query.get("ordering")
    kept = [*filter_pairs(visit.query), *([("ordering", ordering)] if ordering else [])]
    path = "/enterprise/v1/assignment-configurations"
    api = f"{path}/{budget.configuration.uuid}/admin/assignments"
    query = f"?{urlencode(kept)}" if kept else ""
    return exports(visit, visit.path, [("budget", str(budget.uuid)), *kept], f"{api}{query}")


def _counted(
    visit: Visit, connection: Connection, budget: Budget, filters: AssignmentFilters
) -> tuple[list[Chip], Mapping[str, int]]:
    """The chips, and how many of what is listed can be changed in which way."""
    assert budget.configuration is not None  # noqa: S101 - only such are listed
    stateless = replace(filters, states=None, learner_states=None)
    counts = counts_by_kind(connection, budget.configuration, stateless)
    by_word = {each.word: 0 for each in EVERY}
    possible = dict.fromkeys(POSSIBLE, 0)
    for (state, learner_state), count in counts.items():
        by_word[shown(state, learner_state).word] += count
        for change, states in POSSIBLE.items():
            if state in states and filters.admits(state, learner_state):
                possible[change] += count
    # What is being redeemed cannot be changed, and is counted as waiting until then: the page that
    # asks for a confirmation counts exactly.
    return [
        _chip(visit, each.word, each.tone, by_word[each.word], each) for each in EVERY
    ], possible


def _chip(visit: Visit, word: str, tone: str, count: int, state: Any) -> Chip:
    is_on = visit.query.get(state.parameter) == state.value
    others = dict.fromkeys(_STATES)
    path = visit.with_query(**others | ({} if is_on else {state.parameter: state.value}))
    return Chip(word, tone, count, path, is_on)


def _sorting(visit: Visit, _found: AssignmentPage) -> dict[str, tuple[str, str]]:
    """By column: where its header leads, and in which direction the list is sorted now."""
    now = visit.query.get("ordering") or "-recent_action_time"
    columns = ("recent_action_time", "content_quantity", "learner_state_sort_order")
    return {
        name: (
            visit.with_query(ordering=name if now == f"-{name}" else f"-{name}"),
            {name: "ascending", f"-{name}": "descending"}.get(now, "none"),
        )
        for name in columns
    }


def list_path(visit: Visit, budget: Budget, filters: list[tuple[str, str]]) -> str:
    """The list again, as it was filtered."""
    return f"{visit.base}/assignments?{urlencode([('budget', str(budget.uuid)), *filters])}"
