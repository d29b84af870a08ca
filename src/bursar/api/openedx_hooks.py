"""`POST /hooks/openedx/{secret}`: what an LMS tells. The secret in the path takes the place of a
token, so the path must stand in no log; the frame of requests logs its template only."""

from threading import Lock
from typing import Final

from cachetools import TTLCache
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from standardwebhooks import Webhook, WebhookVerificationError

from bursar import clock
from bursar.connectors.openedx.webhook_payloads import SHAPE, BadPayload, news_of
from bursar.database.engine import Database
from bursar.enrollment.progress.hook_news import count_waiting, keep_news
from bursar.enrollment.progress.hooks import FoundHook, find_hook
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
from bursar.web.errors import ApiError, NotFound, Refusal, TooLarge
from bursar.web.negotiation import declares_json
from bursar.web.places import Places
from bursar.web.rendering import Incoming, refuse

PATH: Final = "/hooks/openedx/{secret:str}"
MAX_BYTES: Final = 64 * 1024
"""An event of an LMS has about one KiB."""
_WAITING: Final = 64
_COUNTED_SECONDS: Final = 1.0
_FULL: Final = "Too much waits to be taken in. Send it again later; what is lost is pulled."
_MEDIA_TYPE: Final = f"The body must be JSON. {SHAPE}"


class Receiving:
    """Takes what an LMS tells: one read that finds the hook, and one small insert."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._most = settings.hook_queue
        # Counting takes longer than the insert, so that it is not done for each.
        self._waiting: TTLCache[object, int] = TTLCache(1_000, _COUNTED_SECONDS)
        # Several threads take requests, and even reading a TTLCache drops what is too old.
        self._lock = Lock()

    def find(self, secret: str) -> FoundHook:
        """Raises NotFound, whether there was never such a secret or it is good no more."""
        with self._database.read() as connection:
            hook = find_hook(connection, secret, clock.now())
        if hook is None:
            raise NotFound
        return hook

    def take(self, hook: FoundHook, incoming: Incoming) -> int:
        """How much of progress was told. Raises ApiError."""
        if incoming.is_too_large:
            raise TooLarge
        self._verify(hook, incoming)
        if not declares_json(incoming.headers.get("content-type", "")):
            raise Refusal(_MEDIA_TYPE, status=415)
        now = clock.now()
        try:
            news = news_of(incoming.body, now)
        except BadPayload as bad:
            raise Refusal(str(bad), status=400) from None
        if news is None:
            return 0
        self._refuse_floods(hook)
        with self._database.transaction() as session:
            keep_news(session, hook, news, now)
        return 1

    @staticmethod
    def _verify(hook: FoundHook, incoming: Incoming) -> None:
        """A request that is signed wrongly, or too long ago, is answered like a wrong secret."""
        if hook.signing_key is None:
            return
        try:
            Webhook(hook.signing_key).verify(incoming.body, dict(incoming.headers))
        except (WebhookVerificationError, ValueError):
            raise NotFound from None

    def _refuse_floods(self, hook: FoundHook) -> None:
        with self._lock:
            waiting = self._waiting.get(hook.uuid)
        if waiting is None:
            with self._database.read() as connection:
                waiting = count_waiting(connection, hook.uuid, self._most)
            with self._lock:
                self._waiting[hook.uuid] = waiting
        if waiting >= self._most:
            raise Refusal(_FULL, status=429, headers={"Retry-After": "60"})


def hook_handlers(
    database: Database, settings: Settings, threads: Threads
) -> list[HTTPRouteHandler]:
    receiving = Receiving(database, settings)
    # A flood waits behind itself, and nobody else behind it.
    places = Places(2 * _WAITING)
    allow = allowed_methods(["POST"])

    async def receive(request: AnyRequest, incoming: Incoming) -> int:
        # The secret is looked for first, so that no body is read and kept for who has none.
        hook = await threads.run(receiving.find, incoming.path_parameters["secret"])
        await read_body(request, incoming, MAX_BYTES, slowest=settings.slowest_transfer)
        with places.place(str(hook.uuid)):
            return await threads.run(receiving.take, hook, incoming)

    async def handle(request: AnyRequest) -> ASGIResponse:
        incoming = incoming_of(request)
        if incoming.method != "POST":
            return other_method(incoming, allow)
        try:
            accepted = await receive(request, incoming)
        except ApiError as error:
            return to_response(refuse(error, incoming), "POST")
        return json_response(202, {"accepted": accepted}, {}, "POST")

    return [HTTPRouteHandler(PATH, http_method=METHODS)(handle)]
