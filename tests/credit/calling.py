"""Asks the read endpoints of learner credit without a server, as a client without a token would."""

import json
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bursar.api import assignments, policies
from bursar.database.engine import Database
from bursar.web.rendering import Incoming, Outgoing
from testing.clients.pipeline import admit, answered, trusting_pipeline
from testing.worlds.credit import NOW

CLIENT = "client"
JsonObject = dict[str, Any]
Query = list[tuple[str, Any]]


class Api:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.policies, _one_policy = policies.routes.endpoints
        self.assignments_of, *_others = assignments.listing.endpoints
        self.pipeline = trusting_pipeline(database)

    def allow(self, enterprise_uuid: UUID, role: str = "admin") -> None:
        admit(self.database, CLIENT, enterprise_uuid, role, at=NOW)

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
        incoming = Incoming("GET", path, parameters, raw, headers, url, "test")
        return answered(self.pipeline, endpoint, incoming)


def content(answer: Outgoing) -> JsonObject:
    assert answer.status == 200, answer.body
    body: JsonObject = json.loads(answer.body)
    return body


def refusal(answer: Outgoing) -> tuple[int, JsonObject]:
    return answer.status, json.loads(answer.body)
