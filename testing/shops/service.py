"""A running server, its database beside it, and clients that may talk to it."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import func, select

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.models import ContentItem
from bursar.catalog.imports.completion import delete_missing
from bursar.catalog.imports.service import store_documents
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from testing.clients.api import CATALOGS, Api, JsonObject, connect
from testing.clients.openapi import ResponseChecker
from testing.databases.composed import composed
from testing.paths import REPOSITORY
from testing.servers.processes import UNLIMITED_REFUSALS, ServerProcess
from testing.waiting import wait_until
from testing.worlds.contract import ACME, GLOBEX, Document, catalog, client, manifest
from testing.worlds.contract_credit import assign, with_budgets
from testing.worlds.contract_enrollments import enroll_in_bulk
from testing.worlds.contract_groups import open_groups
from testing.worlds.contract_licenses import hand_out, with_plans
from testing.worlds.contract_webhooks import open_endpoints
from testing.worlds.declared import declare


class ContractServer(ServerProcess):
    working_folder = REPOSITORY

    def command(self) -> list[str]:
        return ["-m", "testing.servers.contract_server", str(self.port)]


def furnish(database: Database) -> None:
    """With both enterprises, and what no manifest declares."""
    declare(database, with_plans(with_budgets(manifest())))
    with database.transaction() as session:
        for enterprise in (ACME, GLOBEX):
            assign(session, enterprise)
            hand_out(session, enterprise)
            enroll_in_bulk(session, enterprise)
            open_endpoints(session, enterprise)
            open_groups(session, enterprise)


@dataclass(frozen=True)
class Shop:
    """An enterprise of a test's own, with one catalog of one organisation's content."""

    service: "Service"
    uuid: UUID
    org: str
    catalog_uuid: UUID
    api: Api

    @property
    def path(self) -> str:
        return f"{CATALOGS}/{self.catalog_uuid}"

    def key(self, name: str) -> str:
        return f"{self.org}+{name}"

    def stock(self, *documents: Document) -> None:
        """Imports courses, and programs by their having no key."""
        kinds = ("course" if "key" in document else "program" for document in documents)
        content = [{kind: item} for kind, item in zip(kinds, documents, strict=True)]
        self.service.declare({"content": content})

    def import_documents(self, *documents: Document) -> None:
        """Imports what says or shows itself what it is."""
        parsed = [parse_document(document) for document in documents]
        with self.service.database.transaction() as session:
            store_documents(session, Actor("operator:test"), parsed)

    def delete(self, *names: str) -> None:
        """Deletes courses, as a complete import that lacks them does."""
        gone = [self.key(name) for name in names]
        kept = select(ContentItem.key).where(
            ContentItem.content_type == ContentType.COURSE.value, ContentItem.key.not_in(gone)
        )
        with self.service.database.transaction() as session:
            world = {ContentType.COURSE: set(session.scalars(kept))}
            delete_missing(session, Actor("operator:test"), world, force=True)

    def change(self, **fields: Any) -> None:
        """Changes the catalog's declaration."""
        self.declare(catalogs=[{"uuid": str(self.catalog_uuid), **fields}])

    def events(self, *types: str) -> list[JsonObject]:
        """The enterprise's log, page after page, the oldest event first."""
        parameters: dict[str, Any] = {"enterprise_customer_uuid": str(self.uuid), "limit": 1000}
        parameters["type"] = list(types)
        found: list[JsonObject] = []
        while True:
            page = self.api.json("/enterprise/v1/events", params=parameters)
            found += page["results"]
            parameters["after"] = page["next"]
            if not page["has_more"]:
                return found

    def declare(self, **parts: Any) -> None:
        named = {"uuid": str(self.uuid), "name": self.org, "slug": self.org}
        self.service.declare({"enterprises": [named | parts]})


@dataclass(frozen=True)
class Service:
    server: ServerProcess
    database: Database
    ring: KeyRing
    anonymous: Api

    @property
    def url(self) -> str:
        return self.server.url

    def log(self) -> str:
        return self.server.log

    @classmethod
    def running(
        cls, stack: ExitStack, url: str, folder: Path, environment: Mapping[str, str]
    ) -> Self:
        settings = {
            "BURSAR_DATABASE_URL": url,
            "BURSAR_LOG_LEVEL": "WARNING",
            **UNLIMITED_REFUSALS,
            **environment,
        }
        return cls.behind(stack, url, ContractServer(folder, settings))

    @classmethod
    def behind(cls, stack: ExitStack, url: str, server: ServerProcess) -> Self:
        """Starts this server, and stops it at the end."""
        stack.enter_context(server)
        http = stack.enter_context(connect(server.url))
        checker = ResponseChecker(http.get("/openapi.json").json())
        database = composed(url)
        stack.callback(database.dispose)
        return cls(server, database, KeyRing(database, Settings()), Api(http, checker))

    def token(self, client_id: str) -> str:
        return self.ring.issue(client_id, {})[0]

    def acting_as(self, client_id: str) -> Api:
        return self.anonymous.acting_as(f"JWT {self.token(client_id)}")

    def declare(self, *manifests: Document) -> None:
        declare(self.database, *manifests)

    def changes_of(self, name: str) -> int:
        """How often the test endpoint did its work for a thing of this name."""
        statement = select(func.count()).where(EventRecord.object_id == name)
        with self.database.read() as connection:
            return connection.scalar(statement.select_from(EventRecord)) or 0

    @staticmethod
    def wait_for_the_next_second() -> None:
        """Dates of HTTP are whole seconds: what follows has a later one than what was before."""
        second = int(clock.now().timestamp())
        wait_until(lambda: clock.now().timestamp() >= second + 1)

    def open_shop(self, *, sandbox: bool = False, **fields: Any) -> Shop:
        # Digits, because a search for the name of a person must not find it by chance.
        org = f"Shop{uuid4().int % 10**12:012}"
        shop = Shop(self, uuid4(), org, uuid4(), self.acting_as(f"{org}-client"))
        declared = catalog(shop.catalog_uuid, org, {"org": org}) | fields
        shop.declare(
            sandbox=sandbox, clients=[client(f"{org}-client", "admin")], catalogs=[declared]
        )
        return shop
