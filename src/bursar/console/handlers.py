"""The console over HTTP: a handler for each path, and one for its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from bursar.console import (
    accounts_screens,
    audit,
    entering,
    home,
    people,
    second_factor,
    styleguide,
)
from bursar.console.assets import MEDIA_TYPES, PREFIX, Assets
from bursar.console.catalogs import changes as catalog_changes
from bursar.console.catalogs import editing as editing_filters
from bursar.console.catalogs import items as catalog_items
from bursar.console.catalogs import listing as catalogs
from bursar.console.credit import (
    allocating,
    assignments,
    budgets,
    changing,
    exporting,
    transactions,
)
from bursar.console.front import Front, Response
from bursar.console.groups import listing as groups
from bursar.console.groups import members as group_members
from bursar.console.guards import POLICY
from bursar.console.installation import (
    customers,
    delivering,
    finding,
    health,
    working,
)
from bursar.console.installation.given import Installation
from bursar.console.integrations import (
    clients,
    endpoints,
    overview,
    replaying,
    reports,
    stores,
    switching,
)
from bursar.console.integrations import exporting as exporting_deliveries
from bursar.console.learners import changing as changing_learners
from bursar.console.learners import listing as learners
from bursar.console.learners import person
from bursar.console.learning import progress
from bursar.console.screens import Screen
from bursar.console.seats import exporting as exporting_licenses
from bursar.console.seats import giving, plans
from bursar.database.engine import Database
from bursar.settings import Settings
from bursar.web.adapter import (
    METHODS,
    AnyRequest,
    Threads,
    allowed_methods,
    incoming_of,
    other_method,
    to_response,
)
from bursar.web.bodies import read_body
from bursar.web.callers import caller_of
from bursar.web.holding_back import CHECKS_TOKEN
from bursar.web.rendering import Outgoing

MAX_FORM_BYTES: Final = 1024 * 1024
_FOREVER: Final = "public, max-age=31536000, immutable"
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


def all_screens() -> list[Screen]:
    modules = (
        entering,
        accounts_screens,
        second_factor,
        home,
        budgets,
        allocating,
        assignments,
        changing,
        exporting,
        transactions,
        plans,
        giving,
        exporting_licenses,
        learners,
        person,
        changing_learners,
        groups,
        group_members,
        progress,
        catalogs,
        catalog_items,
        catalog_changes,
        editing_filters,
        overview,
        clients,
        endpoints,
        switching,
        replaying,
        exporting_deliveries,
        stores,
        reports,
        people,
        audit,
        health,
        customers,
        working,
        delivering,
        finding,
        styleguide,
    )
    return [screen for module in modules for screen in module.screens.found]


@dataclass(frozen=True, slots=True)
class Workers:
    """In which threads the screens run."""

    readers: Threads
    writers: Threads
    """They may wait for locks."""
    hashers: Threads
    """They make and verify hashes, which takes long: nobody else waits behind a flood of them."""

    def of(self, screen: Screen) -> Threads:
        if screen.read is not None:
            return self.readers
        return self.writers if screen.write is not None else self.hashers


def console_handlers(
    database: Database, settings: Settings, workers: Workers, installation: Installation
) -> list[HTTPRouteHandler]:
    front = Front(database, settings, installation)
    by_path: dict[str, dict[str, Screen]] = {}
    for screen in all_screens():
        by_path.setdefault(screen.path, {})[screen.method] = screen
    return [
        *(_handler(path, each, front, workers) for path, each in by_path.items()),
        _file_handler(settings),
    ]


def _handler(
    path: str, methods: Mapping[str, Screen], front: Front, workers: Workers
) -> HTTPRouteHandler:
    allow = allowed_methods(methods)
    settings = front.settings
    proxies = settings.proxy_networks

    async def handle(request: AnyRequest) -> ASGIResponse:
        incoming = incoming_of(request)
        screen = methods.get("GET" if incoming.method == "HEAD" else incoming.method)
        if screen is None:
            return other_method(incoming, allow)
        address = caller_of(request.scope, proxies)
        if screen.method == "POST":
            await read_body(request, incoming, MAX_FORM_BYTES, slowest=settings.slowest_transfer)
        threads = workers.of(screen)
        response = await threads.run(front.handle, screen, incoming, address)
        if response.is_known:
            request.scope["state"][CHECKS_TOKEN] = True
        return _sent(response, is_head=incoming.method == "HEAD")

    # The front answers a malformed UUID or number as it answers an unknown one.
    untyped = path.replace(":uuid}", ":str}").replace(":int}", ":str}")
    return HTTPRouteHandler(untyped, http_method=METHODS)(handle)


def _sent(response: Response, *, is_head: bool) -> ASGIResponse:
    headers = {**_HEADERS, "content-type": response.media_type}
    if response.location:
        headers["location"] = response.location
    if response.file_name:
        headers["content-disposition"] = f'attachment; filename="{response.file_name}"'
    headers["content-length"] = str(len(response.body))
    return ASGIResponse(
        body=b"" if is_head else response.body,
        status_code=response.status,
        headers=headers,
        encoded_headers=[(b"set-cookie", each.encode()) for each in response.cookies],
        media_type=headers["content-type"],
        is_head_response=is_head,
        content_length=len(response.body),
    )


def _file_handler(settings: Settings) -> HTTPRouteHandler:
    assets = Assets.of(settings.console_accent)

    async def file(request: AnyRequest) -> ASGIResponse:
        name = str(request.path_params["name"])
        is_current = name in MEDIA_TYPES and request.path_params["version"] == assets.version(name)
        if not is_current:
            raise NotFoundException
        headers = {"content-type": MEDIA_TYPES[name], "cache-control": _FOREVER}
        return to_response(Outgoing(200, headers, assets.body(name)), str(request.method))

    path = f"{PREFIX}/{{version:str}}/{{name:str}}"
    return HTTPRouteHandler(path, http_method=["GET", "HEAD"])(file)
