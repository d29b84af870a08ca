"""Subscriptions: are the seats used?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection

from bursar import clock
from bursar.api.license_queries import LicenseListQuery
from bursar.api.subscriptions import PATH as API
from bursar.console.files import Exports, exports
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Html, Refused, Visit
from bursar.pages import PageRequest
from bursar.subscriptions.licenses.commands import LicenseSelection
from bursar.subscriptions.licenses.service import count_by_status, list_licenses
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.commands import PlanSelection
from bursar.subscriptions.plans.owned import PLAN
from bursar.subscriptions.plans.service import list_plans, show_plan
from bursar.subscriptions.plans.views import PlanItem
from bursar.web.query import read_query

screens: Final = Screens()
MOST_PLANS: Final = 500
SOON_DAYS: Final = 30
FEW_PERCENT: Final = 10

WORDS: Final = {
    LicenseStatus.ACTIVATED: ("Activated", "good"),
    LicenseStatus.ASSIGNED: ("Not activated yet", "wait"),
    LicenseStatus.UNASSIGNED: ("Free", "busy"),
    LicenseStatus.REVOKED: ("Revoked", "off"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as the console shows it."""

    item: PlanItem
    now: datetime

    @property
    def uuid(self) -> UUID:
        return self.item.uuid

    @property
    def starts(self) -> datetime:
        return clock.parse_instant(self.item.start_date)

    @property
    def ends(self) -> datetime:
        return clock.parse_instant(self.item.expiration_date)

    @property
    def is_in_use(self) -> bool:
        return self.item.is_active and self.starts <= self.now < self.ends

    @property
    def can_assign(self) -> bool:
        return self.is_in_use and not self.item.is_locked_for_renewal_processing

    @property
    def free_percent(self) -> int:
        total = self.item.licenses.total
        return 100 * self.item.licenses.unassigned // total if total else 0

    @property
    def is_nearly_full(self) -> bool:
        has_seats = self.item.licenses.total > 0
        return self.is_in_use and has_seats and self.free_percent < FEW_PERCENT

    @property
    def ends_soon(self) -> bool:
        """And is not renewed."""
        return self.is_in_use and self.item.days_until_expiration_including_renewals <= SOON_DAYS

    @property
    def state(self) -> tuple[str, str]:
        """The word and the tone of its chip."""
        if not self.item.is_active:
            return "Inactive", "off"
        if self.now < self.starts:
            return "Not begun", "wait"
        if self.now >= self.ends:
            return "Ended", "off"
        if self.item.is_locked_for_renewal_processing:
            return "Being renewed", "busy"
        return ("Ends soon", "bad") if self.ends_soon else ("In use", "good")


@dataclass(frozen=True, slots=True)
class StatusChip:
    word: str
    tone: str
    count: int
    path: str
    is_on: bool


def plans_of(visit: Visit, connection: Connection) -> list[Plan]:
    """Those in use first, then the one that starts last."""
    selection = PlanSelection([visit.enterprise.uuid])
    _, found = list_plans(connection, selection, PageRequest(MOST_PLANS), at=visit.now)
    plans = [Plan(each, visit.now) for each in found]
    return sorted(plans, key=lambda each: not each.is_in_use)


@screens.get(f"{OF_ENTERPRISE}/subscriptions")
def show_plans(visit: Visit, connection: Connection) -> Html:
    return Html("plans.html", {"plans": plans_of(visit, connection)})


@screens.get(f"{OF_ENTERPRISE}/subscriptions/{{subscription_plan_uuid:uuid}}", owned=PLAN)
def show_one_plan(visit: Visit, connection: Connection) -> Html:
    plan = Plan(show_plan(connection, visit.target.uuid, at=visit.now), visit.now)
    query, selection = read_selection(visit)
    page, found = list_licenses(connection, visit.target, selection, PageRequest(ROWS, query.page))
    given = {
        "plan": plan,
        "licenses": [(each, *WORDS[each.status]) for each in found],
        "page": page,
        "chips": _chips(visit, connection, selection),
        "is_filtered": bool(visit.query.get("search") or visit.query.get("status")),
        "moment": clock.parse_instant,
        "exports": _exports(visit),
    }
    return Html("plan.html", given)


def read_selection(visit: Visit) -> tuple[LicenseListQuery, LicenseSelection]:
    """Raises Refused that names each wrong parameter."""
    query, errors = read_query(LicenseListQuery, visit.query)
    if query is None:
        reason = " ".join(f"{name}: {' '.join(why)}" for name, why in errors.items())
        raise Refused(400, "This filter cannot be read", reason, "Begin with all licenses.")
    selection = query.selection()
    if visit.query.get("status") is None:
        # What nobody holds is a number, and no list.
        held = frozenset(LicenseStatus) - {LicenseStatus.UNASSIGNED}
        selection = LicenseSelection(held, selection.user_email, selection.search)
    return query, selection


def _exports(visit: Visit) -> Exports:
    own = [(name, value) for name, value in visit.query.pairs if value and name != "page"]
    held = "" if visit.query.get("status") else "status=assigned,activated,revoked"
    query = "&".join(filter(None, [urlencode(own), held]))
    api = f"{API}/{visit.target.uuid}/licenses?{query}"
    return exports(visit, f"{visit.path}/licenses", own, api)


def _chips(visit: Visit, connection: Connection, selection: LicenseSelection) -> list[StatusChip]:
    every = LicenseSelection(frozenset(LicenseStatus), selection.user_email, selection.search)
    counts = {each.status: each.count for each in count_by_status(connection, visit.target, every)}
    now = visit.query.get("status")
    return [
        StatusChip(
            *WORDS[status],
            counts.get(status, 0),
            visit.with_query(status=None if now == status else status.value),
            now == status,
        )
        for status in (LicenseStatus.ACTIVATED, LicenseStatus.ASSIGNED, LicenseStatus.REVOKED)
    ]
