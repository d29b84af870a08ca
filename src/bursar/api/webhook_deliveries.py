"""What was sent to webhook endpoints, over HTTP: shown, sent again, and replayed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from pydantic import BeforeValidator, WithJsonSchema
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar import clock
from bursar.api.webhook_endpoints import ENDPOINT_PATH, REFUSALS, EventTypes, OwnedEndpoint
from bursar.delivery.refusals import NotRetried, UnknownDelivery
from bursar.delivery.service import DeliveryStatus
from bursar.events.cursors import cursor_of, position_of
from bursar.events.log import CursorAhead, CursorTooOld
from bursar.web.errors import ApiError, BusinessRule, InvalidFields, NotFound
from bursar.web.query import Parameter, Query, one_of, size_of_page
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes
from bursar.web.validation import Body, problem
from bursar.webhooks import asking
from bursar.webhooks.commands import Replay
from bursar.webhooks.refusals import ReplayUnderWay
from bursar.webhooks.views import DeliveryItem

_UNKNOWN: Final = "This is no cursor of the log of events. Take one of an event, or give since."
_FORGOTTEN: Final = "Events after this cursor are not kept any more. Begin with `oldest`."


def _forgotten(refused: CursorTooOld) -> ApiError:
    return ApiError(410, {"detail": _FORGOTTEN, "oldest": cursor_of(refused.oldest)})


routes: Final = Routes(
    "webhook-endpoints",
    {
        **REFUSALS,
        UnknownDelivery: lambda _refused: NotFound(),
        NotRetried: lambda refused: BusinessRule(str(refused)),
        ReplayUnderWay: lambda refused: BusinessRule(str(refused)),
        CursorTooOld: _forgotten,
        CursorAhead: lambda _refused: InvalidFields({"after": [_UNKNOWN]}),
    },
    only_admin=True,
)


def _position(value: object) -> object:
    try:
        return position_of(value if isinstance(value, str) else "")
    except ValueError:
        raise problem(_UNKNOWN) from None


def _instant(value: object) -> object:
    try:
        return clock.parse_instant(value if isinstance(value, str) else "")
    except ValueError:
        raise problem("Enter a valid date/time.") from None


Cursor = Annotated[int, BeforeValidator(_position, json_schema_input_type=str)]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
_STATUS: Final = one_of(DeliveryStatus)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


class DeliveriesQuery(Query, frozen=True, kw_only=True):
    status: Annotated[DeliveryStatus | None, _STATUS, "Only those in this status."] = None
    before: Annotated[
        int | None,
        Parameter(_number, "Enter a whole number.", {"type": "integer", "minimum": 0}),
        "Only those before this `number`; `next` has it.",
    ] = None
    page_size: Annotated[
        int, size_of_page(default=50, maximum=200), "Deliveries on a page, up to 200."
    ] = 50


class ReplayBody(Body):
    after: Cursor | None = None
    since: Instant | None = None
    event_types: EventTypes = None


class DeliveryList(msgspec.Struct, frozen=True):
    next: str | None
    results: Sequence[DeliveryItem]


class ReplayAnswer(msgspec.Struct, frozen=True):
    after: str
    until: str


_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": "7d0f9a1e-58c4-4d7e-9a51-3f0c7a2f1b11",
    "event_id": f"evt_{'0' * 31}1",
    "event_type": "license.assigned",
    "status": "pending",
    "created": "2026-02-24T09:30:00Z",
    "next_attempt_at": "2026-02-24T09:35:07Z",
    "error": "The endpoint answered 503.",
    "attempts": [
        {
            "number": 1,
            "at": "2026-02-24T09:30:01Z",
            "outcome": "retrying",
            "status": 503,
            "answer": "down for maintenance",
            "seconds": 0.104,
        }
    ],
    "number": 48211,
}


@routes.get(f"{ENDPOINT_PATH}/deliveries", example={"next": None, "results": [_EXAMPLE]})
def list_webhook_deliveries(
    endpoint: OwnedEndpoint, query: DeliveriesQuery, request: HttpRequest, connection: Connection
) -> DeliveryList:
    """List the deliveries to a webhook endpoint

    The newest first: each event with every attempt, the beginning of the answer, and when it is
    tried again.
    """
    found = asking.deliveries_of(
        connection,
        endpoint.uuid,
        status=query.status,
        before=query.before,
        limit=query.page_size + 1,
    )
    shown = found[: query.page_size]
    following = _next(request, shown[-1].number) if len(found) > len(shown) else None
    return DeliveryList(following, shown)


def _next(request: HttpRequest, number: int) -> str:
    pairs = [(name, value) for name, value in request.query.pairs if name != "before"]
    return f"{request.url}?{urlencode([*pairs, ('before', str(number))])}"


@routes.post(
    f"{ENDPOINT_PATH}/deliveries/{{delivery_uuid:uuid}}/retry", status=202, example=_EXAMPLE
)
def retry_webhook_delivery(
    endpoint: OwnedEndpoint,
    delivery_uuid: UUID,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> DeliveryItem:
    """Send a delivery again

    At once, and with all of its attempts before it. One that was delivered or dropped is refused:
    ask for a replay.
    """
    return asking.retry_delivery(
        session, caller.actor, endpoint.uuid, delivery_uuid, at=request.now
    )


@routes.post(
    f"{ENDPOINT_PATH}/replay",
    status=202,
    statuses=(410,),
    example={"after": "AQAAAAAAZAAA", "until": "AQAAAAAAyAAA"},
)
def replay_to_webhook_endpoint(
    endpoint: OwnedEndpoint,
    body: ReplayBody,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> ReplayAnswer:
    """Replay events to a webhook endpoint

    The events after a cursor or since an instant, of the types that it wants, or of these only.
    They are sent in the background, with the `webhook-id` that they had before.
    """
    command = Replay(**body.model_dump(exclude_unset=True))
    asked = asking.request_replay(session, caller.actor, endpoint.uuid, command, at=request.now)
    return ReplayAnswer(cursor_of(asked.after), cursor_of(asked.until))
