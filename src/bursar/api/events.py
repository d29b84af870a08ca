"""The log of events over HTTP: pages that follow a cursor, at once or when something happens, and
streams."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.api.event_follower import Wanted
from bursar.api.event_log import EventLog
from bursar.events.cursors import cursor_of, position_of
from bursar.events.log import (
    CursorAhead,
    CursorTooOld,
    begin_of,
    newest_position,
    read_log,
)
from bursar.events.selecting import UnknownTypes, types_of
from bursar.events.wire import wire
from bursar.identity.owned import NAMED_ENTERPRISE, NamedEnterprise
from bursar.web.call import Answer
from bursar.web.errors import ApiError, InvalidFields
from bursar.web.negotiation import Format
from bursar.web.query import (
    IDENTIFIER,
    Parameter,
    Query,
    Repeatable,
    WrongValue,
    size_of_page,
)
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes

OwnedEnterprise: TypeAlias = Annotated[NamedEnterprise, NAMED_ENTERPRISE]
LATEST: Final = "latest"
LONGEST_WAIT: Final = 30
_UNKNOWN: Final = (
    "This is no cursor of this log. Take the `next` of an earlier answer, or leave it out to begin "
    "with the oldest event that is kept."
)
_FORGOTTEN: Final = (
    "Events after this cursor are not kept any more. Go on with `oldest`, and read what you "
    "missed from the lists."
)


def _forgotten(refused: CursorTooOld) -> ApiError:
    return ApiError(410, {"detail": _FORGOTTEN, "oldest": cursor_of(refused.oldest)})


routes: Final = Routes(
    "events",
    {CursorTooOld: _forgotten, CursorAhead: lambda _: InvalidFields({"after": [_UNKNOWN]})},
)


def _types(texts: Sequence[str]) -> frozenset[str]:
    try:
        return types_of(texts)
    except UnknownTypes as error:
        raise WrongValue(*error.sentences) from None


def _seconds(text: str) -> int:
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else -1
    if not 0 <= seconds <= LONGEST_WAIT:
        raise ValueError(text)
    return seconds


_CURSOR: Final = Parameter(
    lambda text: text if text == LATEST else position_of(text),
    _UNKNOWN,
    {"type": "string", "pattern": f"^({LATEST}|[A-Za-z0-9_-]{{12}})$"},
)
_TYPES: Final = Repeatable(_types)
_WAIT: Final = Parameter(
    _seconds,
    f"Enter a whole number of seconds from 0 to {LONGEST_WAIT}.",
    {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT},
)


class EventsQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[UUID, IDENTIFIER, "The enterprise."]
    after: Annotated[
        int | Literal["latest"] | None,
        _CURSOR,
        "The cursor to go on from: the `next` of an earlier answer, or `latest` for what happens "
        "from now on. Absent: from the oldest event that is kept.",
    ] = None
    type: Annotated[
        frozenset[str],
        _TYPES,
        "Only this type, or all of a kind, such as `license.*`. May be repeated.",
    ] = frozenset()
    limit: Annotated[
        int, size_of_page(default=100, maximum=1_000), "Events in one answer, up to 1,000."
    ] = 100
    wait: Annotated[
        int, _WAIT, "Seconds to wait for an event when there is none. A stream does not need it."
    ] = 0


class EventsPage(msgspec.Struct):
    results: list[dict[str, Any]]
    next: str
    has_more: bool


SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["results", "next", "has_more"],
    "properties": {
        "results": {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
        "next": {"type": "string", "description": "The `after` of the next request."},
        "has_more": {
            "type": "boolean",
            "description": "Whether the next request is answered at once. There may be more even "
            "when `results` is short or empty.",
        },
    },
}
EXAMPLE: Final[dict[str, Any]] = {
    "results": [
        {
            "id": "evt_5cc2f0b4e0a34cf0a0dfb6bd8a9b1d7e",
            "type": "license.assigned",
            "timestamp": "2026-02-24T09:30:00Z",
            "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
            "object": {
                "type": "license",
                "uuid": "30824248-e671-449f-8bf7-02715478abce",
                "version": 1,
            },
            "data": {
                "uuid": "30824248-e671-449f-8bf7-02715478abce",
                "status": "assigned",
                "user_email": "abc@example.com",
            },
            "actor": {"kind": "client", "id": "acme-integration"},
            "request_id": "0f9d4c1b",
            "cursor": "AQAAAAAAARAh",
        }
    ],
    "next": "AQAAAAAAARAh",
    "has_more": False,
}


@routes.get(
    "/enterprise/v1/events",
    schema=SCHEMA,
    example=EXAMPLE,
    statuses=(410,),
    formats=(Format.JSON, Format.XML, Format.EVENT_STREAM),
)
def follow(
    enterprise: OwnedEnterprise,
    query: EventsQuery,
    request: HttpRequest,
    *,
    caller: Caller,
    log: EventLog,
    connection: Connection,
) -> Answer[EventsPage]:
    """Follow the log of events

    What happened in an enterprise. A reader that asks with the `next` of each answer sees every
    event exactly once, each object's events in their order. With `wait` an answer without events
    waits for one; with `Accept: text/event-stream` the events come as a stream, each with its
    cursor as `id`, which `Last-Event-ID` resumes. Beyond the reference.
    """
    is_behind = log.catch_up()
    wanted = Wanted(caller.client_id, enterprise.enterprise_uuid, query.type)
    after = _after(query, request, connection)
    if request.negotiated.format is Format.EVENT_STREAM:
        return Answer(feed=log.feed(wanted, begin_of(connection, after)))
    page = read_log(
        connection,
        after=after,
        enterprise_uuid=wanted.enterprise_uuid,
        types=wanted.types,
        limit=query.limit,
    )
    found = [wire(row, cursor_of(row.position)) for row in page.events]
    has_more = page.has_more or is_behind
    is_due = found or has_more or not query.wait
    return Answer(
        EventsPage(found, cursor_of(page.after), has_more),
        later=None if is_due else log.later(wanted, page.after, query.wait),
    )


def _after(query: EventsQuery, request: HttpRequest, connection: Connection) -> int | None:
    if isinstance(request.resumed, int):
        return request.resumed
    last = request.headers.get("last-event-id")
    if last and request.negotiated.format is Format.EVENT_STREAM:
        # Whoever connects again sends the first address, whose `after` is long past.
        try:
            return position_of(last)
        except ValueError:
            raise InvalidFields({"Last-Event-ID": [_UNKNOWN]}) from None
    return newest_position(connection) if query.after == LATEST else query.after
