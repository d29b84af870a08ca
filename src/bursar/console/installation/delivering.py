"""What leaves the house, by any channel: searched for, looked at and sent again, as `bursar
deliveries` does."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.figures import counted
from bursar.console.paging import newest_before
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_INSTALLATION, Screens
from bursar.console.visits import Goto, Html, NotThere, Refused, Visit
from bursar.delivery import service as delivery
from bursar.delivery.refusals import DeliveryRefused, UnknownDelivery
from bursar.delivery.service import Channel, DeliverySearch, DeliveryStatus, DeliveryView
from bursar.emails import normalised
from bursar.identity.service import find_enterprises
from bursar.web.parameters import parse_uuid

screens: Final = Screens()
DELIVERIES: Final = f"{OF_INSTALLATION}/deliveries"
_LONGEST: Final = 500
CHANNELS: Final = {
    Channel.MAIL: "Mail",
    Channel.WEBHOOK: "Webhook",
    Channel.XAPI: "xAPI",
    Channel.REPORT: "Report",
    Channel.SCIM: "SCIM",
}
STATES: Final = {
    DeliveryStatus.PENDING: ("Not sent yet", "wait"),
    DeliveryStatus.DELIVERED: ("Delivered", "good"),
    DeliveryStatus.FAILED: ("Given up", "bad"),
    DeliveryStatus.DROPPED: ("Dropped", "off"),
}
_RETRIED: Final = (DeliveryStatus.PENDING, DeliveryStatus.FAILED)
S = TypeVar("S", bound=StrEnum)


@screens.get(DELIVERIES)
def show_deliveries(visit: Visit, connection: Connection) -> Html:
    search = _search(visit)
    found = delivery.search_deliveries(connection, search, limit=ROWS + 1)
    shown = found[:ROWS]
    given = {
        "deliveries": shown,
        "enterprises": find_enterprises(connection, {each.enterprise_uuid for each in shown}),
        "channels": CHANNELS,
        "states": STATES,
        "search": search,
        "retried": _RETRIED,
        "older": visit.with_query(before=shown[-1].id) if len(found) > ROWS else None,
        "newest": visit.with_query(before=None) if search.before else None,
        "is_filtered": search != DeliverySearch(),
    }
    return Html("operator-deliveries.html", given)


def _search(visit: Visit) -> DeliverySearch:
    """What is malformed does not restrict, but for a page that cannot be read."""
    to, kind = _text(visit, "to"), _text(visit, "kind")
    return DeliverySearch(
        channel=one_of(Channel, visit.query.get("channel")),
        status=one_of(DeliveryStatus, visit.query.get("state")),
        kind=kind or None,
        recipient=(to if "://" in to else normalised(to)) or None,
        enterprise_uuid=_uuid(visit, "enterprise"),
        target_uuid=_uuid(visit, "endpoint"),
        before=newest_before(visit),
    )


def _text(visit: Visit, name: str) -> str:
    return (visit.query.get(name) or "").replace("\x00", "").strip()[:_LONGEST]


def one_of(kind: type[S], text: str | None) -> S | None:
    """None for no word of it."""
    try:
        return kind(text or "")
    except ValueError:
        return None


def _uuid(visit: Visit, name: str) -> UUID | None:
    try:
        return parse_uuid(_text(visit, name))
    except ValueError:
        return None


@screens.get(f"{DELIVERIES}/{{delivery_uuid:uuid}}")
def show_delivery(visit: Visit, connection: Connection) -> Html:
    try:
        wanted = parse_uuid(str(visit.parameters["delivery_uuid"]))
        found = delivery.view_of_delivery(connection, wanted)
    except (ValueError, UnknownDelivery):
        raise NotThere from None
    given = {
        "delivery": found,
        "attempts": delivery.attempts_of(connection, found),
        "enterprise": find_enterprises(connection, [found.enterprise_uuid])[found.enterprise_uuid],
        "channel": CHANNELS[found.channel],
        "state": STATES[found.status],
        "can_retry": can_retry(found),
    }
    return Html("operator-delivery.html", given)


def can_retry(found: DeliveryView) -> bool:
    """Mails cannot be sent again once what they said is no longer kept."""
    is_forgotten = found.channel is Channel.MAIL and not found.context
    return found.status in _RETRIED and not is_forgotten


@screens.post(f"{DELIVERIES}/retry", is_grave=True)
def retry(visit: Visit, session: Session) -> Goto:
    """All of those that were chosen, or none."""
    uuids = _chosen(visit)
    try:
        delivery.retry(session, visit.actor, uuids, visit.now)
    except UnknownDelivery:
        raise NotThere from None
    except DeliveryRefused as refused:
        reason = f"{refused}"[:1].upper() + f"{refused}"[1:]
        raise Refused(409, "Nothing is sent again", reason, "Choose others, or none.") from None
    told = f"{counted(len(uuids), 'delivery is', 'deliveries are')} due now."
    return Goto(f"{DELIVERIES}/{uuids[0]}" if len(uuids) == 1 else DELIVERIES, told)


def _chosen(visit: Visit) -> Sequence[UUID]:
    """Raises Refused and NotThere."""
    try:
        uuids = list(dict.fromkeys(parse_uuid(each) for each in visit.form.get_all("uuid")))
    except ValueError:
        raise NotThere from None
    if not uuids:
        raise Refused(400, "Nothing is chosen", "Tick what is to be sent again.", "Go back.")
    return uuids
