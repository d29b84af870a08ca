"""The second factor of a person: set up, given other recovery codes, and turned off by its owner,
who is asked for the password each time."""

from typing import Final

from sqlalchemy import Connection

from bursar.accounts import service as accounts
from bursar.accounts.codes import address_of
from bursar.accounts.refusals import (
    AccountRefused,
    SetUpGone,
    TooManyAttempts,
    TotpThere,
)
from bursar.console.guards import SECOND_FACTOR
from bursar.console.screens import Screens
from bursar.console.visits import Goto, Html, Visit
from bursar.identity.secret_file import seal_of

screens: Final = Screens()
_BORDER: Final = 3


@screens.get(SECOND_FACTOR, before_totp=True)
def show_second_factor(visit: Visit, connection: Connection) -> Html:
    return _second_factor(visit, connection)


@screens.post_alone(SECOND_FACTOR, before_totp=True)
def begin(visit: Visit) -> Html:
    """Shows the key of an app. Nothing asks for its codes before it has shown one."""
    seal = seal_of(visit.database, visit.settings)
    password = visit.form.get("password")
    try:
        key = accounts.begin_totp(
            visit.database, seal, visit.who, password, visit.address, at=visit.now
        )
    except AccountRefused as refused:
        return _refused(visit, refused)
    return _app(visit, key)


@screens.post_alone(f"{SECOND_FACTOR}/confirm", before_totp=True)
def confirm(visit: Visit) -> Html:
    """Shows the recovery codes, once: they are stored nowhere."""
    seal = seal_of(visit.database, visit.settings)
    key = visit.form.get("key")
    try:
        with visit.database.transaction() as session:
            codes = accounts.confirm_totp(
                session,
                seal,
                visit.actor,
                visit.who,
                key=key,
                code=visit.form.get("code"),
                at=visit.now,
            )
    except SetUpGone as gone:
        return _refused(visit, gone)
    except AccountRefused as refused:
        return _app(visit, key, str(refused), 422)
    return _codes(codes, is_new=True)


@screens.post_alone(f"{SECOND_FACTOR}/codes")
def renew_codes(visit: Visit) -> Html:
    try:
        _prove(visit)
        with visit.database.transaction() as session:
            codes = accounts.renew_codes(session, visit.actor, visit.who, at=visit.now)
    except AccountRefused as refused:
        return _refused(visit, refused)
    return _codes(codes, is_new=False)


@screens.post_alone(f"{SECOND_FACTOR}/remove")
def remove(visit: Visit) -> Html | Goto:
    try:
        _prove(visit)
        with visit.database.transaction() as session:
            accounts.remove_totp(session, visit.actor, visit.who.user_uuid, at=visit.now)
    except AccountRefused as refused:
        return _refused(visit, refused)
    return Goto(SECOND_FACTOR, "Signing in asks for your password only.")


def _prove(visit: Visit) -> None:
    """Raises AccountRefused. However lately the person did it: whoever sits down at a browser that
    was left alone must not get rid of what keeps them out."""
    password = visit.form.get("password")
    accounts.prove_password(visit.database, visit.who.email, password, visit.address, visit.now)


def _refused(visit: Visit, refused: AccountRefused) -> Html:
    status = 429 if isinstance(refused, TooManyAttempts) else 403
    if isinstance(refused, (SetUpGone, TotpThere)):
        status = 409
    with visit.database.read() as connection:
        return _second_factor(visit, connection, str(refused), status)


def _second_factor(
    visit: Visit, connection: Connection, error: str = "", status: int = 200
) -> Html:
    given = {
        "totp": accounts.find_totp(connection, visit.who.user_uuid),
        "error": error,
        "asked": visit.path,
        "path": SECOND_FACTOR,
    }
    return Html("second-factor.html", given, status)


def _app(visit: Visit, key: str, error: str = "", status: int = 200) -> Html:
    # Half a hundred modules, for processes only in which somebody sets up an app.
    import segno  # noqa: PLC0415

    address = address_of(key, visit.who.email, visit.settings.console_name)
    # Black on white, whatever the page is: not every camera reads the opposite.
    picture = segno.make(address, error="m", micro=False).svg_data_uri(
        border=_BORDER, light="#fff", omitsize=True
    )
    groups = [key[start : start + 4] for start in range(0, len(key), 4)]
    given = {
        "key": key,
        "groups": groups,
        "picture": picture,
        "error": error,
        "path": SECOND_FACTOR,
    }
    return Html("second-factor-app.html", given, status)


def _codes(codes: list[str], *, is_new: bool) -> Html:
    given = {"codes": codes, "is_new": is_new, "path": SECOND_FACTOR}
    return Html("recovery-codes.html", given)
