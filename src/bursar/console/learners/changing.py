"""A learner gets another address, or is erased."""

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.figures import counted
from bursar.console.learners.person import PATH
from bursar.console.screens import Screens
from bursar.console.visits import Goto, Html, NotThere, Visit
from bursar.emails import checked
from bursar.learners.owned import LEARNER
from bursar.people.refusals import PersonRefused, UnknownPerson
from bursar.people.service import change_email, erase_person, summarize_person

screens: Final = Screens()
_ADDRESS: Final = f"{PATH}/address"
_ERASE: Final = f"{PATH}/erase"


@screens.get(_ADDRESS, owned=LEARNER)
def ask_address(visit: Visit, _connection: Connection) -> Html:
    return _address(visit)


@screens.post(_ADDRESS, owned=LEARNER, is_grave=True)
def give_address(visit: Visit, session: Session) -> Html | Goto:
    enterprise, old = visit.target.enterprise_uuid, visit.target.email
    try:
        new = checked(visit.form.get("email").strip())
        change_email(session, visit.actor, enterprise, old, new, at=visit.now)
    except ValueError as error:
        return _address(visit, str(error), 422)
    except PersonRefused as refused:
        return _address(visit, str(refused), 409)
    return Goto(_page_of(visit), "The learner has another address now.")


@screens.get(_ERASE, owned=LEARNER)
def review_erasure(visit: Visit, connection: Connection) -> Html:
    with Session(connection) as session:
        return _review(visit, session)


@screens.post(_ERASE, owned=LEARNER, is_grave=True)
def erase(visit: Visit, session: Session) -> Html | Goto:
    enterprise, email = visit.target.enterprise_uuid, visit.target.email
    try:
        erased = erase_person(session, visit.actor, enterprise, email, visit.now)
    except PersonRefused as refused:
        return _review(visit, session, str(refused))
    rows = sum(erased.rows.values())
    said = f"The person is taken out of {counted(rows, 'row')}. Money and seats stay as they were."
    return Goto(f"{visit.base}/learners", said)


def _address(visit: Visit, error: str = "", status: int = 200) -> Html:
    given = {"learner": visit.target, "page": _page_of(visit), "error": error}
    return Html("learner-address.html", given, status)


def _review(visit: Visit, session: Session, error: str = "") -> Html:
    try:
        found = summarize_person(session, visit.target.enterprise_uuid, visit.target.email)
    except UnknownPerson:
        raise NotThere from None
    given = {
        "learner": visit.target,
        "page": _page_of(visit),
        "rows": [(name, count) for name, count in found.rows.items() if count],
        "others": found.other_addresses,
        "error": error,
    }
    return Html("learner-erase.html", given, 409 if error else 200)


def _page_of(visit: Visit) -> str:
    return f"{visit.base}/learners/{visit.target.id}"
