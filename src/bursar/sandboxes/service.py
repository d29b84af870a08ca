"""Sandboxes: enterprises that exist for tests. Which ones are, `identity` knows.

What changes them expects the caller's transaction.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.service import publish
from bursar.sandboxes.events import SandboxReset


def reset(session: Session, actor: Actor, enterprise_uuid: UUID, *, at: datetime) -> None:
    """Lets a test begin anew. Whoever keeps something for sandboxes forgets it, being told."""
    event = SandboxReset(object_id=enterprise_uuid, enterprise_uuid=enterprise_uuid)
    publish(session, actor, [event], at=at)
