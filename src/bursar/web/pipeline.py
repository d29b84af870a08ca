"""The steps that every request passes, in this order:

token -> principal and object in one statement -> Accept -> object -> role -> media type and size
-> parameters and body, all errors at once -> the route, in one transaction -> rendering.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.database.retries import with_retries
from bursar.database.standby import Standby
from bursar.database.troubles import DatabaseBusy, DatabaseReadOnly
from bursar.invisible import refuse_invisible
from bursar.pages import PageOutOfRange
from bursar.settings import Settings
from bursar.tenancy import NotAuthenticated
from bursar.web import idempotency
from bursar.web.authorization import token_of
from bursar.web.call import DATA_AS_OF, Answer, Call, OfEnterprise
from bursar.web.endpoint import Endpoint
from bursar.web.errors import (
    ApiError,
    Forbidden,
    InvalidFields,
    InvalidPage,
    NotFound,
    Refusal,
    UnacceptableFormat,
    Unauthorized,
)
from bursar.web.gate import Gate
from bursar.web.idempotency import StoredAnswer
from bursar.web.media_types import check_media_type, decoded_body
from bursar.web.misspelt import errors_of_unknown, ignored_parameters, is_strict
from bursar.web.negotiation import (
    Format,
    Negotiated,
    NotAcceptable,
    UnknownFormat,
    negotiate,
    only,
)
from bursar.web.parameters import parse_uuid
from bursar.web.query import read_query
from bursar.web.rendering import Incoming, Outgoing, lenient, refuse, render, render_read
from bursar.web.throttle import ClientThrottle
from bursar.web.turns import BUSY
from bursar.web.validation import validate

log = structlog.get_logger()
ATTEMPTS = 3
READ_ONLY: Final = (
    "The database accepts no changes at the moment. Nothing was changed; send it again later."
)


class Pipeline:
    def __init__(
        self,
        database: Database,
        gate: Gate,
        settings: Settings,
        *,
        provided: Iterable[object] = (),
        standby: Standby | None = None,
    ) -> None:
        """`provided` are the instances that routes can ask for by their types."""
        self.database = database
        self.standby = standby
        self.gate = gate
        self.settings = settings
        self.provided = {type(each): each for each in (settings, *provided)}
        self.throttle = ClientThrottle(settings.rate_limit)

    def check(self, endpoints: Iterable[Endpoint]) -> None:
        """Raises LookupError for a route that needs an instance that was not provided."""
        for endpoint in endpoints:
            for kind in endpoint.needs:
                if kind not in self.provided:
                    raise LookupError(f"{endpoint.path} needs a {kind.__name__}")

    def authenticate(self, headers: Mapping[str, str]) -> str:
        """The client id of the request's token. Raises Unauthorized."""
        token = token_of(headers)
        try:
            return self.gate.verify(token)
        except NotAuthenticated as refusal:
            raise Unauthorized(refusal.reason) from None

    def still_admits(self, endpoint: Endpoint, incoming: Incoming) -> bool:
        """Whether who asked for this, and was admitted then, would be admitted now."""
        try:
            client_id = self.authenticate(incoming.headers)
            with self.database.read() as connection:
                self._admit(endpoint, incoming, client_id, connection)
        except DATABASE_AWAY:
            return True
        except (ApiError, NotAuthenticated):
            return False
        return True

    def handle(
        self, endpoint: Endpoint, incoming: Incoming, client_id: str | None = None
    ) -> Outgoing:
        """The answer to the request; only a defect raises. `client_id` is given when the token was
        verified already, as it is for a write before its body is read."""
        try:
            caller = client_id or self.authenticate(incoming.headers)
            if endpoint.read is not None:
                outgoing = self._read_again(endpoint, incoming, caller)
            else:
                outgoing = with_retries(lambda: self._write(endpoint, incoming, caller), ATTEMPTS)
                if self.standby is not None:
                    self.standby.note_write(caller)
        except REFUSED as error:
            outgoing = refusal_of(error, incoming)
        if incoming.query and (ignored := ignored_parameters(endpoint, incoming)):
            outgoing.headers["X-Ignored-Parameters"] = ignored
        return outgoing

    def _read_again(self, endpoint: Endpoint, incoming: Incoming, client_id: str) -> Outgoing:
        """A connection for reading is not tried before it is used. When it turns out that the
        server has ended it, the pool forgets it and its neighbours, and a new one is taken."""
        try:
            return self._read(endpoint, incoming, client_id)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return self._read(endpoint, incoming, client_id)

    def _read(self, endpoint: Endpoint, incoming: Incoming, client_id: str) -> Outgoing:
        with self.database.read() as connection:
            call = self._admit(endpoint, incoming, client_id, connection)
            if endpoint.only_admin:
                self._check_may_write(call)
            self._parse(endpoint, incoming, call)
            as_of = self._as_of(endpoint, connection, client_id)
            if as_of is None:
                return rendered_for(call, _read_for(endpoint, call, connection), incoming)
        try:
            return self._read_from_standby(endpoint, incoming, call, as_of)
        except (ApiError, NotAuthenticated, PageOutOfRange, SQLAlchemyError):
            # The standby may be away, or lack what the primary has: only the primary can say so.
            with self.database.read() as connection:
                return rendered_for(call, _read_for(endpoint, call, connection), incoming)

    def _as_of(self, endpoint: Endpoint, connection: Connection, client_id: str) -> datetime | None:
        if self.standby is None or not endpoint.from_standby:
            return None
        return self.standby.as_of(connection, client_id)

    def _read_from_standby(
        self, endpoint: Endpoint, incoming: Incoming, call: Call, as_of: datetime
    ) -> Outgoing:
        assert self.standby is not None  # noqa: S101 - it has said how new it is
        with self.standby.replica.read() as connection:
            if endpoint.owned is not None:
                # What the primary says of the object, such as its version or how many it counts,
                # may be newer than what the standby lists.
                values = {**call.path, **(_named_in_query(endpoint, incoming) or {})}
                _, target = self.gate.admit_to(
                    connection, call.principal.client_id, endpoint.owned, values
                )
                if target is None:
                    raise NotFound
                call = replace(call, target=target)
            answer = _read_for(endpoint, call, connection)
        outgoing = rendered_for(call, answer, incoming)
        outgoing.headers[DATA_AS_OF] = as_of.isoformat().replace("+00:00", "Z")
        if outgoing.stream is not None:
            outgoing.stream_from = self.standby.replica
        return outgoing

    def _write(self, endpoint: Endpoint, incoming: Incoming, client_id: str) -> Outgoing:
        with self.database.transaction() as session:
            call = self._admit(endpoint, incoming, client_id, session.connection())
            self._check_may_write(call)
            check_media_type(endpoint, incoming)
            self._parse(endpoint, incoming, call)
            key = incoming.headers.get("idempotency-key")
            if incoming.method != "POST" or key is None:
                return render(_write_for(endpoint, call, session), call.negotiated, incoming)
            scope = idempotency.scope_of(
                client_id, incoming.method, incoming.path, call.query.raw, key
            )
            keep = timedelta(hours=self.settings.idempotency_hours)
            stored = idempotency.begin(session, scope, incoming.body, clock.real_now(), keep)
            if stored is None:
                answer = _write_for(endpoint, call, session)
                idempotency.finish(session, scope, _stored(answer))
                return render(answer, call.negotiated, incoming)
            headers = {"Idempotent-Replayed": "true"}
            return _render_stored(stored, headers, call.negotiated, incoming)

    def _admit(
        self, endpoint: Endpoint, incoming: Incoming, client_id: str, connection: Connection
    ) -> Call:
        path = _path_parameters(endpoint.path, incoming.path_parameters)
        named = _named_in_query(endpoint, incoming)
        target: OfEnterprise | None = None
        if endpoint.owned is None or path is None or named is None:
            principal = self.gate.admit(connection, client_id)
        else:
            values = {**path, **named}
            principal, target = self.gate.admit_to(connection, client_id, endpoint.owned, values)
        if not incoming.is_counted:
            self.throttle.check(client_id)
            incoming.is_counted = True
        if not incoming.has_fixed_format and principal.default_format is not None:
            incoming.default_format = Format(principal.default_format)
        ahead = principal.clock_ahead(None if target is None else target.enterprise_uuid)
        call = Call(
            principal=principal,
            target=target,
            path=path or {},
            query=incoming.parameters(),
            headers=incoming.headers,
            negotiated=_negotiated(endpoint, incoming),
            url=incoming.url,
            request_id=incoming.request_id,
            root=incoming.root,
            now=clock.now() + ahead,
            provided=self.provided,
            resumed=incoming.resumed,
            ahead=ahead,
        )
        _refuse_invisible_keys(call.path)
        is_named = endpoint.owned is not None and named is not None
        if path is None or (is_named and target is None):
            raise NotFound
        return call

    @staticmethod
    def _check_may_write(call: Call) -> None:
        allowed = (
            call.principal.may_write(call.target.enterprise_uuid)
            if call.target is not None
            else "admin" in call.principal.roles.values()
        )
        if not allowed:
            raise Forbidden

    @staticmethod
    def _parse(endpoint: Endpoint, incoming: Incoming, call: Call) -> None:
        """Reads the query and the body. Raises InvalidFields with every error of both."""
        errors: dict[str, Any] = {}
        wanted = call.query.get("format")
        if wanted and wanted.lower() not in endpoint.formats:
            errors["format"] = [f'"{wanted}" is not a known format.']
        if is_strict(incoming.headers):
            errors |= errors_of_unknown(endpoint, call.query)
        if endpoint.query is not None:
            call.parameters, errors_of_query = read_query(endpoint.query, call.query)
            errors |= errors_of_query
        if endpoint.method == "POST":
            errors |= idempotency.key_errors(incoming.headers.get("idempotency-key"))
        # A write without a body model still refuses a body that is not JSON.
        is_given = endpoint.write is not None and incoming.body.strip()
        decoded = decoded_body(endpoint, incoming) if is_given else {}
        if endpoint.body is not None:
            call.body, body_errors = validate(endpoint.body, decoded)
            errors |= body_errors
            if endpoint.method == "PUT" and not is_given and not body_errors:
                # What a PUT leaves out is put back, and all of it is not by mistake.
                errors["non_field_errors"] = ["Send a JSON object, such as {}."]
        if errors:
            raise InvalidFields(errors)


def _read_for(endpoint: Endpoint, call: Call, connection: Connection) -> Answer[Any]:
    assert endpoint.read is not None  # noqa: S101 - chosen by the caller
    with clock.ahead_by(call.ahead):
        return endpoint.read(call, connection)


def _write_for(endpoint: Endpoint, call: Call, session: Session) -> Answer[Any]:
    assert endpoint.write is not None  # noqa: S101 - chosen by the caller
    with clock.ahead_by(call.ahead):
        return endpoint.write(call, session)


def rendered_for(call: Call, answer: Answer[Any], incoming: Incoming) -> Outgoing:
    outgoing = render_read(answer, call.negotiated, incoming)
    # One customer may have any number of clients.
    target = call.target
    outgoing.owner = call.principal.client_id if target is None else str(target.enterprise_uuid)
    return outgoing


REFUSED = (ApiError, NotAuthenticated, PageOutOfRange, *DATABASE_AWAY)
"""The exceptions that have an answer of their own. Every other exception is a defect."""


def refusal_of(error: Exception, incoming: Incoming) -> Outgoing:
    if isinstance(error, PageOutOfRange):
        error = InvalidPage()
    elif isinstance(error, NotAuthenticated):
        error = Unauthorized(error.reason)
    if isinstance(error, ApiError):
        return refuse(error, incoming)
    outgoing = refuse(unavailable(error, incoming.request_id), incoming)
    outgoing.was_busy = isinstance(error, DatabaseBusy)
    return outgoing


def unavailable(error: Exception, request_id: str) -> Refusal:
    """What is answered when the database does not do what it was asked: 503."""
    if isinstance(error, DatabaseBusy):
        log.warning("database.busy", request_id=request_id, error=str(error.orig))
        return Refusal(BUSY, status=503, headers={"Retry-After": "1"})
    if isinstance(error, DatabaseReadOnly):
        log.error("database.read_only", request_id=request_id, error=str(error.orig))
        return Refusal(READ_ONLY, status=503, headers={"Retry-After": "5"})
    log.error("database.unavailable", request_id=request_id, error=str(error), exc_info=error)
    return Refusal("The database is unavailable.", status=503, headers={"Retry-After": "1"})


def _negotiated(endpoint: Endpoint, incoming: Incoming) -> Negotiated:
    """The format of the answer. Raises UnacceptableFormat.

    An unknown `format` is refused later, together with the other parameters. Until then any format
    will do.
    """
    headers, wanted = incoming.headers, incoming.parameters().get("format")
    try:
        if endpoint.ignores_accept:
            return only(wanted, endpoint.formats)
        return negotiate(
            headers.get("accept"),
            headers.get("content-type"),
            wanted,
            endpoint.formats,
            incoming.default_format,
        )
    except NotAcceptable:
        raise UnacceptableFormat from None
    except UnknownFormat:
        return lenient(incoming)


def _named_in_query(endpoint: Endpoint, incoming: Incoming) -> dict[str, Any] | None:
    """The UUIDs that the query must name, or None when one is absent or malformed. This is refused
    later, together with the other parameters."""
    if not endpoint.query_names:
        return {}
    query = incoming.parameters()
    try:
        return {name: parse_uuid(query.get(name) or "") for name in endpoint.query_names}
    except ValueError:
        return None


def _refuse_invisible_keys(path: Mapping[str, Any]) -> None:
    """No key has characters that nobody sees, whoever's it is. Raises InvalidFields."""
    for name, value in path.items():
        if isinstance(value, str):
            try:
                refuse_invisible(value)
            except ValueError as error:
                raise InvalidFields({name: [str(error)]}) from None


def _path_parameters(template: str, raw: Mapping[str, str]) -> dict[str, Any] | None:
    """Typed path parameters; None when one is malformed, which is answered as unknown."""
    values: dict[str, Any] = {}
    for name, text in raw.items():
        if f"{{{name}:uuid}}" not in template:
            values[name] = text.strip("/") if f"{{{name}:path}}" in template else text
            if "\x00" in values[name]:
                return None
            continue
        try:
            values[name] = parse_uuid(text)
        except ValueError:
            return None
    return values


def _stored(answer: Answer[Any]) -> StoredAnswer:
    content = answer.content if answer.kept is None else answer.kept
    body = answer.body if content is None else msgspec.json.encode(content)
    return StoredAnswer(answer.status, answer.headers, body)


def _render_stored(
    stored: StoredAnswer, headers: dict[str, str], negotiated: Negotiated, incoming: Incoming
) -> Outgoing:
    content = None if not stored.body else msgspec.Raw(stored.body)
    answer = Answer(content=content, status=stored.status, headers=stored.headers | headers)
    return render(answer, negotiated, incoming)
