"""The start page of an enterprise: what needs me today?"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from bursar.catalog.listings.items import catalogs_without_items
from bursar.console.catalogs.shared import named
from bursar.console.credit.shared import NEARLY_USED, SOON_DAYS, Budget, budgets_of
from bursar.console.figures import counted, day, money
from bursar.console.integrations.attention import todo_of_integrations
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.seats.plans import Plan, plans_of
from bursar.console.todo import Todo
from bursar.console.visits import Html, Visit
from bursar.enrollment.funnel import ACTIVE_DAYS, count_funnel
from bursar.subscriptions.licenses.service import addresses_with_license

screens: Final = Screens()


@dataclass(frozen=True, slots=True)
class Step:
    """Of the funnel."""

    title: str
    count: int
    about: str


@screens.get(OF_ENTERPRISE)
def show_home(visit: Visit, connection: Connection) -> Html:
    budgets = budgets_of(visit, connection)
    plans = [each for each in plans_of(visit, connection) if each.is_in_use]
    in_use = [each for each in budgets if each.is_in_use]
    given = {
        "todo": [
            *(entry for budget in in_use for entry in _todo(visit, budget)),
            *(entry for plan in plans for entry in _todo_of_plan(visit, plan)),
            *_todo_of_catalogs(visit, connection, in_use, plans),
            *todo_of_integrations(visit, connection),
        ],
        "budgets": in_use,
        "plans": plans,
        "funnel": _funnel(visit, connection, plans),
        "spent": sum(each.spent for each in budgets),
        "promised": sum(each.promised for each in budgets),
        "waiting": sum(each.waiting for each in budgets),
        "seats_free": sum(each.item.licenses.unassigned for each in plans),
    }
    return Html("home.html", given)


def _todo(visit: Visit, budget: Budget) -> list[Todo]:
    path = f"{visit.base}/budgets/{budget.uuid}"
    found = []
    if budget.failed:
        found.append(
            Todo(
                f"{counted(budget.failed, 'assignment')} failed",
                f"{budget.title}. Each says why, and what helps.",
                "bad",
                f"{visit.base}/assignments?budget={budget.uuid}&learner_state=failed",
            )
        )
    if budget.days_left <= SOON_DAYS:
        ends = day(budget.policy.subsidy_expiration_datetime)
        left = f"{money(budget.free)} is not promised yet." if budget.free > 0 else "It is used up."
        found.append(Todo(f"{budget.title} ends on {ends}", left, "bad", path))
    if budget.used_percent >= NEARLY_USED:
        title = f"{budget.title} is {budget.used_percent} % used"
        found.append(Todo(title, f"{money(max(0, budget.free))} is left.", "wait", path))
    return found


def _todo_of_plan(visit: Visit, plan: Plan) -> list[Todo]:
    path = f"{visit.base}/subscriptions/{plan.uuid}"
    free = counted(plan.item.licenses.unassigned, "seat")
    found = []
    if plan.ends_soon:
        title = f"{plan.item.title} ends on {day(plan.ends)}"
        found.append(Todo(title, "It is not renewed yet; enrollments end with it.", "bad", path))
    if plan.is_nearly_full:
        title = f"{plan.item.title} has {free} left"
        found.append(Todo(title, f"Of {plan.item.licenses.total:,}.", "wait", path))
    return found


def _todo_of_catalogs(
    visit: Visit, connection: Connection, budgets: list[Budget], plans: list[Plan]
) -> list[Todo]:
    """Of the catalogs of what is in use."""
    used = [*(each.policy.catalog_uuid for each in budgets), *map(_catalog_of, plans)]
    empty = catalogs_without_items(connection, list(dict.fromkeys(used)), visit.now)
    return [
        Todo(
            f"{named(title)} lists nothing",
            "Learners find no course in it. Its filter may select nothing, or all of it is closed.",
            "bad",
            f"{visit.base}/catalogs/{uuid}",
        )
        for uuid, title in empty
    ]


def _catalog_of(plan: Plan) -> UUID:
    return plan.item.enterprise_catalog_uuid


def _funnel(visit: Visit, connection: Connection, plans: list[Plan]) -> list[Step]:
    """Empty where there are no seats."""
    if not plans:
        return []
    people = count_funnel(
        connection,
        visit.enterprise.uuid,
        addresses_with_license(visit.enterprise.uuid),
        visit.now,
    )
    counts = [each.item.licenses for each in plans]
    return [
        Step("Seats", sum(each.total for each in counts), "of plans in use"),
        Step("Assigned", sum(each.allocated for each in counts), "to a person"),
        Step("Activated", sum(each.activated for each in counts), "by them"),
        Step("Enrolled", people.enrolled, "in a course"),
        Step("Active", people.active, f"in {ACTIVE_DAYS} days"),
        Step("Passed", people.passed, "a course"),
    ]
