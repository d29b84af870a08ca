"""Events of the past that an endpoint of webhooks is sent again."""

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar import clock
from bursar.console.figures import instant
from bursar.console.integrations.endpoints import (
    ENDPOINT_PATH,
    OFF,
    found_endpoint,
    path_of,
    trail_to,
)
from bursar.console.integrations.reviewing import still_there
from bursar.console.screens import Screens
from bursar.console.visits import Goto, Html, Visit
from bursar.webhooks.asking import request_replay
from bursar.webhooks.commands import Replay
from bursar.webhooks.owned import ENDPOINT
from bursar.webhooks.refusals import EndpointIsDisabled, ReplayUnderWay, WrongFields

screens: Final = Screens()
_UNREAD: Final = "Write an instant in UTC, such as 2026-11-27 06:00."


@screens.get(f"{ENDPOINT_PATH}/replay", owned=ENDPOINT, only_admin=True)
def ask_since(visit: Visit, connection: Connection) -> Html:
    return _asked(visit, connection)


@screens.post(f"{ENDPOINT_PATH}/replay", owned=ENDPOINT, is_grave=True)
@still_there()
def replay(visit: Visit, session: Session) -> Html | Goto:
    connection, uuid = session.connection(), visit.target.uuid
    try:
        since = clock.parse_instant(visit.form.get("since"))
        request_replay(session, visit.actor, uuid, Replay(since=since), at=visit.now)
    except EndpointIsDisabled:
        return _asked(visit, connection, OFF, 409)
    except ReplayUnderWay:
        return _asked(visit, connection, "It is sent events again already. Wait for the end.", 409)
    except WrongFields as refused:
        return _asked(visit, connection, " ".join(refused.problems.values()), 422)
    except ValueError:
        return _asked(visit, connection, _UNREAD, 422)
    said = f"What it wants of the events since {instant(since)}, UTC, is sent in the background."
    return Goto(path_of(visit), said)


def _asked(visit: Visit, connection: Connection, error: str = "", status: int = 200) -> Html:
    endpoint = found_endpoint(visit, connection)
    given = {
        "endpoint": endpoint,
        "trail": trail_to(visit, endpoint.url),
        "path": path_of(visit),
        "error": error,
    }
    return Html("integration-webhook-replay.html", given, status)
