"""Who may: the people of the console in one enterprise, invited and removed."""

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.accounts import service as accounts
from bursar.accounts.commands import LINK_VALID
from bursar.accounts.refusals import AccountRefused
from bursar.accounts.service import ConsoleRole, Invite
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, NotThere, Visit
from bursar.web.parameters import parse_uuid

screens: Final = Screens()
_PEOPLE: Final = f"{OF_ENTERPRISE}/people"
ROLES: Final = {ConsoleRole.VIEWER: "Viewer", ConsoleRole.ADMIN: "Administrator"}


@screens.get(_PEOPLE)
def show_people(visit: Visit, connection: Connection) -> Html:
    return _people(visit, connection)


@screens.post_alone(f"{_PEOPLE}/invite", is_grave=True)
def invite(visit: Visit) -> Html | Goto:
    """Shows the link once: it is stored nowhere, so that no repetition can show it again."""
    form = visit.form
    try:
        role = ConsoleRole(form.get("role"))
        command = Invite(form.get("email"), visit.enterprise.uuid, role)
        with visit.database.transaction() as session:
            making = accounts.invite if visit.who.is_operator else accounts.invite_here
            secret = making(session, visit.actor, command, at=visit.now)
    except ValueError as error:
        with visit.database.read() as connection:
            return _people(visit, connection, str(error), 422)
    if secret is None:
        return Goto(
            f"{visit.base}/people",
            f"{command.email.strip()} has the role, and signs in as they do elsewhere. Only the "
            "operator can make a link for them.",
        )
    given = {
        "email": command.email.strip(),
        "role": ROLES[role],
        "link": f"{visit.root}/console/link/{secret}",
        "until": visit.now + LINK_VALID,
    }
    return Html("invited.html", given)


@screens.post(f"{_PEOPLE}/remove", is_grave=True)
def remove(visit: Visit, session: Session) -> Html | Goto:
    try:
        person = parse_uuid(visit.form.get("person"))
    except ValueError:
        raise NotThere from None
    try:
        accounts.remove(session, visit.actor, person, visit.enterprise.uuid, at=visit.now)
    except AccountRefused as refused:
        return _people(visit, session.connection(), str(refused), 409)
    return Goto(f"{visit.base}/people", "The role is taken away.")


def _people(visit: Visit, connection: Connection, error: str = "", status: int = 200) -> Html:
    given = {
        "people": accounts.list_people(connection, visit.enterprise.uuid),
        "roles": ROLES,
        "error": error,
    }
    return Html("people.html", given, status)
