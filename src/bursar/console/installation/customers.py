"""The enterprises of the installation: looked at, taken out of use and back, and written out as a
manifest, as `bursar enterprise` and `bursar export` do."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.accounts.service import list_people
from bursar.console.screens import OF_INSTALLATION, Screens
from bursar.console.visits import File, Goto, Html, NotThere, Visit
from bursar.identity.service import (
    EnterpriseView,
    UnknownEnterprise,
    find_enterprises,
    list_enterprises,
    set_suspended,
)
from bursar.learners.listing import COUNTED_TO, count_learners
from bursar.web.parameters import parse_uuid

screens: Final = Screens()
ENTERPRISES: Final = f"{OF_INSTALLATION}/enterprises"
_ONE: Final = f"{ENTERPRISES}/{{enterprise_uuid:uuid}}"
_MOST: Final = 200
_YAML: Final = "application/yaml; charset=utf-8"


@screens.get(ENTERPRISES)
def show_enterprises(visit: Visit, connection: Connection) -> Html:
    search = (visit.query.get("search") or "").strip().casefold()
    found = list_enterprises(connection)
    matching = [each for each in found if search in f"{each.name} {each.slug}".casefold()]
    given = {
        "enterprises": sorted(matching, key=lambda each: each.name.casefold())[:_MOST],
        "matching": len(matching),
        "total": len(found),
        "search": search,
    }
    return Html("operator-enterprises.html", given)


@screens.get(_ONE)
def show_enterprise(visit: Visit, connection: Connection) -> Html:
    enterprise = _named(visit, connection)
    given = {
        "enterprise": enterprise,
        "people": len(list_people(connection, enterprise.uuid)),
        "learners": count_learners(connection, enterprise.uuid, ""),
        "most": COUNTED_TO,
    }
    return Html("operator-enterprise.html", given)


@screens.get(f"{_ONE}/manifest.yaml")
def download(visit: Visit, connection: Connection) -> File:
    """Without secrets; applied again it changes nothing."""
    enterprise = _named(visit, connection)
    with Session(connection) as session:
        text = visit.installation.manifest_of(session, enterprise.uuid)
    return File(f"{enterprise.slug}.yaml", _YAML, text.encode())


@screens.post(f"{_ONE}/suspend", is_grave=True)
def suspend(visit: Visit, session: Session) -> Goto:
    return _set(visit, session, suspended=True)


@screens.post(f"{_ONE}/resume", is_grave=True)
def resume(visit: Visit, session: Session) -> Goto:
    return _set(visit, session, suspended=False)


def _set(visit: Visit, session: Session, *, suspended: bool) -> Goto:
    uuid = _uuid(visit)
    try:
        changed = set_suspended(session, visit.actor, uuid, visit.now, suspended=suspended)
    except UnknownEnterprise:
        raise NotThere from None
    state = "suspended" if suspended else "in use"
    told = f"is {state}" if changed else f"was {state} already"
    return Goto(f"{ENTERPRISES}/{uuid}", f"The enterprise {told}.")


def _named(visit: Visit, connection: Connection) -> EnterpriseView:
    """Raises NotThere."""
    uuid = _uuid(visit)
    found = find_enterprises(connection, [uuid]).get(uuid)
    if found is None:
        raise NotThere
    return found


def _uuid(visit: Visit) -> UUID:
    try:
        return parse_uuid(str(visit.parameters["enterprise_uuid"]))
    except ValueError:
        raise NotThere from None
