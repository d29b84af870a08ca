"""SCIM over HTTP. The protocol is that of `scim2-server`; its errors have SCIM's own form, and its
answers are JSON whatever is accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from litestar.response.base import ASGIResponse
from scim2_models import PayloadTooLargeException, SCIMException, UnauthorizedException
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.api.scim_entry import ROOT, Answers
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.database.retries import with_retries
from bursar.identity.client_tokens import PREFIX
from bursar.identity.service import ScimCaller, admit_scim
from bursar.identity.tokens import KeyRing
from bursar.scim.service import (
    ScimRequest,
    ScimResponse,
    Tenant,
    answer,
    refusal,
    take_turns,
)
from bursar.settings import Settings
from bursar.tenancy import NotAuthenticated
from bursar.web.adapter import AnyRequest, Threads, incoming_of, json_response
from bursar.web.authorization import token_of
from bursar.web.bodies import read_body
from bursar.web.errors import ApiError, Unauthorized
from bursar.web.pipeline import ATTEMPTS, unavailable
from bursar.web.rendering import Incoming
from bursar.web.throttle import ClientThrottle

_READS: Final = frozenset({"GET", "HEAD"})
_SEARCH: Final = "/.search"


@dataclass(frozen=True, slots=True)
class _Desk:
    """Answers requests in threads."""

    database: Database
    ring: KeyRing
    throttle: ClientThrottle

    def admit(self, incoming: Incoming) -> ScimCaller:
        """Raises ApiError."""
        token = token_of(incoming.headers)
        try:
            named = {"token": token}
            if not token.startswith(PREFIX):
                named = {"client_id": self.ring.verify(token)}
            with self.database.read() as connection:
                caller = admit_scim(connection, **named)
        except NotAuthenticated as refused:
            raise Unauthorized(refused.reason) from None
        self.throttle.check(caller.client_id)
        return caller

    def answer(self, caller: ScimCaller, incoming: Incoming) -> ScimResponse:
        request = _request_of(incoming)
        if incoming.method in _READS or request.path.endswith(_SEARCH):
            with self.database.read() as connection, Session(connection) as session:
                return answer(_tenant(session, caller, incoming), request)

        def write() -> ScimResponse:
            with self.database.transaction() as session:
                take_turns(session, caller.enterprise_uuid)
                # Somebody may have been disabled while the body was read, and others had turns.
                admit_scim(session.connection(), client_id=caller.client_id)
                return answer(_tenant(session, caller, incoming), request)

        return with_retries(write, ATTEMPTS)


def scim_answers(
    database: Database, ring: KeyRing, settings: Settings, threads: Threads, writers: Threads
) -> Answers:
    """What answers a request below ROOT."""
    desk = _Desk(database, ring, ClientThrottle(settings.rate_limit))

    async def answered(request: AnyRequest, incoming: Incoming) -> ScimResponse:
        caller = await threads.run(desk.admit, incoming)
        limit, slowest = settings.max_body_bytes, settings.slowest_transfer
        await read_body(request, incoming, limit, slowest=slowest)
        if incoming.is_too_large:
            raise PayloadTooLargeException
        pool = threads if incoming.method in _READS else writers
        return await pool.run(desk.answer, caller, incoming)

    async def handle(request: AnyRequest) -> ASGIResponse:
        incoming = incoming_of(request)
        try:
            response = await answered(request, incoming)
        except (*_REFUSED, *DATABASE_AWAY) as error:
            response = _refusal(error, incoming)
        return json_response(response.status, response.body, response.headers, incoming.method)

    return handle


_REFUSED: Final = (SCIMException, ApiError, NotAuthenticated)


def _refusal(error: Exception, incoming: Incoming) -> ScimResponse:
    """In the form of SCIM."""
    if isinstance(error, SCIMException):
        return refusal(error)
    if isinstance(error, NotAuthenticated):
        return refusal(UnauthorizedException(detail=error.reason))
    if isinstance(error, ApiError):
        return _of_api(error)
    return _of_api(unavailable(error, incoming.request_id))


def _tenant(session: Session, caller: ScimCaller, incoming: Incoming) -> Tenant:
    actor = Actor(caller.client_id, incoming.request_id, ActorKind.CLIENT)
    return Tenant(session, actor, caller.enterprise_uuid, clock.now())


def _request_of(incoming: Incoming) -> ScimRequest:
    return ScimRequest(
        "GET" if incoming.method == "HEAD" else incoming.method,
        f"{incoming.root}{ROOT}",
        incoming.path.removeprefix(ROOT) or "/",
        dict(parse_qsl(incoming.query.decode("latin-1"), keep_blank_values=True)),
        incoming.headers,
        incoming.body,
    )


def _of_api(refused: ApiError) -> ScimResponse:
    detail = refused.body.get("detail") if isinstance(refused.body, Mapping) else None
    if refused.status == HTTPStatus.UNAUTHORIZED:
        return refusal(UnauthorizedException(detail=detail))
    error = SCIMException(detail=detail)
    error.status = refused.status
    response = refusal(error)
    response.headers |= refused.headers
    return response
