"""Reminds and cancels assignments: some that were chosen, or all that a filter selects. What it
means is told first, and nothing is done when it would be something else by now."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.credit.assignments import (
    chosen_budget,
    filter_pairs,
    list_path,
    read_filters,
)
from bursar.console.credit.shared import Budget, budgets_of
from bursar.console.figures import counted, money
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, NotThere, Refused, Visit
from bursar.credit.assignments.commands import (
    CancelAssignments,
    CancelSelected,
    RemindAssignments,
    RemindSelected,
)
from bursar.credit.assignments.previewing import CANCEL, REMIND, ChangePreview
from bursar.credit.assignments.refusals import AssignmentsInWrongState, SelectionChanged
from bursar.credit.assignments.service import (
    cancel,
    cancel_selected,
    preview_named,
    preview_selected,
    remind,
    remind_selected,
)
from bursar.web.parameters import QueryParameters, parse_uuid

screens: Final = Screens()
_REVIEW: Final = f"{OF_ENTERPRISE}/assignments/review"
_ALL: Final = "-all"
_DONE: Final = {CANCEL: "cancelled", REMIND: "reminded"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be changed: those that are named, or with `of_all` those that filters select."""

    change: str
    of_all: bool
    budget: Budget
    uuids: tuple[UUID, ...]
    query: QueryParameters

    @property
    def configuration_uuid(self) -> UUID:
        assert self.budget.configuration is not None  # noqa: S101 - only such are chosen
        return self.budget.configuration.uuid


@screens.get(_REVIEW)
def review(visit: Visit, connection: Connection) -> Html:
    wanted = _wanted(visit, connection, visit.query, visit.query.get_all("uuid"))
    return _reviewed(visit, connection, wanted)


def _reviewed(
    visit: Visit, connection: Connection, wanted: Wanted, error: str = "", status: int = 200
) -> Html:
    preview = _preview(connection, wanted)
    filters = filter_pairs(wanted.query)
    given = {
        "wanted": wanted,
        "preview": preview,
        "error": error,
        "back": list_path(visit, wanted.budget, filters),
        "query": urlencode([("budget", str(wanted.budget.uuid)), *filters]),
    }
    return Html("assignments-review.html", given, status)


@screens.post(_REVIEW, is_grave=True)
def change(visit: Visit, session: Session) -> Html | Goto:
    connection = session.connection()
    query = QueryParameters(visit.form.get("query").encode())
    wanted = _wanted(visit, connection, query, visit.form.get_all("uuid"), visit.form.get("change"))
    agreed = visit.form.get("number")
    if not (agreed.isascii() and agreed.isdigit() and len(agreed) < 10):
        raise Refused(400, "This is no form of ours", "It does not say how many are meant.")
    promised = _preview(connection, wanted).promised_cents if wanted.change == CANCEL else 0
    try:
        number, in_background = _change(visit, session, wanted, int(agreed))
    except SelectionChanged as changed:
        now = f"It was {counted(changed.expected, 'assignment')}, and is {changed.number} by now."
        return _reviewed(visit, connection, wanted, f"{now} Nothing was changed.", 409)
    except AssignmentsInWrongState as wrong:
        some = counted(len(wrong.states), "assignment")
        error = f"{some} changed in the meantime. Nothing was changed."
        return _reviewed(visit, connection, wanted, error, 409)
    said = _said(wanted.change, number, promised, in_background=in_background)
    return Goto(list_path(visit, wanted.budget, filter_pairs(query)), said)


def _wanted(
    visit: Visit,
    connection: Connection,
    query: QueryParameters,
    named: list[str],
    change: str | None = None,
) -> Wanted:
    """Raises NotThere and Refused."""
    asked = change or query.get("change") or ""
    name, of_all = asked.removesuffix(_ALL), asked.endswith(_ALL)
    budgets = [each for each in budgets_of(visit, connection) if each.configuration is not None]
    if name not in _DONE or not budgets:
        raise NotThere
    try:
        uuids = tuple(dict.fromkeys(parse_uuid(each) for each in named))
    except ValueError:
        raise NotThere from None
    if not of_all and not uuids:
        raise Refused(
            422,
            "Nothing is selected",
            f"To {name} assignments, tick some of them, or take all that are listed.",
            "Go back to the list.",
        )
    return Wanted(name, of_all, chosen_budget(budgets, query), uuids, query)


def _preview(connection: Connection, wanted: Wanted) -> ChangePreview:
    uuid = wanted.configuration_uuid
    if wanted.of_all:
        filters = read_filters(wanted.query).filters()
        return preview_selected(connection, uuid, filters, wanted.change)
    return preview_named(connection, uuid, wanted.uuids, wanted.change)


def _change(visit: Visit, session: Session, wanted: Wanted, agreed: int) -> tuple[int, bool]:
    """How many, and whether a job goes on with it. Raises SelectionChanged and
    AssignmentsInWrongState."""
    enterprise, uuid = visit.enterprise.uuid, wanted.configuration_uuid
    if wanted.of_all:
        filters = read_filters(wanted.query).filters()
        done = (
            cancel_selected(
                session,
                visit.actor,
                CancelSelected(enterprise, uuid, filters, agreed),
                at=visit.now,
            )
            if wanted.change == CANCEL
            else remind_selected(
                session,
                visit.actor,
                RemindSelected(enterprise, uuid, filters, agreed),
                at=visit.now,
            )
        )
        return done.number, done.job_uuid is not None
    if len(wanted.uuids) != agreed:
        raise SelectionChanged(agreed, len(wanted.uuids))
    if wanted.change == CANCEL:
        cancel(
            session, visit.actor, CancelAssignments(enterprise, uuid, wanted.uuids), at=visit.now
        )
    else:
        remind(
            session, visit.actor, RemindAssignments(enterprise, uuid, wanted.uuids), at=visit.now
        )
    return len(wanted.uuids), False


def _said(change: str, number: int, promised: int, *, in_background: bool) -> str:
    if in_background:
        return f"{counted(number, 'assignment')} will be {_DONE[change]} in the background."
    verb = "is" if number == 1 else "are"
    freed = f" {money(promised)} is free again." if promised else ""
    return f"{counted(number, 'assignment')} {verb} {_DONE[change]}.{freed}"
