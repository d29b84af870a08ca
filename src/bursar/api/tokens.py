"""The token endpoint and the key set over HTTP. Nobody needs a token for them."""

from collections.abc import Awaitable, Callable

from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from bursar.api.token_answers import (
    TokenAnswer,
    jwks_answer,
    token_response,
    without_verifying,
)
from bursar.database.engine import Database
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.web.adapter import (
    METHODS,
    AnyRequest,
    Threads,
    allowed_methods,
    incoming_of,
    json_response,
    other_method,
    to_response,
)
from bursar.web.bodies import read_body
from bursar.web.callers import caller_of
from bursar.web.errors import Refusal, TooLarge
from bursar.web.places import Places
from bursar.web.rendering import refuse
from bursar.web.suspects import Suspects
from bursar.web.turns import Turns

MAX_FORM_BYTES = 64 * 1024


def token_handlers(
    database: Database, ring: KeyRing, settings: Settings, threads: Threads
) -> list[HTTPRouteHandler]:
    proxies = settings.proxy_networks
    places = Places(settings.token_queue)
    # Of the threads, one address has at most half, so that others do not wait behind its requests.
    turns = Turns(threads.count, stuck_seconds=settings.lock_timeout)
    suspects = Suspects()

    async def issue(request: AnyRequest) -> ASGIResponse:
        incoming = incoming_of(request)
        await read_body(request, incoming, MAX_FORM_BYTES, slowest=settings.slowest_transfer)
        if incoming.is_too_large:
            return to_response(refuse(TooLarge(), incoming), "POST")
        address = caller_of(request.scope, proxies)

        def answer() -> TokenAnswer:
            return token_response(
                database,
                ring,
                settings,
                content_type=incoming.headers.get("content-type"),
                authorization=incoming.headers.get("authorization"),
                body=incoming.body,
                address=address,
            )

        try:
            with places.place(address):
                async with turns.turn(address), suspects.lane(address):
                    answered = await threads.run(answer)
        except Refusal as refusal:
            answered = without_verifying(refusal)
        if answered.status == 401:
            suspects.note_failure(address)
        return _respond(answered)

    async def keys(request: AnyRequest) -> ASGIResponse:
        return _respond(await threads.run(jwks_answer, ring), str(request.method))

    return [_only("POST", "/oauth2/v1/access_token", issue), _only("GET", "/oauth2/jwks", keys)]


def _respond(answer: TokenAnswer, method: str = "POST") -> ASGIResponse:
    return json_response(answer.status, answer.body, answer.headers, method)


def _only(
    method: str, path: str, respond: Callable[[AnyRequest], Awaitable[ASGIResponse]]
) -> HTTPRouteHandler:
    allow = allowed_methods([method])

    async def handle(request: AnyRequest) -> ASGIResponse:
        incoming = incoming_of(request)
        if incoming.method == "OPTIONS" or incoming.method not in allow.split(", "):
            return other_method(incoming, allow)
        return await respond(request)

    return HTTPRouteHandler(path, http_method=METHODS)(handle)
