"""Asks the read endpoints of learner credit without a server, as a client without a token would."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bursar.actors import Actor
from bursar.api import assignments, policies
from bursar.database.engine import Database
from bursar.identity.gate import DatabaseGate
from bursar.identity.service import DeclaredClient, put_client
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.web.pipeline import Pipeline
from bursar.web.rendering import Incoming, Outgoing
from testing.worlds.credit import NOW

CLIENT = "client"
JsonObject = dict[str, Any]
Query = list[tuple[str, Any]]


class TrustingGate(DatabaseGate):
    """Takes the token for the client's id; everything else is as it is served."""

    def verify(self, token: str) -> str:
        return token


class Api:
    def __init__(self, database: Database) -> None:
        settings = Settings()
        self.database = database
        self.policies, _one_policy = policies.routes.endpoints
        self.assignments_of, *_others = assignments.listing.endpoints
        self.pipeline = Pipeline(database, TrustingGate(KeyRing(database, settings)), settings)

    def allow(self, enterprise_uuid: UUID, role: str = "admin") -> None:
        with self.database.transaction() as session:
            put_client(
                session,
                Actor("test"),
                DeclaredClient(client_id=CLIENT, enterprise_uuid=enterprise_uuid, role=role),
                at=NOW,
            )

    def list_policies(self, query: Query) -> Outgoing:
        return self._get(self.policies.path, {}, query)

    def list_assignments(self, uuid: object, query: Query) -> Outgoing:
        return self._get(
            self.assignments_of.path, {"assignment_configuration_uuid": str(uuid)}, query
        )

    def _get(self, path: str, parameters: dict[str, str], query: Query) -> Outgoing:
        endpoint = self.assignments_of if parameters else self.policies
        raw = urlencode(query).encode()
        headers = {"authorization": f"JWT {CLIENT}", "accept": "application/json"}
        url = "https://api.example.org/list"
        return self.pipeline.handle(
            endpoint, Incoming("GET", path, parameters, raw, headers, url, "test")
        )


def content(answer: Outgoing) -> JsonObject:
    assert answer.status == 200, answer.body
    body: JsonObject = json.loads(answer.body)
    return body


def refusal(answer: Outgoing) -> tuple[int, JsonObject]:
    return answer.status, json.loads(answer.body)
