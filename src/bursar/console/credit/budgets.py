"""Budgets: where did the money go, will it last?"""

from typing import Final

from sqlalchemy import Connection

from bursar.console.credit.shared import budget_of, budgets_of
from bursar.console.credit.words import EVERY, cause_and_cure, shown, shown_item
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Html, Visit
from bursar.credit.assignments.commands import DEFAULT_ORDERING, AssignmentFilters
from bursar.credit.assignments.service import (
    counts_by_kind,
    list_assignments,
    listed_configurations,
)
from bursar.credit.policies.owned import POLICY
from bursar.credit.policies.service import find_summary
from bursar.pages import PageRequest

screens: Final = Screens()
LATEST: Final = 10


@screens.get(f"{OF_ENTERPRISE}/budgets")
def show_budgets(visit: Visit, connection: Connection) -> Html:
    return Html("budgets.html", {"budgets": budgets_of(visit, connection)})


@screens.get(f"{OF_ENTERPRISE}/budgets/{{policy_uuid:uuid}}", owned=POLICY)
def show_budget(visit: Visit, connection: Connection) -> Html:
    configurations = listed_configurations(connection, visit.enterprise.uuid)
    policy = find_summary(connection, visit.target.uuid, visit.now)
    budget = budget_of(visit, policy, configurations)
    configuration = budget.configuration
    if configuration is None:
        return Html("budget.html", {"budget": budget, "states": [], "latest": []})
    nothing = AssignmentFilters()
    counts = counts_by_kind(connection, configuration, nothing)
    latest = list_assignments(
        connection, configuration, nothing, DEFAULT_ORDERING, PageRequest(LATEST)
    )
    by_word = {each.word: 0 for each in EVERY}
    for (state, learner_state), count in counts.items():
        by_word[shown(state, learner_state).word] += count
    given = {
        "budget": budget,
        "states": [(each, by_word[each.word]) for each in EVERY if by_word[each.word]],
        "latest": [(item, shown_item(item), cause_and_cure(item)) for item in latest.items],
    }
    return Html("budget.html", given)
