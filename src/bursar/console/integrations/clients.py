"""API clients and identity providers: made, given new secrets, stopped and let work again."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.figures import counted, lasting
from bursar.console.integrations import words
from bursar.console.integrations.reviewing import Review, reviewed, trail_of
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, NotThere, Refused, ShownOnce, Visit
from bursar.identity.owned import CLIENT
from bursar.identity.service import (
    ClientExists,
    ClientOfEnterprise,
    CreateClient,
    InvalidClientId,
    Role,
    UnknownClient,
    create_client,
    disable_client,
    enable_client,
    find_client,
    page_of_clients,
    rotate_secret,
)
from bursar.invisible import refuse_invisible
from bursar.pages import PageRequest

screens: Final = Screens()
OF_API: Final = (Role.ADMIN, Role.REPORTING)
OF_SCIM: Final = (Role.SCIM,)
FORMATS: Final = {"": "As the installation answers", "json": "JSON", "xml": "XML"}
_PATH: Final = f"{OF_ENTERPRISE}/integrations/clients"
_CLIENT: Final = f"{_PATH}/{{client_uuid:uuid}}"
_SHOWN_BEFORE: Final = (
    "It was done, and what was made was shown once. If nobody has kept it, make a new one."
)


@screens.get(_PATH)
def show_clients(visit: Visit, connection: Connection) -> Html:
    wanted = PageRequest(ROWS, page_number(visit))
    page, clients = page_of_clients(connection, visit.enterprise.uuid, wanted, tuple(Role))
    return Html("integration-clients.html", {"page": page, "clients": clients, "words": words})


@screens.get(f"{_PATH}/new")
def ask_for_client(visit: Visit, _connection: Connection) -> Html:
    return _asked(visit.query.get("role") or Role.REPORTING.value)


@screens.post(_PATH, is_grave=True)
def create(visit: Visit, session: Session) -> Html | ShownOnce:
    form = visit.form
    try:
        command = _command(visit)
        secret = create_client(session, visit.actor, command, at=visit.now)
    except ClientExists:
        error = "This id is taken. Choose another one."
        return _asked(form.get("role"), error, 409)
    except InvalidClientId:
        return _asked(form.get("role"), "An id has 1 to 255 characters that are seen.", 422)
    except ValueError as error:
        return _asked(form.get("role"), str(error), 422)
    return _shown_once(visit, command.client_id, secret, is_token=command.has_token, is_new=True)


@screens.get(_CLIENT, owned=CLIENT)
def show_client(visit: Visit, connection: Connection) -> Html:
    client = _found(visit, connection)
    given = {
        "client": client,
        "words": words,
        "formats": FORMATS,
        "path": _path(visit),
        "may_change": _may_change(visit, client),
    }
    return Html("integration-client.html", given)


@screens.get(f"{_CLIENT}/rotate", owned=CLIENT)
def review_rotation(visit: Visit, connection: Connection) -> Html:
    client = _changeable(visit, connection)
    what, kept = _what(client), lasting(timedelta(seconds=visit.settings.token_ttl))
    ends = (
        f"It has {counted(client.proofs, what)}. The older one ends at once: a program that still "
        "uses it is refused."
        if client.proofs > 1
        else f"The {what} that it has now goes on until the next rotation, so that nothing stops."
    )
    told = (
        f"You get a new {what}, which is shown once.",
        ends if client.proofs else "",
        ""
        if client.tokens
        else f"Access tokens that were issued stay valid until they expire: at most {kept}.",
        words.others(client),
    )
    title = f"Make a new {what} for {client.client_id}"
    return _review(visit, client, title, told, f"Make a new {what}")


@screens.post(f"{_CLIENT}/rotate", owned=CLIENT, is_grave=True)
def rotate(visit: Visit, session: Session) -> ShownOnce:
    client = _changeable(visit, session.connection())
    secret = rotate_secret(session, visit.actor, client.client_id, at=visit.now)
    return _shown_once(visit, client.client_id, secret, is_token=client.tokens > 0)


@screens.get(f"{_CLIENT}/disable", owned=CLIENT)
def review_disabling(visit: Visit, connection: Connection) -> Html:
    client = _changeable(visit, connection)
    told = (
        "It is refused from this moment on, with every access token that it has: whatever uses it "
        "stops working.",
        "What it has done stays. You can let it work again at any time.",
        words.others(client),
    )
    title = f"Disable {client.client_id}"
    return _review(visit, client, title, told, "Disable the client", is_dangerous=True)


@screens.post(f"{_CLIENT}/disable", owned=CLIENT, is_grave=True)
def disable(visit: Visit, session: Session) -> Goto:
    client = _changeable(visit, session.connection())
    is_done = disable_client(session, visit.actor, client.client_id, at=visit.now)
    said = "The client is disabled." if is_done else "The client was disabled before."
    return Goto(_path(visit), said)


@screens.get(f"{_CLIENT}/enable", owned=CLIENT)
def review_enabling(visit: Visit, connection: Connection) -> Html:
    client = _changeable(visit, connection)
    told = (
        f"Its {counted(client.proofs, _what(client))} and the access tokens that have not expired "
        "work again. If one may be in wrong hands, make new ones twice before.",
        words.others(client),
    )
    title = f"Let {client.client_id} work again"
    return _review(visit, client, title, told, "Enable the client")


@screens.post(f"{_CLIENT}/enable", owned=CLIENT, is_grave=True)
def enable(visit: Visit, session: Session) -> Goto:
    client = _changeable(visit, session.connection())
    is_done = enable_client(session, visit.actor, client.client_id, at=visit.now)
    said = "The client works again." if is_done else "The client was enabled before."
    return Goto(_path(visit), said)


def _command(visit: Visit) -> CreateClient:
    """Raises ValueError."""
    form = visit.form
    client_id, chosen = form.get("client_id").strip(), form.get("format")
    refuse_invisible(client_id)
    _refuse_foreign(visit, client_id)
    if form.get("role") not in list(Role):
        raise ValueError("Choose what the client may do.")
    if chosen not in FORMATS:
        raise ValueError("Choose one of the formats.")
    role = Role(form.get("role"))
    return CreateClient(
        client_id=client_id,
        enterprise_uuid=visit.enterprise.uuid,
        role=role.value,
        default_format=chosen or None,
        has_token=role is Role.SCIM,
        # Whoever runs the installation may give it other enterprises later; others know its secret
        # and would get into them.
        is_for_good=not visit.who.is_operator,
    )


def _refuse_foreign(visit: Visit, client_id: str) -> None:
    """The audit trail names clients and people by such ids, and manifests of other enterprises
    name theirs. Raises ValueError."""
    beginning = f"{visit.enterprise.slug}-"
    if not visit.who.is_operator and not client_id.startswith(beginning):
        raise ValueError(f"Begin the id with {beginning}, by which your clients are known.")


def _asked(role: str, error: str = "", status: int = 200) -> Html:
    given = {"role": role, "words": words, "formats": FORMATS, "error": error}
    return Html("integration-client-new.html", given, status)


def _shown_once(
    visit: Visit, client_id: str, secret: str, *, is_token: bool, is_new: bool = False
) -> ShownOnce:
    clients = f"{visit.base}/integrations/clients"
    back = clients if is_new else _path(visit)
    given = {"client_id": client_id, "secret": secret, "is_token": is_token, "back": back}
    return ShownOnce(Html("integration-secret.html", given), Goto(back, _SHOWN_BEFORE))


def _review(
    visit: Visit,
    client: ClientOfEnterprise,
    title: str,
    told: tuple[str, ...],
    button: str,
    *,
    is_dangerous: bool = False,
) -> Html:
    clients = f"{visit.base}/integrations/clients"
    trail = trail_of(visit, ("Clients", clients), (client.client_id, _path(visit)))
    keep = "Leave it as it is"
    return reviewed(Review(title, trail, told, button, keep, is_dangerous=is_dangerous))


def _found(visit: Visit, connection: Connection) -> ClientOfEnterprise:
    try:
        return find_client(connection, visit.enterprise.uuid, visit.target.uuid)
    except UnknownClient:
        raise NotThere from None


def _changeable(visit: Visit, connection: Connection) -> ClientOfEnterprise:
    """Raises Refused for a client that others depend on too, unless an operator asks."""
    client = _found(visit, connection)
    if client.elsewhere and not visit.who.is_operator:
        raise Refused(
            403,
            "This client is not yours alone",
            "It acts for other enterprises too, and they would be affected.",
            "Ask the operator of the installation.",
        )
    return client


def _may_change(visit: Visit, client: ClientOfEnterprise) -> bool:
    return visit.may_change and (not client.elsewhere or visit.who.is_operator)


def _path(visit: Visit) -> str:
    return f"{visit.base}/integrations/clients/{visit.target.uuid}"


def _what(client: ClientOfEnterprise) -> str:
    return "token" if client.tokens else "secret"
