"""Asks the pipeline without a server, as clients without tokens would."""

from datetime import datetime
from uuid import UUID

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.identity.gate import DatabaseGate
from bursar.identity.service import DeclaredClient, put_client
from bursar.identity.tokens import KeyRing
from bursar.settings import Settings
from bursar.web.endpoint import Endpoint
from bursar.web.pipeline import Pipeline
from bursar.web.rendering import Incoming, Outgoing


class TrustingGate(DatabaseGate):
    """Takes the token for the client's id; everything else is as it is served."""

    def verify(self, token: str) -> str:
        return token


def trusting_pipeline(database: Database) -> Pipeline:
    settings = Settings()
    return Pipeline(database, TrustingGate(KeyRing(database, settings)), settings)


def admit(
    database: Database, client_id: str, enterprise_uuid: UUID, role: str, *, at: datetime
) -> None:
    """Gives a client a role in an enterprise."""
    with database.transaction() as session:
        client = DeclaredClient(client_id=client_id, enterprise_uuid=enterprise_uuid, role=role)
        put_client(session, Actor("test"), client, at=at)


def answered(pipeline: Pipeline, endpoint: Endpoint, incoming: Incoming) -> Outgoing:
    """With the whole body, as a server sends it: what is streamed is read to its end."""
    answer = pipeline.handle(endpoint, incoming)
    if answer.stream is not None:
        with pipeline.database.snapshot() as connection:
            answer.body = b"".join(answer.stream(connection))
    return answer
