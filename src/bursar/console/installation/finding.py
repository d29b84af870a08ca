"""Find anything: an address, a UUID, a request id, the id of a job or client, or part of a name;
each answer leads to where it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection

from bursar.accounts.service import emails_of
from bursar.audit.service import Entry, Wanted, latest_entries
from bursar.console.installation.delivering import DELIVERIES
from bursar.console.installation.working import path_of
from bursar.console.screens import OF_INSTALLATION, Screens
from bursar.console.visits import Html, Visit
from bursar.delivery.refusals import UnknownDelivery
from bursar.delivery.service import DeliverySearch, search_deliveries, view_of_delivery
from bursar.emails import normalised
from bursar.identity.service import EnterpriseView, find_enterprises, list_enterprises
from bursar.jobs.control import JobControl, UnknownJob
from bursar.learners.listing import learners_with_address
from bursar.web.parameters import parse_uuid

screens: Final = Screens()
FIND: Final = f"{OF_INSTALLATION}/find"
AUDIT: Final = f"{OF_INSTALLATION}/audit"
_LONGEST: Final = 254
_MOST: Final = 50
_PATHS: Final = {
    "policy": "/budgets/{}",
    "subscription_plan": "/subscriptions/{}",
}
"""Where an object of an enterprise has a page of its own, by the type that events give it."""


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    about: str
    path: str


@screens.get(FIND)
def find(visit: Visit, connection: Connection) -> Html:
    wanted = (visit.query.get("q") or "").replace("\x00", "").strip()[:_LONGEST]
    found = list(dict.fromkeys(_all(visit, connection, wanted))) if wanted else []
    return Html("operator-find.html", {"wanted": wanted, "found": found})


def _all(visit: Visit, connection: Connection, wanted: str) -> Iterator[Found]:
    if "@" in wanted:
        yield from _of_address(connection, normalised(wanted))
        return
    try:
        yield from _of_uuid(connection, parse_uuid(wanted))
    except ValueError:
        yield from _of_name(connection, wanted)
    yield from _of_request(connection, wanted)
    yield from _of_job(visit, wanted)
    if latest_entries(connection, Wanted(actor=wanted), limit=1):
        yield Found(wanted, "What it did", f"{AUDIT}?{urlencode({'by': wanted})}")


def _of_address(connection: Connection, email: str) -> Iterator[Found]:
    learners = learners_with_address(connection, email, limit=_MOST)
    enterprises = find_enterprises(connection, [each.enterprise_uuid for each in learners])
    for each in learners:
        enterprise = enterprises[each.enterprise_uuid]
        path = f"/console/e/{enterprise.slug}/learners/{each.id}"
        yield Found(email, f"Learner of {enterprise.name}", path)
    if search_deliveries(connection, DeliverySearch(recipient=email), limit=1):
        yield Found(email, "What was sent there", f"{DELIVERIES}?{urlencode({'to': email})}")
    if emails_of(connection, addresses=[email]):
        about = "What this person did in the console"
        yield Found(email, about, f"{AUDIT}?{urlencode({'by': email})}")


def _of_uuid(connection: Connection, uuid: UUID) -> Iterator[Found]:
    for enterprise in find_enterprises(connection, [uuid]).values():
        yield _enterprise(enterprise)
    try:
        delivery = view_of_delivery(connection, uuid)
        yield Found(delivery.recipient, "Delivery", f"{DELIVERIES}/{uuid}")
    except UnknownDelivery:
        pass
    entries = latest_entries(connection, Wanted(object_id=str(uuid)), limit=_MOST)
    yield from _of_objects(connection, [entry for _number, entry in entries])


def _of_objects(connection: Connection, entries: list[Entry]) -> Iterator[Found]:
    """The page of an object where it has one, and what happened to it."""
    places = [each.enterprise_uuid for each in entries if each.enterprise_uuid is not None]
    enterprises = find_enterprises(connection, places)
    for each in entries:
        enterprise = enterprises.get(each.enterprise_uuid) if each.enterprise_uuid else None
        name = each.object_type.replace("_", " ").capitalize()
        path = _PATHS.get(each.object_type)
        if enterprise is not None and path is not None:
            own = f"/console/e/{enterprise.slug}{path.format(each.object_id)}"
            yield Found(name, f"Of {enterprise.name}", own)
        about = (
            f"What happened to it, in {enterprise.name}" if enterprise else "What happened to it"
        )
        yield Found(name, about, f"{AUDIT}?{urlencode({'object': each.object_id})}")


def _of_name(connection: Connection, wanted: str) -> Iterator[Found]:
    part = wanted.casefold()
    matching = (
        each
        for each in list_enterprises(connection)
        if part in f"{each.name} {each.slug}".casefold()
    )
    for enterprise, _ in zip(matching, range(_MOST), strict=False):
        yield _enterprise(enterprise)


def _enterprise(enterprise: EnterpriseView) -> Found:
    return Found(enterprise.name, "Enterprise", f"/console/e/{enterprise.slug}")


def _of_request(connection: Connection, wanted: str) -> Iterator[Found]:
    if latest_entries(connection, Wanted(request_id=wanted), limit=1):
        yield Found(wanted, "What this request did", f"{AUDIT}?{urlencode({'request': wanted})}")


def _of_job(visit: Visit, wanted: str) -> Iterator[Found]:
    try:
        job = JobControl(visit.database).find(wanted)
    except UnknownJob:
        return
    yield Found(job.name, f"Job, {job.state.value}", path_of(job.id))
