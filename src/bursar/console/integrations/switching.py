"""What stops an endpoint of webhooks, lets it work again, deletes it, or replaces its secret: each
after a page that says what it means."""

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.figures import counted
from bursar.console.integrations.endpoints import (
    ENDPOINT_PATH,
    found_endpoint,
    path_of,
    secret_shown,
    trail_to,
)
from bursar.console.integrations.reviewing import Review, reviewed, still_there
from bursar.console.screens import Screens
from bursar.console.visits import Goto, Html, ShownOnce, Visit
from bursar.delivery.service import count_waiting
from bursar.webhooks.owned import ENDPOINT, ENDPOINT_OR_DELETED
from bursar.webhooks.service import (
    ChangeEndpoint,
    change_endpoint,
    delete_endpoint,
    rotate_endpoint_secret,
)

screens: Final = Screens()


@screens.get(f"{ENDPOINT_PATH}/disable", owned=ENDPOINT, only_admin=True)
def review_disabling(visit: Visit, connection: Connection) -> Html:
    told = (
        _dropped(visit, connection),
        "What happens while it is disabled is not sent to it later, unless somebody asks for a "
        "replay.",
    )
    return _review(visit, connection, "Disable", told, "Disable the endpoint", is_dangerous=True)


@screens.post(f"{ENDPOINT_PATH}/disable", owned=ENDPOINT, is_grave=True)
def disable(visit: Visit, session: Session) -> Goto:
    _switch(visit, session, enabled=False)
    return Goto(path_of(visit), "The endpoint is disabled. Nothing is sent to it.")


@screens.get(f"{ENDPOINT_PATH}/enable", owned=ENDPOINT, only_admin=True)
def review_enabling(visit: Visit, connection: Connection) -> Html:
    told = (
        "It is sent what happens from now on, signed with the secret that it had before.",
        "What it has missed is not sent by itself.",
    )
    return _review(visit, connection, "Enable", told, "Enable the endpoint")


@screens.post(f"{ENDPOINT_PATH}/enable", owned=ENDPOINT, is_grave=True)
def enable(visit: Visit, session: Session) -> Goto:
    _switch(visit, session, enabled=True)
    return Goto(path_of(visit), "The endpoint is enabled. It is sent what happens from now on.")


@screens.get(f"{ENDPOINT_PATH}/rotate", owned=ENDPOINT, only_admin=True)
def review_rotation(visit: Visit, connection: Connection) -> Html:
    told = (
        "You get a new secret, which is shown once.",
        "For 24 hours every request is signed with the new secret and with the one before, so that "
        "the receiver can change over; then with the new one only.",
        "If the secret was replaced less than 24 hours ago already, the one before that ends now.",
    )
    title = "Make a new secret for"
    return _review(visit, connection, title, told, "Make a new secret")


@screens.post(f"{ENDPOINT_PATH}/rotate", owned=ENDPOINT, is_grave=True)
@still_there()
def rotate(visit: Visit, session: Session) -> ShownOnce:
    uuid = visit.target.uuid
    rotated = rotate_endpoint_secret(session, visit.actor, uuid, at=visit.now)
    endpoint = found_endpoint(visit, session.connection())
    return secret_shown(path_of(visit), endpoint.url, rotated.secret)


@screens.get(f"{ENDPOINT_PATH}/delete", owned=ENDPOINT, only_admin=True)
def review_deletion(visit: Visit, connection: Connection) -> Html:
    told = (
        _dropped(visit, connection),
        "Its settings and its secret are deleted. This cannot be undone.",
    )
    return _review(visit, connection, "Delete", told, "Delete the endpoint", is_dangerous=True)


@screens.post(f"{ENDPOINT_PATH}/delete", owned=ENDPOINT_OR_DELETED, is_grave=True)
def delete(visit: Visit, session: Session) -> Goto:
    delete_endpoint(session, visit.actor, visit.target.uuid, at=visit.now)
    said = "The endpoint is deleted. Nothing more is sent to it."
    return Goto(f"{visit.base}/integrations/webhooks", said)


@still_there()
def _switch(visit: Visit, session: Session, *, enabled: bool) -> None:
    command = ChangeEndpoint(enabled=enabled)
    change_endpoint(session, visit.actor, visit.target.uuid, command, at=visit.now)


def _dropped(visit: Visit, connection: Connection) -> str:
    with Session(connection) as session:
        waiting = count_waiting(session, visit.target.uuid)
    if not waiting:
        return "Nothing more is sent to it. No delivery waits now."
    waits = counted(waiting, "delivery that waits is", "deliveries that wait are")
    return f"Nothing more is sent to it, and {waits} dropped."


def _review(
    visit: Visit,
    connection: Connection,
    verb: str,
    told: tuple[str, ...],
    button: str,
    *,
    is_dangerous: bool = False,
) -> Html:
    url = found_endpoint(visit, connection).url
    title, trail = f"{verb} {url}", trail_to(visit, url)
    keep = "Leave it as it is"
    return reviewed(Review(title, trail, told, button, keep, is_dangerous=is_dangerous))
