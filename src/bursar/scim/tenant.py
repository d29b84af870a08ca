"""Whose people a request is about, who asks, and when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bursar.actors import Actor


@dataclass(frozen=True, slots=True)
class Tenant:
    session: Session
    actor: Actor
    enterprise_uuid: UUID
    at: datetime


def take_turns(session: Session, enterprise_uuid: UUID) -> None:
    """Until the transaction ends, nobody else tells of the people of this enterprise. An identity
    provider may send everything at once, and what a request changes is what it has read. Nobody
    but SCIM waits for this lock, and it comes before all others. SQLite has one writer anyway.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(enterprise_uuid.bytes[:8], signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))
