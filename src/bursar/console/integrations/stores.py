"""The learning record store: how it takes statements, and what it would be told."""

import json
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from bursar import clock
from bursar.console.integrations import deliveries, words
from bursar.console.integrations.reviewing import trail_of
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Html, NotThere, Refused, Visit
from bursar.delivery.service import Channel
from bursar.events.cursors import cursor_of, position_of
from bursar.events.log import CursorAhead, CursorTooOld
from bursar.xapi.service import ConnectionView, find_connection

screens: Final = Screens()
_PATH: Final = f"{OF_ENTERPRISE}/integrations/xapi"
_STATEMENTS: Final = 20
"""Events that one page of the preview looks at."""


@screens.get(_PATH)
def show_store(visit: Visit, connection: Connection) -> Html:
    store = _store(visit, connection)
    given = {
        "store": store,
        "words": words,
        "path": visit.path,
        **deliveries.listed(visit, connection, Channel.XAPI, store.uuid),
    }
    return Html("integration-xapi.html", given)


@screens.get(f"{_PATH}/deliveries/{{delivery_uuid:uuid}}")
def show_delivery(visit: Visit, connection: Connection) -> Html:
    store = _store(visit, connection)
    found = deliveries.found_of(visit, connection, Channel.XAPI, store.uuid)
    path = f"{visit.base}/integrations/xapi"
    return deliveries.shown(
        connection, found, trail_of(visit, ("Learning record store", path)), None
    )


@screens.get(f"{_PATH}/statements")
def preview(visit: Visit, connection: Connection) -> Html:
    """Also where there is no store yet: it shows what one would be told."""
    mine = visit.enterprise.uuid
    try:
        text = visit.query.get("after")
        page = visit.installation.statements.page(
            connection,
            mine,
            after=position_of(text) if text else None,
            limit=_STATEMENTS,
            at=visit.now,
        )
    except (ValueError, CursorAhead, CursorTooOld):
        reason = "`after` is the place of an event that is kept, and this is none."
        raise Refused(400, "This page cannot be read", reason, "Begin anew.") from None
    query = urlencode({"enterprise_customer_uuid": mine})
    given = {
        "store": find_connection(connection, mine),
        "statements": [
            (
                each,
                clock.parse_instant(each["timestamp"]),
                json.dumps(each, indent=2, ensure_ascii=False),
            )
            for each in page.statements
        ],
        "further": visit.with_query(after=cursor_of(page.after)) if page.has_more else None,
        "first": visit.with_query(after=None) if text else None,
        "request": f"/enterprise/v1/xapi/statements?{query}",
        "path": f"{visit.base}/integrations/xapi",
    }
    return Html("integration-statements.html", given)


def _store(visit: Visit, connection: Connection) -> ConnectionView:
    found = find_connection(connection, visit.enterprise.uuid)
    if found is None:
        raise NotThere
    return found
