"""Asks the endpoints of bulk enrollment without a server, as clients without tokens would."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from bursar import clock
from bursar.api.bulk_enrollment import PATH, routes
from bursar.database.engine import Database
from bursar.web.rendering import Incoming, Outgoing
from testing.clients.pipeline import admit, answered, trusting_pipeline
from testing.worlds.bulk_enrollment import ACME, GLOBEX

ROOT: Final = "https://api.example.org"
ADMIN, REPORTING, STRANGER = "admin", "reporting", "stranger"
Query = Mapping[str, Any]


class Api:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.pipeline = trusting_pipeline(database)
        for client, enterprise, role in (
            (ADMIN, ACME, "admin"),
            (REPORTING, ACME, "reporting"),
            (STRANGER, GLOBEX, "admin"),
        ):
            admit(database, client, enterprise, role, at=clock.now())

    def ask(
        self,
        method: str,
        below: str = "",
        *,
        query: Query | None = None,
        body: Any = None,
        job: object = None,
        client: str = ADMIN,
        **headers: str,
    ) -> Outgoing:
        """`below` is what follows the path of the endpoint; a job stands between the two."""
        template = PATH + ("" if job is None else "/{job_id:uuid}") + below
        [endpoint] = [e for e in routes.endpoints if (e.method, e.path) == (method, template)]
        path = template.replace("{job_id:uuid}", str(job))
        given = {"authorization": f"JWT {client}", "accept": "application/json"}
        if body is not None:
            given["content-type"] = "application/json"
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return answered(
            self.pipeline,
            endpoint,
            Incoming(
                method,
                path,
                {} if job is None else {"job_id": str(job)},
                urlencode(query or {}).encode(),
                given,
                ROOT + path,
                "request-1",
                b"" if body is None else json.dumps(body).encode(),
            ),
        )

    def post(
        self, body: Any, enterprise: object = ACME, client: str = ADMIN, **headers: str
    ) -> Outgoing:
        query = {} if enterprise is None else {"enterprise_customer_uuid": enterprise}
        return self.ask("POST", query=query, body=body, client=client, **headers)

    def start(self, emails: list[str], keys: list[str]) -> UUID:
        answer = self.post({"emails": emails, "course_run_keys": keys})
        assert answer.status == 201, answer.body
        return UUID(content(answer)["job_id"])


def content(answer: Outgoing) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.body)
    return body
