"""Sandboxes: enterprises that exist for tests. Which ones are, `identity` knows.

What changes them expects the caller's transaction.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.service import publish
from bursar.sandboxes.events import SandboxReset
from bursar.sandboxes.faults import count_asked, faults_among, faults_of, set_faults
from bursar.sandboxes.views import NO_FAULTS

__all__ = ["count_asked", "faults_among", "faults_of", "reset", "set_faults"]


def reset(session: Session, actor: Actor, enterprise_uuid: UUID, *, at: datetime) -> None:
    """Lets a test begin anew. Nothing goes wrong any more, and whoever keeps something for
    sandboxes forgets it, being told."""
    set_faults(session, actor, enterprise_uuid, NO_FAULTS, at=at)
    event = SandboxReset(object_id=enterprise_uuid, enterprise_uuid=enterprise_uuid)
    publish(session, actor, [event], at=at)
