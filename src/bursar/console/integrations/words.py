"""How the states of integrations are worded. No function has effects."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from bursar.console.figures import counted
from bursar.identity.service import ClientOfEnterprise, Role
from bursar.scheduled_reports.commands import ReportKind
from bursar.scheduled_reports.rules import Timetable
from bursar.scheduled_reports.service import RunStatus, RunView
from bursar.webhooks.service import EndpointView
from bursar.xapi.models import Identity
from bursar.xapi.service import ConnectionView

State: TypeAlias = tuple[str, str]
"""The word and the tone of a chip."""

ROLES: Final = {
    Role.REPORTING: "Reporting",
    Role.ADMIN: "Administrator",
    Role.SCIM: "Identity provider",
}
_RUNS: Final = {
    RunStatus.PENDING: ("Being sent", "busy"),
    RunStatus.DELIVERED: ("Delivered", "good"),
    RunStatus.FAILED: ("Failed", "bad"),
    RunStatus.DROPPED: ("Dropped", "off"),
}
REPORTS: Final = {
    ReportKind.LEARNER_SUMMARY: "Learner summary",
    ReportKind.LICENSES: "Licenses",
    ReportKind.ASSIGNMENTS: "Assignments",
    ReportKind.TRANSACTIONS: "Transactions",
    ReportKind.CATALOG: "Catalog",
}
PEOPLE: Final = {
    Identity.MBOX: "by e-mail address",
    Identity.MBOX_SHA1SUM: "by a hash of the e-mail address",
    Identity.ACCOUNT: "by the account in the LMS",
}
_DAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
_SHOWN_TYPES: Final = 2


def state_of_client(client: ClientOfEnterprise) -> State:
    if client.disabled_at is not None:
        return "Disabled", "off"
    return ("Enabled", "good") if client.proofs else ("No secret", "wait")


def state_of_endpoint(endpoint: EndpointView) -> State:
    if not endpoint.enabled:
        return "Disabled", "off"
    return _health(endpoint.failing_since, endpoint.last_success_at)


def host_of(url: str) -> str:
    """Without what may be a secret in itself, for those who only look."""
    return urlsplit(url).hostname or ""


def state_of_connection(connection: ConnectionView) -> State:
    return _health(connection.failing_since, connection.succeeded_at)


def _health(failing_since: object, succeeded_at: object) -> State:
    if failing_since is not None:
        return "Failing", "bad"
    return ("Works", "good") if succeeded_at is not None else ("Nothing sent yet", "wait")


def state_of_run(run: RunView) -> State:
    if run.status is RunStatus.PENDING and run.error is not None:
        return "Tried again later", "wait"
    return _RUNS[run.status]


def wanted(types: Sequence[str] | None) -> str:
    """`license.*, enrollment.created and 3 more`."""
    if types is None:
        return "All"
    more = len(types) - _SHOWN_TYPES
    shown = ", ".join(types[:_SHOWN_TYPES])
    return f"{shown} and {more} more" if more > 0 else shown


def schedule(timetable: Timetable | None) -> str:
    """`Monday and Friday at 06:30, Europe/Berlin`."""
    if timetable is None:
        return "In a time zone that this machine does not know"
    at = timetable.time_of_day.isoformat("seconds" if timetable.time_of_day.second else "minutes")
    return f"{_days(timetable)} at {at}, {timetable.zone.key}"


def _days(timetable: Timetable) -> str:
    if timetable.weekdays:
        return _listed(_DAYS[number - 1] for number in sorted(timetable.weekdays))
    if timetable.month_days:
        days = _listed(str(number) for number in sorted(timetable.month_days))
        return f"Day {days} of the month"
    return "Every day"


def _listed(words: Iterable[str]) -> str:
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last


def others(client: ClientOfEnterprise) -> str:
    """A sentence about the other enterprises of a client; empty when there are none."""
    if not client.elsewhere:
        return ""
    told = counted(client.elsewhere, "other enterprise", "other enterprises")
    return f"It acts for {told} too, and they are affected in the same way."
