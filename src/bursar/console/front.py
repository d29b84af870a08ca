"""The steps that every request of the console passes, in this order:

origin of a form -> session -> enterprise or installation -> object -> role -> form token
-> proof of the person -> idempotency key -> the screen, in one transaction.

No token of the API means anything here, and no session of the console means anything there.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.accounts import service as accounts
from bursar.accounts.refusals import AccountRefused, TooManyAttempts
from bursar.accounts.service import Browser, ConsoleRole
from bursar.console import cookies
from bursar.console.guards import SECOND_FACTOR, check_origin, check_token
from bursar.console.installation.given import Installation
from bursar.console.path_values import typed
from bursar.console.rendering import page
from bursar.console.screens import Reach, Screen
from bursar.console.visits import (
    File,
    Form,
    Goto,
    Html,
    NotThere,
    Refused,
    ShownOnce,
    Visit,
)
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.database.retries import with_retries
from bursar.database.troubles import DatabaseBusy
from bursar.identity.secret_file import seal_of
from bursar.identity.service import find_enterprise_of_slug
from bursar.pages import PageOutOfRange
from bursar.settings import Settings
from bursar.tenancy import Owned
from bursar.web import idempotency
from bursar.web.errors import ApiError
from bursar.web.idempotency import StoredAnswer
from bursar.web.parameters import QueryParameters
from bursar.web.pipeline import unavailable
from bursar.web.rendering import Incoming

ATTEMPTS: Final = 3
_TOO_OFTEN: Final = (
    "This form was sent before",
    "It was sent once with other values, and that was done.",
    "Load the page again to see how things are now.",
)


@dataclass(frozen=True, slots=True)
class Response:
    """What the HTTP side sends."""

    status: int
    body: bytes
    location: str = ""
    cookies: tuple[str, ...] = ()
    is_known: bool = False
    """Whether whoever asked is signed in."""
    media_type: str = "text/html; charset=utf-8"
    file_name: str = ""
    """Under which the browser keeps it; empty for a page."""


class _Undone(Exception):
    """A form was answered with a page, so that its transaction leaves nothing behind."""

    def __init__(self, html: Html) -> None:
        super().__init__()
        self.html = html


class _NotSignedIn(Exception):
    pass


class _TotpFirst(_NotSignedIn):
    """The installation demands a second factor, and the person has none yet."""


class _Unproved(Exception):
    """The person has to prove who they are before this is done."""

    def __init__(self, refused: AccountRefused | None = None) -> None:
        super().__init__()
        self.refused = refused


class Front:
    def __init__(self, database: Database, settings: Settings, installation: Installation) -> None:
        self.database = database
        self.settings = settings
        self.installation = installation
        self._statements: dict[Owned[Any], Select[Any]] = {}

    def handle(self, screen: Screen, incoming: Incoming, address: str) -> Response:
        """The answer to a request; only a defect raises."""
        visit = self._visit(incoming, address)
        try:
            if screen.method == "POST":
                check_origin(incoming.headers, visit.root)
            return self._answer(screen, visit, incoming)
        except _NotSignedIn as missing:
            return self._to_sign_in(screen, incoming, missing)
        except _Unproved as unproved:
            return self._shown(visit, _proof(unproved.refused))
        except Refused as refused:
            return self._shown(visit, _refusal(refused))
        except PageOutOfRange:
            return self._shown(visit, _refusal(NotThere()))
        except DATABASE_AWAY as error:
            refusal = unavailable(error, visit.request_id)
            busy = isinstance(error, DatabaseBusy)
            reason = str(refusal.body["detail"]) if busy else "The database does not answer."
            away = Refused(503, "Not now", reason, "Nothing was changed. Try again in a moment.")
            return self._shown(replace(visit, signed_in=None), _refusal(away))

    def _visit(self, incoming: Incoming, address: str) -> Visit:
        cookie = cookies.read_cookie(incoming.headers, cookies.SESSION, incoming.root)
        try:
            query = incoming.parameters()
        except ApiError:
            query = QueryParameters(b"")
        return Visit(
            path=incoming.path.rstrip("/") or "/",
            parameters=dict(incoming.path_parameters),
            query=query,
            form=Form(),
            cookie=cookie,
            root=incoming.root,
            address=address,
            browser=incoming.headers.get("user-agent", ""),
            now=clock.now(),
            request_id=incoming.request_id,
            settings=self.settings,
            database=self.database,
            installation=self.installation,
            said=cookies.read_said(incoming.headers, incoming.root),
        )

    def _answer(self, screen: Screen, visit: Visit, incoming: Incoming) -> Response:
        if screen.reach is Reach.ANYBODY:
            visit.cookie = cookies.read_cookie(incoming.headers, cookies.FORM, visit.root)
        if screen.read is not None:
            return self._read(screen, visit)
        _read_form(visit, incoming)
        if screen.alone is not None:
            return self._alone(screen, visit)
        assert screen.write is not None  # noqa: S101 - a screen has one of the three
        with self.database.read() as connection:
            self._admit(screen, visit, connection)
        self._check_form(screen, visit)
        try:
            return with_retries(lambda: self._write(screen, visit), ATTEMPTS)
        except _Undone as undone:
            return self._shown(visit, undone.html)

    def _read(self, screen: Screen, visit: Visit) -> Response:
        assert screen.read is not None  # noqa: S101 - chosen by the caller
        with self.database.read() as connection:
            self._admit(screen, visit, connection)
            if screen.reach is Reach.ANYBODY and not visit.cookie:
                visit.cookie = secrets.token_urlsafe(24)
                answer = screen.read(visit, connection)
                shown = self._respond(visit, answer)
                form = cookies.form_cookie(visit.cookie, visit.root)
                return replace(shown, cookies=(*shown.cookies, form))
            answer = screen.read(visit, connection)
        if visit.signed_in is not None:
            accounts.note_use(self.database, visit.signed_in, at=visit.now)
        return self._respond(visit, answer)

    def _alone(self, screen: Screen, visit: Visit) -> Response:
        assert screen.alone is not None  # noqa: S101 - chosen by the caller
        with self.database.read() as connection:
            self._admit(screen, visit, connection)
        self._check_form(screen, visit)
        return self._respond(visit, screen.alone(visit))

    def _admit(self, screen: Screen, visit: Visit, connection: Connection) -> None:
        """Raises _NotSignedIn, _TotpFirst and Refused."""
        if screen.reach is Reach.ANYBODY:
            return
        visit.signed_in = (
            accounts.signed_in(connection, visit.cookie, visit.now) if visit.cookie else None
        )
        if visit.signed_in is None:
            raise _NotSignedIn
        if not visit.is_let_in and not screen.before_totp:
            raise _TotpFirst
        if screen.reach is Reach.OPERATOR and not visit.signed_in.is_operator:
            raise NotThere
        if screen.reach is Reach.ENTERPRISE:
            self._admit_to_enterprise(screen, visit, connection)
        if screen.reach is Reach.ENTERPRISE:
            _check_role(screen, visit)

    def _admit_to_enterprise(self, screen: Screen, visit: Visit, connection: Connection) -> None:
        found = find_enterprise_of_slug(connection, str(visit.parameters["slug"]))
        if found is None:
            raise NotThere
        # An operator may do everything everywhere, whatever role they were given here.
        role = visit.who.roles.get(found.uuid)
        if visit.who.is_operator:
            role = ConsoleRole.OPERATOR
        elif found.suspended_at is not None:
            role = None
        if role is None:
            raise NotThere
        visit.enterprise_view, visit.role = found, role
        values = typed(screen.path, visit.parameters)
        if screen.owned is not None:
            visit.target = self._target(connection, screen.owned, found.uuid, values)
        visit.parameters = values

    def _target(
        self, connection: Connection, owned: Owned[Any], enterprise: UUID, values: dict[str, Any]
    ) -> object:
        """Raises NotThere for what is not of this enterprise, or of nobody."""
        statement = self._statements.get(owned)
        if statement is None:
            statement = (
                select(owned.enterprise, *owned.columns)
                .select_from(owned.source)
                .where(owned.condition)
            )
            self._statements[owned] = statement
        row = connection.execute(statement.where(owned.enterprise == enterprise), values).first()
        if row is None:
            raise NotThere
        return owned.kind(*row)

    def _check_form(self, screen: Screen, visit: Visit) -> None:
        check_token(visit.token, visit.form.get("_token"))
        if not screen.is_grave or visit.who.is_confirmed(visit.now):
            return
        password = visit.form.get("_password")
        if not password:
            raise _Unproved
        try:
            seal = seal_of(self.database, self.settings)
            accounts.confirm(self.database, seal, visit.who, password, visit.address, at=visit.now)
        except AccountRefused as refused:
            raise _Unproved(refused) from None

    def _write(self, screen: Screen, visit: Visit) -> Response:
        with self.database.transaction() as session:
            # Once more, in the transaction: a role or a session may have ended since.
            self._admit(screen, visit, session.connection())
            assert screen.write is not None  # noqa: S101 - chosen by the caller
            if screen.changes_nothing:
                return self._undo(screen.write(visit, session), visit)
            return self._once(screen, visit, session)

    def _once(self, screen: Screen, visit: Visit, session: Session) -> Response:
        assert screen.write is not None  # noqa: S101 - chosen by the caller
        key = visit.form.get("_key")
        if idempotency.key_errors(key):
            raise Refused(400, "This is no form of ours", "It has no key by which it is done once.")
        scope = idempotency.scope_of(
            visit.actor.name, "POST", visit.path, visit.query.raw, f"console {key}"
        )
        kept = timedelta(hours=self.settings.idempotency_hours)
        asked = msgspec.json.encode(visit.form.kept)
        try:
            stored = idempotency.begin(session, scope, asked, visit.now, kept)
        except ApiError:
            raise Refused(409, *_TOO_OFTEN) from None
        if stored is not None:
            said, path = msgspec.json.decode(stored.body or b'["", "/console"]')
            return self._respond(visit, Goto(path, said))
        answer = screen.write(visit, session)
        leads_to = answer.again if isinstance(answer, ShownOnce) else answer
        if isinstance(leads_to, Goto):
            body = msgspec.json.encode([leads_to.said, leads_to.path])
            idempotency.finish(session, scope, StoredAnswer(303, {}, body))
        return self._undo(answer, visit)

    def _undo(self, answer: Html | Goto | ShownOnce, visit: Visit) -> Response:
        if isinstance(answer, Html):
            raise _Undone(answer)
        return self._respond(visit, answer.html if isinstance(answer, ShownOnce) else answer)

    def _respond(self, visit: Visit, answer: Html | Goto | File) -> Response:
        if isinstance(answer, Html):
            return self._shown(visit, answer)
        if isinstance(answer, File):
            return Response(
                200,
                answer.body,
                is_known=True,
                media_type=answer.media_type,
                file_name=answer.name,
            )
        set_cookies = [cookies.said_cookie(answer.said, visit.root)] if answer.said else []
        if answer.cookie is not None:
            set_cookies.append(cookies.session_cookie(answer.cookie, visit.root))
        return Response(
            303, b"", answer.path, tuple(set_cookies), is_known=visit.signed_in is not None
        )

    def _shown(self, visit: Visit, html: Html) -> Response:
        clear = (cookies.said_cookie("", visit.root),) if visit.said else ()
        known = visit.signed_in is not None
        return Response(html.status, page(visit, html), cookies=clear, is_known=known)

    def _to_sign_in(self, screen: Screen, incoming: Incoming, missing: _NotSignedIn) -> Response:
        if isinstance(missing, _TotpFirst):
            return Response(303, b"", SECOND_FACTOR, is_known=True)
        location = "/console/sign-in"
        if screen.method == "GET" and incoming.path.rstrip("/") != "/console":
            query = incoming.query.decode("latin-1")
            asked = incoming.path + (f"?{query}" if query else "")
            location = f"{location}?{_next_of(asked)}"
        return Response(303, b"", location)


def _next_of(asked: str) -> str:
    return urlencode({"next": asked})


def _read_form(visit: Visit, incoming: Incoming) -> None:
    """Raises Refused."""
    declared = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    if incoming.is_too_large:
        raise Refused(
            413,
            "This is too much at once",
            "The form is larger than the console takes.",
            "Send it in several parts.",
        )
    if incoming.body and declared != "application/x-www-form-urlencoded":
        raise Refused(415, "This is no form", "The console takes forms of its own pages only.")
    try:
        visit.form = Form.read(incoming.body)
    except ValueError:
        raise Refused(400, "This is no form", "It has too many fields.") from None


def _check_role(screen: Screen, visit: Visit) -> None:
    """Raises Refused."""
    if screen.only_admin and not visit.may_change:
        raise Refused(
            403,
            "Only administrators see this",
            f"Your role in {visit.enterprise.name} is viewer.",
            "Ask an administrator of this enterprise what you want to know.",
        )
    if screen.method != "POST":
        return
    if not visit.may_change:
        raise Refused(
            403,
            "You may look, but not change",
            f"Your role in {visit.enterprise.name} is viewer.",
            "Ask an administrator of this enterprise to do it, or to change your role.",
        )
    if visit.enterprise.suspended_at is not None:
        raise Refused(
            403,
            "This enterprise is suspended",
            "Nothing is changed and nothing is sent for it.",
            f"`bursar enterprise resume {visit.enterprise.uuid}` takes it into use again.",
        )


def _refusal(refused: Refused) -> Html:
    return Html("refused.html", {"refused": refused}, refused.status)


def _proof(refused: AccountRefused | None) -> Html:
    status = 429 if isinstance(refused, TooManyAttempts) else 403
    return Html("proof.html", {"error": str(refused or "")}, status)


def browser_of(visit: Visit) -> Browser:
    return Browser(visit.address, visit.browser)
