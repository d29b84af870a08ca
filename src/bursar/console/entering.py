"""Signing in: with a password, or by a link that works once."""

from typing import Final

from sqlalchemy import Connection

from bursar.accounts import service as accounts
from bursar.accounts.refusals import (
    AccountRefused,
    CodeAsked,
    EntranceGone,
    LinkGone,
    TooManyAttempts,
    WeakPassword,
)
from bursar.accounts.service import Browser
from bursar.console.guards import START, own_path
from bursar.console.screens import Reach, Screens
from bursar.console.visits import Goto, Html, Refused, Visit
from bursar.identity.secret_file import seal_of

screens: Final = Screens()
_LINK: Final = "/console/link/{secret:str}"


@screens.get("/console/sign-in", reach=Reach.ANYBODY)
def show_sign_in(visit: Visit, _connection: Connection) -> Html:
    return _sign_in(visit, next_path=own_path(visit.query.get("next") or START))


@screens.post_alone("/console/sign-in", reach=Reach.ANYBODY)
def sign_in(visit: Visit) -> Html | Goto:
    form = visit.form
    next_path = own_path(form.get("next"))
    browser = Browser(visit.address, visit.browser)
    try:
        cookie = accounts.sign_in(
            visit.database, form.get("email"), form.get("password"), browser, at=visit.now
        )
    except CodeAsked as asked:
        return _code(asked.entrance, next_path)
    except AccountRefused as refused:
        status = 429 if isinstance(refused, TooManyAttempts) else 403
        return _sign_in(visit, next_path=next_path, error=str(refused), status=status)
    return Goto(next_path, cookie=cookie)


@screens.post_alone("/console/sign-in/code", reach=Reach.ANYBODY)
def enter_code(visit: Visit) -> Html | Goto:
    """The second step, for whoever has given the password of an account with a second factor."""
    form = visit.form
    next_path = own_path(form.get("next"))
    browser = Browser(visit.address, visit.browser)
    seal = seal_of(visit.database, visit.settings)
    try:
        cookie = accounts.enter_code(
            visit.database, seal, form.get("entrance"), form.get("code"), browser, at=visit.now
        )
    except EntranceGone as gone:
        return _sign_in(visit, next_path=next_path, error=str(gone), status=403)
    except AccountRefused as refused:
        return _code(form.get("entrance"), next_path, refused)
    return Goto(next_path, cookie=cookie)


def _code(entrance: str, next_path: str, refused: AccountRefused | None = None) -> Html:
    given = {"entrance": entrance, "next_path": next_path, "error": str(refused or "")}
    status = 429 if isinstance(refused, TooManyAttempts) else 200 if refused is None else 403
    return Html("sign-in-code.html", given, status)


def _sign_in(visit: Visit, *, next_path: str, error: str = "", status: int = 200) -> Html:
    given = {"next_path": next_path, "error": error, "email": visit.form.get("email")}
    return Html("sign-in.html", given, status)


@screens.get(_LINK, reach=Reach.ANYBODY)
def show_link(visit: Visit, connection: Connection) -> Html:
    """Nothing is done yet: programs that look at mails follow links too."""
    link = accounts.find_link(connection, str(visit.parameters["secret"]), visit.now)
    if link is None:
        raise _gone()
    return Html("link.html", {"link": link, "error": ""})


@screens.post_alone(_LINK, reach=Reach.ANYBODY)
def use_link(visit: Visit) -> Html | Goto:
    secret = str(visit.parameters["secret"])
    browser = Browser(visit.address, visit.browser)
    try:
        cookie = accounts.use_link(
            visit.database, secret, visit.form.get("password"), browser, at=visit.now
        )
    except CodeAsked as asked:
        return _code(asked.entrance, START)
    except LinkGone:
        raise _gone() from None
    except WeakPassword as weak:
        with visit.database.read() as connection:
            link = accounts.find_link(connection, secret, visit.now)
        if link is None:
            raise _gone() from None
        return Html("link.html", {"link": link, "error": str(weak)}, 422)
    return Goto(START, cookie=cookie)


def _gone() -> Refused:
    return Refused(
        410,
        "This link is used up",
        "A link works once, and for three days.",
        "Sign in with your password, or ask whoever invited you for another link.",
    )
