"""Sandboxes over HTTP: the mails of an enterprise that is for tests, what goes wrong in it, and its
reset. To everything here, an enterprise that is none is unknown."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from pydantic import AfterValidator, ConfigDict, Field
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar import clock
from bursar.api.people import ADDRESS
from bursar.delivery.service import CapturedMail, MailReader
from bursar.identity.owned import SANDBOX, NamedEnterprise
from bursar.sandboxes import service
from bursar.sandboxes.commands import AdvanceClock
from bursar.sandboxes.due import DueWork
from bursar.sandboxes.service import ClockTooFarAhead
from bursar.sandboxes.views import AdvancedClock, ClockView, Faults, LmsFaults, MailFaults
from bursar.web.errors import BusinessRule
from bursar.web.query import IDENTIFIER, Parameter, Query, size_of_page
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Refusals, Routes
from bursar.web.validation import Body

PATH: Final = "/enterprise/v1/sandbox"
LONGEST_WAIT: Final = 30
BACKWARDS: Final = "A clock goes forward only."
NOTHING: Final = "Advance the clock by a second at least."
CENTURIES: Final = "No clock can be ahead by so much."
NO_SPAN: Final = "Give weeks, or days, hours, minutes and seconds, such as P2W, P90D or P1DT12H30M."
OwnedSandbox: TypeAlias = Annotated[NamedEnterprise, SANDBOX]
REFUSALS: Final[Refusals] = {ClockTooFarAhead: lambda refused: BusinessRule(str(refused))}
routes: Final = Routes("sandbox", REFUSALS, only_admin=True)
_SPAN: Final = (
    r"P(?:([0-9]{1,9})W|(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?)"
)
_UNITS: Final = ("weeks", "days", "hours", "minutes", "seconds")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


class SandboxQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[UUID, IDENTIFIER, "The enterprise, which is a sandbox."]


class MailQuery(SandboxQuery, frozen=True, kw_only=True):
    to: Annotated[str | None, ADDRESS, "Only mails to this address."] = None
    before: Annotated[
        int | None,
        Parameter(_number, "Enter a whole number.", {"type": "integer", "minimum": 0}),
        "Only those before this `number`; `next` has it.",
    ] = None
    page_size: Annotated[
        int, size_of_page(default=20, maximum=100), "Mails on a page, up to 100."
    ] = 20


def _span(text: str) -> timedelta:
    """Months and years are refused, because they are not always as long."""
    if text.strip().startswith("-"):
        raise ValueError(BACKWARDS)
    found = re.fullmatch(_SPAN, text)
    if found is None or not any(found.groups()):
        raise ValueError(NO_SPAN)
    numbers = dict(zip(_UNITS, (int(each or 0) for each in found.groups()), strict=True))
    try:
        span = timedelta(**numbers)
    except OverflowError:
        raise ValueError(CENTURIES) from None
    if not span:
        raise ValueError(NOTHING)
    return span


def _checked(text: str) -> str:
    _span(text)
    return text


class ClockBody(Body):
    advance: Annotated[
        str,
        AfterValidator(_checked),
        Field(json_schema_extra={"pattern": f"^{_SPAN}$", "example": "P90D"}),
    ]

    @property
    def span(self) -> timedelta:
        return _span(self.advance)


class _Exact(Body):
    """A fault whose name is misspelt would happen to nobody, and its test would succeed."""

    model_config = ConfigDict(extra="forbid")


class LmsFaultsBody(_Exact):
    slow_seconds: Annotated[int, Field(ge=0, le=LONGEST_WAIT)] = 0
    away: bool = False
    refuse_one_in: Annotated[int, Field(ge=1, le=1000)] | None = None


class MailFaultsBody(_Exact):
    bounce: bool = False


class FaultsBody(_Exact):
    lms: LmsFaultsBody = LmsFaultsBody()
    mail: MailFaultsBody = MailFaultsBody()

    @property
    def faults(self) -> Faults:
        lms = LmsFaults(self.lms.slow_seconds, self.lms.away, self.lms.refuse_one_in)
        return Faults(lms, MailFaults(self.mail.bounce))


class MailList(msgspec.Struct, frozen=True):
    next: str | None
    results: Sequence[CapturedMail]


_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": "5a0cf6d4-3f0f-4e8b-a5ee-9f1a0f3f7c11",
    "kind": "license-assigned",
    "to": "ana@acme.example",
    "subject": "Acme has given you a license",
    "text": "Acme has given you a license. [...]",
    "html": "<!DOCTYPE html> [...]",
    "at": "2026-02-24T09:30:00Z",
    "status": "delivered",
    "reason": None,
    "number": 4711,
}


@routes.get(f"{PATH}/mail", example={"next": None, "results": [_EXAMPLE]})
def list_captured_mail(
    sandbox: OwnedSandbox,
    query: MailQuery,
    request: HttpRequest,
    *,
    reader: MailReader,
    connection: Connection,
) -> MailList:
    """List the mails of a sandbox

    The newest first, with what each says. None of them is ever sent. A mail is listed as soon as it
    is queued: as `pending`, until a worker has captured it (`delivered`) or found that it is no
    longer wanted (`dropped`; `reason` says why). Beyond the reference.
    """
    found = reader.captured_mails(
        connection,
        sandbox.enterprise_uuid,
        recipient=query.to,
        before=query.before,
        limit=query.page_size + 1,
    )
    shown = found[: query.page_size]
    return MailList(_next(request, shown[-1]) if len(found) > len(shown) else None, shown)


def _next(request: HttpRequest, last: CapturedMail) -> str:
    pairs = [(name, value) for name, value in request.query.pairs if name != "before"]
    return f"{request.url}?{urlencode([*pairs, ('before', str(last.number))])}"


@routes.post(f"{PATH}/reset", status=204)
def reset_sandbox(
    sandbox: OwnedSandbox,
    _query: SandboxQuery,
    caller: Caller,
    request: HttpRequest,
    *,
    session: Session,
) -> None:
    """Reset a sandbox

    Its mails are forgotten, so that a test finds its own only; those too that wait. Nothing goes
    wrong any more. Learners, licenses, budgets and all other data stay. Beyond the reference.
    """
    service.reset(session, caller.actor, sandbox.enterprise_uuid, at=request.now)


_FAULTS: Final[dict[str, Any]] = {
    "lms": {"slow_seconds": 0, "away": False, "refuse_one_in": 3},
    "mail": {"bounce": True},
}


@routes.get(f"{PATH}/faults", example=_FAULTS)
def show_faults(sandbox: OwnedSandbox, _query: SandboxQuery, connection: Connection) -> Faults:
    """Show what goes wrong in a sandbox

    Beyond the reference.
    """
    return service.faults_of(connection, sandbox.enterprise_uuid)


@routes.put(f"{PATH}/faults", example=_FAULTS)
def set_faults(
    sandbox: OwnedSandbox,
    _query: SandboxQuery,
    body: FaultsBody,
    caller: Caller,
    request: HttpRequest,
    *,
    session: Session,
) -> Faults:
    """Let something go wrong in a sandbox

    What is left out goes right. The LMS can answer each call some seconds later, be away, or refuse
    one in so many enrollments: exactly each third one, for 3, counted from this request on. Mails
    can bounce. No other enterprise notices. Beyond the reference.
    """
    service.set_faults(session, caller.actor, sandbox.enterprise_uuid, body.faults, at=request.now)
    return body.faults


_CLOCK: Final[dict[str, Any]] = {"now": "2026-05-25T09:30:00Z", "ahead_seconds": 7776000}
_HAPPENED: Final[dict[str, Any]] = {
    "type": "assignment.expired",
    "object_type": "assignment",
    "object_id": "8b0b36f1-7f2b-4b2c-9c1e-2f0f3d1f5a77",
    "at": "2026-05-25T09:30:00Z",
}


@routes.get(f"{PATH}/clock", example=_CLOCK)
def show_clock(
    _sandbox: OwnedSandbox, _query: SandboxQuery, request: HttpRequest, _connection: Connection
) -> ClockView:
    """Show the clock of a sandbox

    Beyond the reference.
    """
    return ClockView(request.now, int(clock.ahead().total_seconds()))


@routes.post(f"{PATH}/clock", example={**_CLOCK, "count": 1, "events": [_HAPPENED]})
def advance_clock(
    sandbox: OwnedSandbox,
    _query: SandboxQuery,
    body: ClockBody,
    caller: Caller,
    *,
    due: DueWork,
    session: Session,
) -> AdvancedClock:
    """Advance the clock of a sandbox

    By weeks, or by days, hours, minutes and seconds in ISO 8601, and never back. What is due then
    is done before the answer: assignments, budgets and plans expire or are told to expire soon, and
    plans are renewed. `events` are the first 1,000 of those that this has made. Beyond the
    reference.
    """
    command = AdvanceClock(sandbox.enterprise_uuid, body.span)
    return service.advance(session, caller.actor, due, command)
