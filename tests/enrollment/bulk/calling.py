"""Asks the endpoints of bulk enrollment without a server, as clients without tokens would."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from bursar import clock
from bursar.actors import Actor
from bursar.api.bulk_enrollment import PATH, routes
from bursar.database.engine import Database
from bursar.identity.gate import DatabaseGate
from bursar.identity.service import DeclaredClient, put_client
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.web.pipeline import Pipeline
from bursar.web.rendering import Incoming, Outgoing
from testing.worlds.bulk_enrollment import ACME, GLOBEX

ROOT: Final = "https://api.example.org"
ADMIN, REPORTING, STRANGER = "admin", "reporting", "stranger"
Query = Mapping[str, Any]


class TrustingGate(DatabaseGate):
    """Takes the token for the client's id; everything else is as it is served."""

    def verify(self, token: str) -> str:
        return token


class Api:
    def __init__(self, database: Database) -> None:
        self.database = database
        settings = Settings()
        gate = TrustingGate(KeyRing(database, settings))
        self.pipeline = Pipeline(database, gate, settings)
        for client, enterprise, role in (
            (ADMIN, ACME, "admin"),
            (REPORTING, ACME, "reporting"),
            (STRANGER, GLOBEX, "admin"),
        ):
            with database.transaction() as session:
                put_client(
                    session,
                    Actor("test"),
                    DeclaredClient(client_id=client, enterprise_uuid=enterprise, role=role),
                    at=clock.now(),
                )

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
        answer = self.pipeline.handle(
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
        if answer.stream is not None:
            with self.database.snapshot() as connection:
                answer.body = b"".join(answer.stream(connection))
        return answer

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
