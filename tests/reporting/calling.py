"""Asks for reports without a server."""

import csv
import io
import json
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from bursar import clock
from bursar.api.learner_summary import routes
from bursar.database.engine import Database
from bursar.web.rendering import Incoming, Outgoing
from testing.clients.pipeline import admit, answered, trusting_pipeline
from testing.worlds.reporting import NOW

ROOT: Final = "https://api.example.org"


class Api:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.pipeline = trusting_pipeline(database)

    def admit(self, enterprise_uuid: UUID) -> None:
        """Gives a client named as the enterprise the right to read its report."""
        admit(self.database, str(enterprise_uuid), enterprise_uuid, "reporting", at=NOW)

    def get(
        self,
        enterprise_uuid: object,
        *,
        client: object = None,
        accept: str = "application/json",
        **query: Any,
    ) -> Outgoing:
        [endpoint] = routes.endpoints
        path = endpoint.path.replace("{enterprise_uuid:uuid}", str(enterprise_uuid))
        headers = {"authorization": f"JWT {client or enterprise_uuid}", "accept": accept}
        incoming = Incoming(
            "GET",
            path,
            {"enterprise_uuid": str(enterprise_uuid)},
            urlencode(query).encode(),
            headers,
            ROOT + path,
            "request-1",
            root=ROOT,
        )
        with clock.frozen_at(NOW):
            return answered(self.pipeline, endpoint, incoming)

    def page(self, enterprise_uuid: UUID, **query: Any) -> dict[str, Any]:
        answer = self.get(enterprise_uuid, **query)
        assert answer.status == 200, answer.body
        page: dict[str, Any] = json.loads(answer.body)
        return page

    def ids(self, enterprise_uuid: UUID, **query: Any) -> list[int]:
        page = self.page(enterprise_uuid, **{"page_size": 10_000, **query})
        found = [row["enrollment_id"] for row in page["results"]]
        assert page["count"] == len(found)
        return found

    def table(self, enterprise_uuid: UUID, **query: Any) -> list[dict[str, str]]:
        answer = self.get(enterprise_uuid, accept="text/csv", **query)
        assert answer.status == 200, answer.body
        return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))

    def lines(self, enterprise_uuid: UUID, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(enterprise_uuid, accept="application/x-ndjson", **query)
        assert answer.status == 200, answer.body
        return [json.loads(line) for line in answer.body.splitlines()]
