"""xAPI statements over HTTP: what a learning record store is told of the log of events."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.api.event_log import EventLog
from bursar.events.cursors import cursor_of, position_of
from bursar.events.log import CursorAhead, CursorTooOld
from bursar.identity.owned import NAMED_ENTERPRISE, NamedEnterprise
from bursar.web.errors import ApiError, InvalidFields
from bursar.web.query import IDENTIFIER, Parameter, Query, size_of_page
from bursar.web.request import HttpRequest
from bursar.web.routes import Routes
from bursar.xapi.service import Statement, StatementPreview

OwnedEnterprise: TypeAlias = Annotated[NamedEnterprise, NAMED_ENTERPRISE]
_UNKNOWN: Final = (
    "This is no cursor of this log. Take the `next` of an earlier answer, or leave it out to begin "
    "with the oldest event that is kept."
)
_FORGOTTEN: Final = "Events after this cursor are not kept any more. Go on with `oldest`."


def _forgotten(refused: CursorTooOld) -> ApiError:
    return ApiError(410, {"detail": _FORGOTTEN, "oldest": cursor_of(refused.oldest)})


routes: Final = Routes(
    "xapi",
    {CursorTooOld: _forgotten, CursorAhead: lambda _: InvalidFields({"after": [_UNKNOWN]})},
)


class StatementsQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[UUID, IDENTIFIER, "The enterprise."]
    after: Annotated[
        int | None,
        Parameter(position_of, _UNKNOWN, {"type": "string", "pattern": "^[A-Za-z0-9_-]{12}$"}),
        "The cursor to go on from: the `next` of an earlier answer, or of the log of events. "
        "Absent: from the oldest event that is kept.",
    ] = None
    limit: Annotated[
        int, size_of_page(default=50, maximum=200), "Events that one answer looks at, up to 200."
    ] = 50


class StatementList(msgspec.Struct):
    results: Sequence[Statement]
    next: str
    has_more: bool


EXAMPLE: Final[dict[str, Any]] = {
    "results": [
        {
            "id": "d1a21ef3-d6b5-5328-be96-0192bb5e793a",
            "actor": {"objectType": "Agent", "mbox": "mailto:ana@acme.example"},
            "verb": {
                "id": "http://adlnet.gov/expapi/verbs/passed",
                "display": {"en-US": "passed"},
            },
            "object": {
                "objectType": "Activity",
                "id": "https://lms.example.org/course/course-v1:edX+DemoX+1T2026",
                "definition": {
                    "type": "http://adlnet.gov/expapi/activities/course",
                    "name": {"und": "Demonstration Course"},
                },
            },
            "result": {
                "score": {"scaled": 0.82, "raw": 82.0, "min": 0, "max": 100},
                "success": True,
                "completion": True,
            },
            "timestamp": "2026-02-24T09:30:00.000Z",
        }
    ],
    "next": "AQAAAAAAARAh",
    "has_more": False,
}


@routes.get(
    "/enterprise/v1/xapi/statements",
    example=EXAMPLE,
    statuses=(410,),
)
def preview_statements(
    enterprise: OwnedEnterprise,
    query: StatementsQuery,
    request: HttpRequest,
    *,
    log: EventLog,
    preview: StatementPreview,
    connection: Connection,
) -> StatementList:
    """Preview xAPI statements

    What the enterprise's learning record store is told of its enrollments, as its manifest asks for
    it, and of those only who consent. Nothing is sent. `results` can be shorter than `limit`, and
    longer: of some events two things are stated, of others none. Beyond the reference.
    """
    is_behind = log.catch_up()
    page = preview.page(
        connection,
        enterprise.enterprise_uuid,
        after=query.after,
        limit=query.limit,
        at=request.now,
    )
    return StatementList(page.statements, cursor_of(page.after), page.has_more or is_behind)
