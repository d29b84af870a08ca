"""Routes for monitoring: `/health`, `/ready`, `/metrics`."""

from collections.abc import Callable
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from sqlalchemy.exc import SQLAlchemyError

from bursar.database.engine import Database
from bursar.database.migrate import is_current
from bursar.web.adapter import AnyRequest, Threads, json_response
from bursar.web.draining import is_draining
from bursar.web.index_page import index_response
from bursar.web.metrics import Metrics
from bursar.web.readiness import Readiness

STOPPING: Final = "The server is about to stop."
READ_ONLY: Final = "The database accepts no changes."


def system_handlers(
    database: Database,
    metrics: Metrics,
    version: str,
    check: Callable[[], Readiness] = Readiness,
    *,
    probes: Threads,
    renderers: Threads,
) -> list[HTTPRouteHandler]:
    """`check` is asked at every `/ready`, when the database answers and its schema is current.

    The figures are rendered in threads of their own, because counting them can take long, and
    whoever asks whether the process is ready must not wait behind that.
    """

    async def health(request: AnyRequest) -> ASGIResponse:
        return json_response(200, {"status": "ok", "version": version}, {}, request.method)

    async def readiness() -> Readiness:
        if is_draining():
            return Readiness(STOPPING)
        return await probes.run(_readiness, database, check)

    async def ready(request: AnyRequest) -> ASGIResponse:
        found = await readiness()
        errors: dict[str, Any] = {"errors": list(found.errors)} if found.errors else {}
        if found.problem is not None:
            return json_response(503, {"detail": found.problem, **errors}, {}, request.method)
        return json_response(200, {"status": "ready", **errors}, {}, request.method)

    async def figures(request: AnyRequest) -> ASGIResponse:
        media_type, body = await renderers.run(metrics.render)
        is_head = request.method == "HEAD"
        return ASGIResponse(
            body=b"" if is_head else body,
            media_type=media_type,
            is_head_response=is_head,
        )

    async def heartbeat(request: AnyRequest) -> ASGIResponse:
        is_ready = (await readiness()).problem is None
        return json_response(200 if is_ready else 503, {"OK": is_ready}, {}, request.method)

    async def index(request: AnyRequest) -> ASGIResponse:
        return index_response(request, version)

    named: list[tuple[str, Callable[..., object]]] = [
        ("/", index),
        ("/heartbeat", heartbeat),
        ("/health", health),
        ("/ready", ready),
        ("/metrics", figures),
    ]
    return [HTTPRouteHandler(path, http_method=["GET", "HEAD"])(fn) for path, fn in named]


def _readiness(database: Database, check: Callable[[], Readiness]) -> Readiness:
    try:
        with database.read() as connection:
            if not database.accepts_changes(connection):
                return Readiness(READ_ONLY)
            if not is_current(connection):
                return Readiness("The database schema is behind.")
        return check()
    except SQLAlchemyError:
        return Readiness("The database is unavailable.")
