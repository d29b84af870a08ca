"""Endpoints of webhooks: added, changed, and looked at with what was sent to them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.api.webhook_endpoints import PATH as API
from bursar.console.files import exports
from bursar.console.integrations import deliveries, words
from bursar.console.integrations.reviewing import still_there, trail_of
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, NotThere, Refused, ShownOnce, Visit
from bursar.delivery.refusals import NotRetried, UnknownDelivery
from bursar.delivery.service import Channel, DeliveryStatus
from bursar.events.vocabulary import PUBLIC_TYPES
from bursar.invisible import refuse_invisible
from bursar.pages import PageRequest
from bursar.webhooks import asking, service
from bursar.webhooks.owned import ENDPOINT
from bursar.webhooks.service import (
    ChangeEndpoint,
    CreateEndpoint,
    EndpointIsDisabled,
    EndpointView,
    TooManyEndpoints,
    WrongFields,
)

screens: Final = Screens()
PATH: Final = f"{OF_ENTERPRISE}/integrations/webhooks"
ENDPOINT_PATH: Final = f"{PATH}/{{endpoint_uuid:uuid}}"
_DELIVERY: Final = f"{ENDPOINT_PATH}/deliveries/{{delivery_uuid:uuid}}"
_BETWEEN: Final = re.compile(r"[\s,;]+")
_RETRIED: Final = (DeliveryStatus.PENDING, DeliveryStatus.FAILED)
SHOWN_BEFORE: Final = (
    "It was done, and the secret was shown once. If nobody has kept it, make a new one."
)
OFF: Final = "The endpoint is disabled. Enable it first."


@screens.get(PATH)
def show_endpoints(visit: Visit, connection: Connection) -> Html:
    wanted = PageRequest(ROWS, page_number(visit))
    page, endpoints = service.page_of_endpoints(connection, visit.enterprise.uuid, wanted)
    given = {"page": page, "endpoints": endpoints, "words": words}
    return Html("integration-webhooks.html", given)


@screens.get(f"{PATH}/new", only_admin=True)
def ask_for_endpoint(_visit: Visit, _connection: Connection) -> Html:
    return _asked(None, {})


@screens.post(PATH, is_grave=True)
def create(visit: Visit, session: Session) -> Html | ShownOnce:
    try:
        values = _values(visit)
        command = CreateEndpoint(enterprise_uuid=visit.enterprise.uuid, **values)
        made = service.create_endpoint(session, visit.actor, command, at=visit.now)
    except WrongFields as refused:
        return _asked(None, refused.problems, 422)
    except TooManyEndpoints as refused:
        return _asked(None, {"": str(refused)}, 422)
    path = f"{visit.base}/integrations/webhooks/{made.uuid}"
    return secret_shown(path, made.url, made.secret)


@screens.get(ENDPOINT_PATH, owned=ENDPOINT, only_admin=True)
def show_endpoint(visit: Visit, connection: Connection) -> Html:
    uuid = visit.target.uuid
    listed = deliveries.listed(visit, connection, Channel.WEBHOOK, uuid)
    status, path = listed["status"], path_of(visit)
    own = [("state", str(status))] if status else []
    api = f"{API}/{uuid}/deliveries" + (f"?status={status}" if status else "")
    given = {
        "endpoint": found_endpoint(visit, connection),
        "words": words,
        "path": path,
        "exports": exports(visit, f"{path}/deliveries", own, api),
        **listed,
    }
    return Html("integration-webhook.html", given)


@screens.get(f"{ENDPOINT_PATH}/edit", owned=ENDPOINT, only_admin=True)
def edit(visit: Visit, connection: Connection) -> Html:
    return _asked(found_endpoint(visit, connection), {})


@screens.post(f"{ENDPOINT_PATH}/edit", owned=ENDPOINT, is_grave=True)
@still_there()
def change(visit: Visit, session: Session) -> Html | Goto:
    uuid = visit.target.uuid
    try:
        command = ChangeEndpoint(enabled=UNSET, **_values(visit))
        service.change_endpoint(session, visit.actor, uuid, command, at=visit.now)
    except WrongFields as refused:
        return _asked(found_endpoint(visit, session.connection()), refused.problems, 422)
    return Goto(path_of(visit), "The settings of the endpoint are changed.")


@screens.post(f"{ENDPOINT_PATH}/ping", owned=ENDPOINT)
@still_there()
def ping(visit: Visit, session: Session) -> Goto:
    try:
        service.ping_endpoint(session, visit.actor, visit.target.uuid, at=visit.now)
    except EndpointIsDisabled:
        raise Refused(409, "Nothing was sent", OFF, "Then send the ping.") from None
    said = "A ping is on its way. It is listed here once it was sent: load the page again."
    return Goto(path_of(visit), said)


@screens.get(_DELIVERY, owned=ENDPOINT, only_admin=True)
def show_delivery(visit: Visit, connection: Connection) -> Html:
    return _delivery(visit, connection)


@screens.post(f"{_DELIVERY}/retry", owned=ENDPOINT, is_grave=True)
@still_there()
def retry(visit: Visit, session: Session) -> Html | Goto:
    uuid = deliveries.uuid_of(visit)
    try:
        asking.retry_delivery(session, visit.actor, visit.target.uuid, uuid, at=visit.now)
    except UnknownDelivery:
        raise NotThere from None
    except EndpointIsDisabled:
        return _delivery(visit, session.connection(), OFF)
    except NotRetried as refused:
        reason = f"{refused}".replace(f"{uuid} is", "It is", 1)
        return _delivery(visit, session.connection(), reason)
    return Goto(f"{path_of(visit)}/deliveries/{uuid}", "It is sent again in a moment.")


def path_of(visit: Visit) -> str:
    return f"{visit.base}/integrations/webhooks/{visit.target.uuid}"


def trail_to(visit: Visit, url: str) -> list[tuple[str, str]]:
    """What stands above a page about an endpoint."""
    hooks = f"{visit.base}/integrations/webhooks"
    return trail_of(visit, ("Webhooks", hooks), (url, path_of(visit)))


def found_endpoint(visit: Visit, connection: Connection) -> EndpointView:
    return service.find_endpoint(connection, visit.target.uuid)


def secret_shown(path: str, url: str, secret: str | None) -> ShownOnce:
    given = {"url": url, "secret": secret, "back": path}
    return ShownOnce(Html("integration-webhook-secret.html", given), Goto(path, SHOWN_BEFORE))


def _delivery(visit: Visit, connection: Connection, error: str = "") -> Html:
    found = deliveries.found_of(visit, connection, Channel.WEBHOOK, visit.target.uuid)
    endpoint = found_endpoint(visit, connection)
    path, trail = path_of(visit), trail_to(visit, endpoint.url)
    can_retry = endpoint.enabled and found.status in _RETRIED
    retry_path = f"{path}/deliveries/{found.uuid}/retry" if can_retry else None
    return deliveries.shown(connection, found, trail, retry_path, error)


def _values(visit: Visit) -> dict[str, Any]:
    """Raises WrongFields."""
    description = visit.form.get("description").strip()
    try:
        refuse_invisible(description)
    except ValueError as error:
        raise WrongFields({"description": str(error)}) from None
    types = [each for each in _BETWEEN.split(visit.form.get("types")) if each]
    return {
        "url": visit.form.get("url"),
        "description": description,
        "event_types": types or None,
    }


def _asked(endpoint: EndpointView | None, wrong: Mapping[str, str], status: int = 200) -> Html:
    given = {"endpoint": endpoint, "wrong": wrong, "types": PUBLIC_TYPES}
    return Html("integration-webhook-edit.html", given, status)
