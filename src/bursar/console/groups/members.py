"""People become members of a group, and leave it; what it means is told first."""

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.addresses import MOST, Pasted, read_addresses
from bursar.console.figures import counted
from bursar.console.groups.listing import GROUP_PATH, budgets_by_group, path_of
from bursar.console.screens import Screens
from bursar.console.visits import Goto, Html, Refused, Visit
from bursar.emails import normalised
from bursar.groups.owned import GROUP
from bursar.groups.service import ChangeMembers, change_members, find_group, members_known

screens: Final = Screens()


@screens.get(f"{GROUP_PATH}/add", owned=GROUP)
def choose_people(visit: Visit, connection: Connection) -> Html:
    return _people(visit, connection, "")


@screens.post(f"{GROUP_PATH}/add/preview", owned=GROUP, changes_nothing=True)
def preview(visit: Visit, session: Session) -> Html:
    connection, text = session.connection(), visit.form.get("learners")
    pasted = read_addresses(text)
    if wrong := _wrong_number(pasted):
        return _people(visit, connection, text, wrong, 422)
    known = members_known(connection, visit.target.uuid, pasted.emails)
    rows = [
        (email, "Is a member already", "off") if email in known else (email, "Joins", "good")
        for email in pasted.emails
    ]
    given = {
        "group": find_group(connection, visit.target.uuid),
        "path": path_of(visit),
        "pasted": pasted,
        "rows": [*rows, *((text, why, "bad") for text, why in pasted.wrong)],
        "number": len(pasted.emails) - len(known),
        "kept": len(known),
        "learners": "\n".join(pasted.emails),
        "budgets": _budgets(visit, connection),
    }
    return Html("group-add-preview.html", given)


@screens.post(f"{GROUP_PATH}/add", owned=GROUP, is_grave=True)
def add(visit: Visit, session: Session) -> Html | Goto:
    text = visit.form.get("learners")
    pasted = read_addresses(text)
    if wrong := _wrong_number(pasted):
        return _people(visit, session.connection(), text, wrong, 422)
    command = ChangeMembers(add=pasted.emails)
    done = change_members(session, visit.actor, visit.target.uuid, command, at=visit.now)
    if visit.form.get("number") != str(done.added):
        told = f"By now it would be {counted(done.added, 'person', 'people')}."
        error = f"{told} Nothing was done: look at the preview again."
        return _people(visit, session.connection(), text, error, 409)
    joined = counted(done.added, "person has", "people have")
    return Goto(path_of(visit), f"{joined} joined the group.")


@screens.get(f"{GROUP_PATH}/remove", owned=GROUP)
def review(visit: Visit, connection: Connection) -> Html:
    return _review(visit, connection, visit.query.get_all("email"))


@screens.post(f"{GROUP_PATH}/remove", owned=GROUP, is_grave=True)
def remove(visit: Visit, session: Session) -> Html | Goto:
    asked = visit.form.get_all("email")
    command = ChangeMembers(remove=_selected(asked))
    done = change_members(session, visit.actor, visit.target.uuid, command, at=visit.now)
    if visit.form.get("number") != str(done.removed):
        error = "Who is a member has changed in the meantime. Nothing was done."
        return _review(visit, session.connection(), asked, error)
    left = counted(done.removed, "person has", "people have")
    return Goto(path_of(visit), f"{left} left the group.")


def _review(visit: Visit, connection: Connection, asked: list[str], error: str = "") -> Html:
    known = members_known(connection, visit.target.uuid, _selected(asked))
    given = {
        "group": find_group(connection, visit.target.uuid),
        "path": path_of(visit),
        "emails": sorted(known),
        "budgets": _budgets(visit, connection),
        "error": error,
    }
    return Html("group-remove.html", given, 409 if error else 200)


def _selected(emails: list[str]) -> list[str]:
    """Raises Refused."""
    found = list(dict.fromkeys(normalised(each) for each in emails))
    if len(found) > MOST:
        reason = f"At most {MOST:,} members leave at once."
        raise Refused(422, "Too many are selected", reason, "Go back to the group.")
    return found


def _people(
    visit: Visit, connection: Connection, text: str, error: str = "", status: int = 200
) -> Html:
    given = {
        "group": find_group(connection, visit.target.uuid),
        "path": path_of(visit),
        "learners": text,
        "error": error,
    }
    return Html("group-add.html", given, status)


def _budgets(visit: Visit, connection: Connection) -> list[str]:
    uuid = visit.target.uuid
    return [each.title for each in budgets_by_group(visit, connection, [uuid]).get(uuid, [])]


def _wrong_number(pasted: Pasted) -> str:
    if not pasted.emails:
        return "There is no e-mail address in it. Type or paste at least one."
    if len(pasted.emails) > MOST:
        return f"At most {MOST:,} people at once; these are {len(pasted.emails):,}."
    return ""
