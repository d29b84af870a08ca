"""Assembles the application: routes, plumbing, lifespan. Nothing else."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache, partial
from typing import Any
from uuid import UUID

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from bursar import __version__, clock, logs, memory, tracing
from bursar.api import (
    allocation,
    assignments,
    bulk_changes,
    bulk_enrollment,
    catalog_contents,
    catalogs,
    course_enrollments,
    events,
    explanations,
    groups,
    learner_data,
    learner_progress,
    learner_summary,
    license_lists,
    licenses,
    me,
    policies,
    redeemability,
    redemption,
    sandboxes,
    subscriptions,
    webhook_deliveries,
    webhook_endpoints,
    xapi,
)
from bursar.api.catalog_answers import CatalogServices, PageCache
from bursar.api.content_schemas import content_schemas
from bursar.api.event_log import EventLog
from bursar.api.openedx_hooks import hook_handlers
from bursar.api.scim_entry import scim_handlers
from bursar.api.tags import ABOUT
from bursar.api.token_answers import readiness_of_tokens
from bursar.api.tokens import token_handlers
from bursar.catalog.listings.indexes import MemberIndexes
from bursar.catalog.listings.service import Look
from bursar.catalog.sync.service import guard_problem
from bursar.claim_pages.handlers import ClaimPages, claim_handlers
from bursar.claim_pages.limits import PageLimits
from bursar.claim_pages.work import ClaimWork
from bursar.console.handlers import Workers, console_handlers
from bursar.console.installation.given import Installation
from bursar.database.engine import Database
from bursar.database.standby import Standby
from bursar.enrollment.gateway import LmsAccounts
from bursar.identity.gate import DatabaseGate
from bursar.identity.secret_file import seal_of
from bursar.identity.tokens import KeyRing
from bursar.lms_accounts import accounts_of
from bursar.processes.presence import present
from bursar.processes.service import this_process
from bursar.sandbox_work import DUE_IN_SANDBOX
from bursar.settings import Settings, get_settings
from bursar.vocabulary import EVENT_SCHEMA, webhooks
from bursar.web.adapter import EXCEPTION_HANDLERS, Threads, route_handlers
from bursar.web.docs_page import docs_handlers
from bursar.web.endpoint import Endpoint
from bursar.web.found import StandbyFigures, StoredFigures
from bursar.web.holding_back import HoldingBack
from bursar.web.limits import EndpointLimits
from bursar.web.metrics import Metrics
from bursar.web.middleware import RequestFrame
from bursar.web.negotiation import Format
from bursar.web.openapi.document import openapi_document
from bursar.web.pipeline import Pipeline
from bursar.web.readiness import Readiness
from bursar.web.rewrites import rewrites
from bursar.web.system import system_handlers
from bursar.work import (
    claim_tokens,
    compose,
    figure_readers,
    mail_reader,
    open_standby,
    open_web_database,
)
from bursar.xapi.service import StatementPreview


def all_endpoints() -> list[Endpoint]:
    """In the order of the reference; what goes beyond it comes last."""
    return [
        *allocation.routes.endpoints,
        *policies.routes.endpoints,
        *assignments.listing.endpoints,
        *assignments.routes.endpoints,
        *subscriptions.routes.endpoints,
        *license_lists.routes.endpoints,
        *licenses.routes.endpoints,
        *bulk_enrollment.routes.endpoints,
        *catalogs.routes.endpoints,
        *catalog_contents.routes.endpoints,
        *learner_summary.routes.endpoints,
        *learner_progress.routes.endpoints,
        *redemption.routes.endpoints,
        *redeemability.routes.endpoints,
        *explanations.routes.endpoints,
        *me.routes.endpoints,
        *bulk_changes.routes.endpoints,
        *course_enrollments.routes.endpoints,
        *learner_data.routes.endpoints,
        *groups.routes.endpoints,
        *webhook_endpoints.routes.endpoints,
        *webhook_deliveries.routes.endpoints,
        *events.routes.endpoints,
        *xapi.routes.endpoints,
        *sandboxes.routes.endpoints,
    ]


def create_app(
    settings: Settings,
    database: Database,
    extra_endpoints: Sequence[Endpoint] = (),
    extra_handlers: Sequence[HTTPRouteHandler] = (),
    companions: Sequence[Callable[[], AbstractContextManager[None]]] = (),
    *,
    standby: Standby | None = None,
) -> ASGIApp:
    """The ASGI application over a database that is migrated already.

    `companions` run beside it, from before the first request until after the last one.
    """
    compose(database, settings)
    # Writers may wait for locks. Nobody else waits behind them, and nothing behind who checks
    # whether the process is alive.
    metrics = _metrics(database, standby)
    threads = Threads(settings.threads, metrics.waits("reading thread"))
    writers = Threads(settings.threads, metrics.waits("writing thread"))
    probes = Threads(1)
    renderers = Threads(1)
    followers = Threads(2)
    issuers = Threads(max(1, settings.threads // 2), metrics.waits("token thread"))
    receivers = Threads(2, metrics.waits("hook thread"))
    close = _closer(database, threads, writers, probes, renderers, issuers, followers, receivers)
    ring = KeyRing(database, settings)
    shared = CatalogServices(
        MemberIndexes(),
        PageCache(settings.page_cache_bytes),
        Look(settings.lms_public_url, with_listed_keys=settings.listed_keys == "all"),
    )
    endpoints = [*all_endpoints(), *extra_endpoints]
    statements = StatementPreview(settings.lms_public_url, database.info)
    provided = (
        shared,
        EndpointLimits.of(endpoints),
        EventLog.over(database, followers),
        statements,
        mail_reader(database, settings),
        DUE_IN_SANDBOX,
    )
    pipeline = Pipeline(database, DatabaseGate(ring), settings, provided=provided, standby=standby)
    companions = [*companions, metrics.looked_after]
    if standby is not None:
        companions = [*companions, standby.followed]
    pipeline.check(endpoints)
    readiness = partial(_readiness, ring, database, settings)
    installation = Installation(__version__, figure_readers(), readiness, statements, _manifest_of)

    def document() -> dict[str, Any]:
        return openapi_document(
            endpoints,
            version=__version__,
            public_url=settings.public_url,
            about=ABOUT,
            webhooks=webhooks(),
            event=EVENT_SCHEMA,
        )

    app = Litestar(
        [
            *route_handlers(endpoints, pipeline, threads, writers),
            *token_handlers(database, ring, settings, issuers),
            *console_handlers(database, settings, Workers(threads, writers, issuers), installation),
            *scim_handlers(database, ring, settings, threads, writers),
            *hook_handlers(database, settings, receivers),
            *system_handlers(
                database,
                metrics,
                __version__,
                readiness,
                probes=probes,
                renderers=renderers,
            ),
            *_embedded_lms(database, settings, threads, writers),
            *claim_handlers(
                ClaimPages(
                    ClaimWork(database, _accounts(settings)),
                    settings,
                    claim_tokens(database, settings),
                    PageLimits(),
                    threads,
                    writers,
                )
            ),
            *docs_handlers(document, content_schemas),
            *extra_handlers,
        ],
        lifespan=[partial(_lifespan, companions, close)],
        exception_handlers=EXCEPTION_HANDLERS,
        cors_config=_cors(settings),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    return RequestFrame(
        app,
        metrics,
        settings.public_url,
        default_format=Format(settings.default_format),
        rewrites=rewrites(with_services=settings.service_paths),
        routes=[endpoint.path for endpoint in endpoints],
        holding_back=HoldingBack(settings.refusals_before_delay, settings.proxy_networks),
    )


def _accounts(settings: Settings) -> Callable[[], LmsAccounts] | None:
    """One for all requests of the process, made when the first learner without an account comes."""
    return cache(partial(accounts_of, settings)) if settings.lms_url else None


def _embedded_lms(
    database: Database, settings: Settings, readers: Threads, writers: Threads
) -> list[HTTPRouteHandler]:
    if not settings.embedded_lms:
        return []
    # For demonstrations only.
    from bursar.embedded_lms.handlers import EmbeddedLms, embedded_lms_handlers  # noqa: PLC0415

    return embedded_lms_handlers(EmbeddedLms(database, settings, readers, writers))


def create() -> ASGIApp:
    """Creates the application in the processes of the web server, with settings of the
    environment."""
    tune_process()
    settings = get_settings()
    logs.configure(settings)
    database = open_web_database(settings)
    secrets = seal_of(database, settings).fingerprints
    process = this_process("web", __version__, secrets, at=clock.now())
    beside = [partial(tracing.recorded, os.environ), partial(present, database, process)]
    standby = open_standby(settings, database)
    app = create_app(settings, database, companions=beside, standby=standby)
    memory.collect_garbage_rarely()
    return app


def tune_process() -> None:
    """Tunes a process with many threads that mostly wait for the database."""
    # By default a thread may wait five milliseconds for another one that computes. A thread that
    # holds the lock of a budget would wait so after each statement. Measured: with this, 40 % more
    # allocations on one policy.
    sys.setswitchinterval(0.0005)


def _readiness(ring: KeyRing, database: Database, settings: Settings) -> Readiness:
    """Raises SQLAlchemy's errors."""
    found = readiness_of_tokens(ring)
    if not settings.discovery_url:
        return found
    with database.read() as connection:
        problem = guard_problem(connection)
    return replace(found, errors=(*found.errors, problem)) if problem else found


def _manifest_of(session: Session, enterprise_uuid: UUID) -> str:
    # All domains and YAML: for processes only in which an operator asks for it.
    from bursar.provisioning.export import export, to_yaml  # noqa: PLC0415

    return to_yaml(export(session, enterprise_uuid))


def _metrics(database: Database, standby: Standby | None) -> Metrics:
    found: list[Collector] = [StoredFigures(database, figure_readers())]
    if standby is not None:
        found.append(StandbyFigures(standby))
    metrics = Metrics(*found)
    for engine, doing, write in (("read", "reading", False), ("write", "writing", True)):
        metrics.shows_pool(engine, partial(database.connections_in_use, write=write))
        database.watch_connections(metrics.waits(f"{doing} connection"), write=write)
    return metrics


def _closer(database: Database, *threads: Threads) -> Callable[[], None]:
    def close() -> None:
        for each in threads:
            each.shut_down()
        database.dispose()

    return close


@asynccontextmanager
async def _lifespan(
    companions: Sequence[Callable[[], AbstractContextManager[None]]],
    close: Callable[[], None],
    _app: Litestar,
) -> AsyncIterator[None]:
    with ExitStack() as stack:
        stack.callback(close)
        for companion in companions:
            stack.enter_context(companion())
        yield


def _cors(settings: Settings) -> CORSConfig | None:
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
        allow_headers=[
            "Authorization",
            "Content-Type",
            "Idempotency-Key",
            "If-Modified-Since",
            "If-None-Match",
            "Last-Event-ID",
            "Prefer",
            "X-Request-ID",
        ],
        expose_headers=[
            "ETag",
            "X-Request-ID",
            "Location",
            "Retry-After",
            "Idempotent-Replayed",
            "X-Data-As-Of",
            "X-Ignored-Parameters",
            "X-Next-Updated-Since",
        ],
    )
