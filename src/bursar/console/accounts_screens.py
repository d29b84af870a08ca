"""What belongs to a person and to no enterprise: where to begin, their sessions, their password."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.accounts import service as accounts
from bursar.accounts.refusals import WeakPassword
from bursar.console.browsers import name_of
from bursar.console.screens import Screens
from bursar.console.visits import Goto, Html, NotThere, Visit
from bursar.identity.service import find_enterprises, list_enterprises
from bursar.web.parameters import parse_uuid

screens: Final = Screens()
_ACCOUNT: Final = "/console/account"
_MOST_SHOWN: Final = 200


@screens.get("/console")
def begin(visit: Visit, connection: Connection) -> Html | Goto:
    """The enterprises that a person may see; of a single one its start page."""
    if visit.who.is_operator:
        found = list_enterprises(connection)
    else:
        mine = find_enterprises(connection, visit.who.roles).values()
        found = [each for each in mine if each.suspended_at is None]
    wanted = (visit.query.get("search") or "").casefold()
    shown = sorted(
        (each for each in found if wanted in f"{each.name} {each.slug}".casefold()),
        key=lambda each: each.name.casefold(),
    )
    if len(found) == 1 and not wanted and not visit.who.is_operator:
        return Goto(f"/console/e/{found[0].slug}")
    given = {"enterprises": shown[:_MOST_SHOWN], "matching": len(shown), "total": len(found)}
    return Html("start.html", given)


@screens.get(_ACCOUNT)
def show_account(visit: Visit, connection: Connection) -> Html:
    return _account(visit, connection)


def _account(visit: Visit, connection: Connection, error: str = "", status: int = 200) -> Html:
    sessions = accounts.list_sessions(connection, visit.who.user_uuid, visit.now)
    given = {
        "sessions": [(each, name_of(each.browser)) for each in sessions],
        "totp": accounts.find_totp(connection, visit.who.user_uuid),
        "error": error,
    }
    return Html("account.html", given, status)


@screens.post(f"{_ACCOUNT}/end-session")
def end_session(visit: Visit, session: Session) -> Goto:
    try:
        wanted: UUID = parse_uuid(visit.form.get("session"))
    except ValueError:
        raise NotThere from None
    if not accounts.end_session(session, visit.who, wanted, at=visit.now):
        raise NotThere
    return Goto(_ACCOUNT, "The session has ended.")


@screens.post_alone(f"{_ACCOUNT}/password", is_grave=True, before_totp=True)
def choose_password(visit: Visit) -> Html | Goto:
    try:
        accounts.choose_password(
            visit.database,
            visit.who,
            visit.form.get("password"),
            request_id=visit.request_id,
            at=visit.now,
        )
    except WeakPassword as weak:
        with visit.database.read() as connection:
            return _account(visit, connection, str(weak), 422)
    return Goto(_ACCOUNT, "The password is changed. Your other sessions have ended.")


@screens.post("/console/sign-out", before_totp=True)
def sign_out(visit: Visit, session: Session) -> Goto:
    accounts.sign_out(session, visit.who, at=visit.now)
    return Goto("/console/sign-in", "You are signed out.", cookie="")
