"""The way in to SCIM, which is loaded when an identity provider speaks to the installation: its
models take a third of the time and of the processor that a process needs to start."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from bursar.database.engine import Database
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.web.adapter import METHODS, AnyRequest, Threads

ROOT: Final = "/scim/v2"
Answers: TypeAlias = Callable[[AnyRequest], Awaitable[ASGIResponse]]


def scim_handlers(
    database: Database, ring: KeyRing, settings: Settings, threads: Threads, writers: Threads
) -> list[HTTPRouteHandler]:
    answers: Answers | None = None

    def load() -> Answers:
        from bursar.api.scim import scim_answers  # noqa: PLC0415 - see above

        return scim_answers(database, ring, settings, threads, writers)

    async def handle(request: AnyRequest) -> ASGIResponse:
        nonlocal answers
        if answers is None:
            # In a thread, so that others are answered meanwhile.
            answers = await threads.run(load)
        return await answers(request)

    return [
        HTTPRouteHandler(path, http_method=METHODS)(handle)
        for path in (ROOT, f"{ROOT}/{{rest:path}}")
    ]
