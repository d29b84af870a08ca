"""Licenses are given to people, who are reminded, and taken back; what it means is told first."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.addresses import MOST, Pasted, read_addresses
from bursar.console.figures import counted
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.seats.plans import Plan
from bursar.console.visits import Goto, Html, NotThere, Refused, Visit
from bursar.emails import normalised
from bursar.subscriptions.licenses.commands import (
    AssignedLicenses,
    AssignLicenses,
    RemindLearners,
    RevokeLicenses,
)
from bursar.subscriptions.licenses.refusals import (
    LicenseRefused,
    NotEnoughLicenses,
    TooManyRevocations,
)
from bursar.subscriptions.licenses.service import assign, find_live_licenses, remind, revoke
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.owned import PLAN
from bursar.subscriptions.plans.service import show_plan

screens: Final = Screens()
_PLAN: Final = f"{OF_ENTERPRISE}/subscriptions/{{subscription_plan_uuid:uuid}}"
_MOST_SELECTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Consequence:
    """What reminding or revoking the licenses of some people means."""

    change: str
    emails: tuple[str, ...]
    """Of those for whom it is possible."""
    activated: int
    """Of those whose enrollments end, and whose revocations count."""
    impossible: int


@screens.get(f"{_PLAN}/assign", owned=PLAN)
def choose_people(visit: Visit, connection: Connection) -> Html:
    return _people(_assignable(visit, connection), visit.query.get("learners") or "")


@screens.post(f"{_PLAN}/assign/preview", owned=PLAN, changes_nothing=True)
def preview(visit: Visit, session: Session) -> Html:
    """Assigns, shows what came of it, and leaves nothing behind."""
    plan = _assignable(visit, session.connection())
    text = visit.form.get("learners")
    pasted = read_addresses(text)
    if wrong := _wrong_number(pasted):
        return _people(plan, text, wrong, 422)
    try:
        done = _assign(visit, session, pasted)
    except LicenseRefused as refused:
        return _people(plan, text, _sentence(refused), 422)
    new = {email for email, _ in done.licenses}
    rows = [
        (email, "Gets a license", "good") if email in new else (email, "Has one already", "off")
        for email in pasted.emails
    ]
    given = {
        "plan": plan,
        "pasted": pasted,
        "rows": [*rows, *((text, why, "bad") for text, why in pasted.wrong)],
        "number": len(new),
        "kept": done.already_associated,
        "learners": "\n".join(pasted.emails),
    }
    return Html("assign-preview.html", given)


@screens.post(f"{_PLAN}/assign", owned=PLAN, is_grave=True)
def give(visit: Visit, session: Session) -> Html | Goto:
    plan = _assignable(visit, session.connection())
    text = visit.form.get("learners")
    pasted = read_addresses(text)
    if wrong := _wrong_number(pasted):
        return _people(plan, text, wrong, 422)
    try:
        done = _assign(visit, session, pasted)
    except LicenseRefused as refused:
        return _people(plan, text, _sentence(refused), 422)
    number = len(done.licenses)
    if visit.form.get("number") != str(number):
        changed = f"By now it would be {counted(number, 'person', 'people')}."
        return _people(plan, text, f"{changed} Nothing was done: look at the preview again.", 409)
    said = f"{counted(number, 'person gets', 'people get')} a license and a mail."
    return Goto(_path(visit), said)


@screens.get(f"{_PLAN}/review", owned=PLAN)
def review(visit: Visit, connection: Connection) -> Html:
    change = visit.query.get("change") or ""
    emails = visit.query.get_all("email")
    return _reviewed(visit, connection, change, emails)


@screens.post(f"{_PLAN}/review", owned=PLAN, is_grave=True)
def change_licenses(visit: Visit, session: Session) -> Html | Goto:
    change, emails = visit.form.get("change"), visit.form.get_all("email")
    connection = session.connection()
    found = _consequence(visit, connection, change, emails)
    told = (visit.form.get("number"), visit.form.get("activated"))
    if told != (str(len(found.emails)), str(found.activated)):
        error = "What it means has changed in the meantime. Nothing was done."
        return _reviewed(visit, connection, change, emails, error)
    try:
        number = _change(visit, session, found)
    except LicenseRefused as refused:
        return _reviewed(visit, connection, change, emails, _sentence(refused))
    done = "are revoked" if change == "revoke" else "are reminded"
    if number == 1:
        done = done.replace("are", "is", 1)
    return Goto(_path(visit), f"{counted(number, 'license')} {done}.")


def _change(visit: Visit, session: Session, found: Consequence) -> int:
    enterprise, plan = visit.enterprise.uuid, visit.target.uuid
    if found.change == "revoke":
        taken = RevokeLicenses(enterprise, plan, found.emails)
        return revoke(session, visit.actor, taken, at=visit.now)
    told = RemindLearners(enterprise, plan, found.emails)
    return remind(session, visit.actor, told, at=visit.now)


def _reviewed(
    visit: Visit,
    connection: Connection,
    change: str,
    emails: list[str],
    error: str = "",
) -> Html:
    plan = Plan(show_plan(connection, visit.target.uuid, at=visit.now), visit.now)
    found = _consequence(visit, connection, change, emails)
    given = {"plan": plan, "found": found, "error": error, "back": _path(visit)}
    return Html("plan-review.html", given, 409 if error else 200)


def _consequence(
    visit: Visit, connection: Connection, change: str, emails: list[str]
) -> Consequence:
    """Raises NotThere and Refused."""
    if change not in {"revoke", "remind"}:
        raise NotThere
    asked = list(dict.fromkeys(normalised(each) for each in emails))
    if not 1 <= len(asked) <= _MOST_SELECTED:
        raise Refused(
            422,
            "Nothing is selected",
            f"To {change} licenses, tick some of them, up to {_MOST_SELECTED:,}.",
            "Go back to the plan.",
        )
    live = find_live_licenses(Session(connection), visit.target.uuid, asked)
    possible = [
        each for each in live if change == "revoke" or each.status is LicenseStatus.ASSIGNED
    ]
    activated = sum(each.status is LicenseStatus.ACTIVATED for each in possible)
    names = tuple(sorted(each.user_email for each in possible))
    return Consequence(change, names, activated, len(asked) - len(names))


def _assignable(visit: Visit, connection: Connection) -> Plan:
    """Raises Refused."""
    plan = Plan(show_plan(connection, visit.target.uuid, at=visit.now), visit.now)
    if not plan.can_assign:
        raise Refused(
            409,
            "This plan gives no licenses now",
            f"{plan.item.title} is inactive, has not begun, has ended, or is being renewed.",
            "Choose another plan.",
        )
    return plan


def _assign(visit: Visit, session: Session, pasted: Pasted) -> AssignedLicenses:
    wanted = AssignLicenses(visit.enterprise.uuid, visit.target.uuid, dict.fromkeys(pasted.emails))
    return assign(session, visit.actor, wanted, at=visit.now)


def _wrong_number(pasted: Pasted) -> str:
    if not pasted.emails:
        return "There is no e-mail address in it. Type or paste at least one."
    if len(pasted.emails) > MOST:
        return f"At most {MOST:,} people at once; these are {len(pasted.emails):,}."
    return ""


def _sentence(refused: LicenseRefused) -> str:
    if isinstance(refused, NotEnoughLicenses):
        free = counted(refused.unassigned, "license is", "licenses are")
        return f"It needs {refused.needed:,} licenses, and {free} free. Name fewer people."
    if isinstance(refused, TooManyRevocations):
        left = counted(max(0, refused.remaining), "revocation is", "revocations are")
        return f"{refused.activated:,} of them were activated, and {left} left. Select fewer."
    return "Some of these people have no such license any more. Nothing was done."


def _people(plan: Plan, text: str, error: str = "", status: int = 200) -> Html:
    return Html("assign-people.html", {"plan": plan, "learners": text, "error": error}, status)


def _path(visit: Visit) -> str:
    return f"{visit.base}/subscriptions/{visit.target.uuid}"
