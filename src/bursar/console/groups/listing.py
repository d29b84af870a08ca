"""Groups: who is in which, and which budgets are for them."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.credit.shared import Budget, budgets_of
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, Visit
from bursar.groups.owned import GROUP
from bursar.groups.service import (
    GroupIsUsed,
    TooManyGroups,
    create_group,
    delete_group,
    find_group,
    page_of_groups,
    page_of_members,
    policies_of_groups,
    rename_group,
)
from bursar.pages import PageRequest

screens: Final = Screens()
PATH: Final = f"{OF_ENTERPRISE}/groups"
GROUP_PATH: Final = f"{PATH}/{{group_uuid:uuid}}"
_LONGEST_NAME: Final = 255


@screens.get(PATH)
def show_groups(visit: Visit, connection: Connection) -> Html:
    return _listed(visit, connection)


@screens.post(PATH)
def create(visit: Visit, session: Session) -> Html | Goto:
    name = visit.form.get("name").strip()
    if wrong := _wrong_name(name):
        return _listed(visit, session.connection(), wrong, 422)
    try:
        made = create_group(session, visit.actor, visit.enterprise.uuid, name, at=visit.now)
    except TooManyGroups as refused:
        return _listed(visit, session.connection(), str(refused), 422)
    return Goto(f"{visit.base}/groups/{made.uuid}", "The group is made. Nobody is in it yet.")


@screens.get(GROUP_PATH, owned=GROUP)
def show_group(visit: Visit, connection: Connection) -> Html:
    return _shown(visit, connection)


@screens.post(f"{GROUP_PATH}/name", owned=GROUP)
def rename(visit: Visit, session: Session) -> Html | Goto:
    name = visit.form.get("name").strip()
    if wrong := _wrong_name(name):
        return _shown(visit, session.connection(), wrong, 422)
    rename_group(session, visit.actor, visit.target.uuid, name, at=visit.now)
    return Goto(path_of(visit), "The group has another name now.")


@screens.get(f"{GROUP_PATH}/delete", owned=GROUP)
def review_deletion(visit: Visit, connection: Connection) -> Html:
    return _review(visit, connection)


@screens.post(f"{GROUP_PATH}/delete", owned=GROUP, is_grave=True)
def delete(visit: Visit, session: Session) -> Html | Goto:
    try:
        delete_group(session, visit.actor, visit.target.uuid, at=visit.now)
    except GroupIsUsed:
        return _review(visit, session.connection(), 409)
    return Goto(f"{visit.base}/groups", "The group is deleted. Its members stay learners.")


def path_of(visit: Visit) -> str:
    return f"{visit.base}/groups/{visit.target.uuid}"


def budgets_by_group(
    visit: Visit, connection: Connection, groups: Sequence[UUID]
) -> Mapping[UUID, list[Budget]]:
    """The budgets that are for these groups only."""
    found = policies_of_groups(connection, groups)
    if not any(found.values()):
        return {}
    budgets = {each.uuid: each for each in budgets_of(visit, connection)}
    return {
        group: [budgets[policy] for policy in policies if policy in budgets]
        for group, policies in found.items()
    }


def _listed(visit: Visit, connection: Connection, error: str = "", status: int = 200) -> Html:
    wanted = PageRequest(ROWS, 1 if error else page_number(visit))
    page, groups = page_of_groups(connection, visit.enterprise.uuid, wanted)
    budgets = budgets_by_group(visit, connection, [each.uuid for each in groups])
    given = {"page": page, "groups": groups, "budgets": budgets, "error": error}
    return Html("groups.html", given, status)


def _shown(visit: Visit, connection: Connection, error: str = "", status: int = 200) -> Html:
    uuid = visit.target.uuid
    wanted = PageRequest(ROWS, 1 if error else page_number(visit))
    page, members = page_of_members(connection, visit.enterprise.uuid, uuid, wanted)
    given = {
        "group": find_group(connection, uuid),
        "page": page,
        "members": members,
        "budgets": budgets_by_group(visit, connection, [uuid]).get(uuid, []),
        "path": path_of(visit),
        "error": error,
    }
    return Html("group.html", given, status)


def _review(visit: Visit, connection: Connection, status: int = 200) -> Html:
    uuid = visit.target.uuid
    given = {
        "group": find_group(connection, uuid),
        "budgets": budgets_by_group(visit, connection, [uuid]).get(uuid, []),
        "path": path_of(visit),
    }
    return Html("group-delete.html", given, status)


def _wrong_name(name: str) -> str:
    if not name:
        return "A group needs a name."
    if len(name) > _LONGEST_NAME:
        return f"A name has at most {_LONGEST_NAME} characters."
    if not name.isprintable():
        return "The name has characters that nobody sees."
    return ""
