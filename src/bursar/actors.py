"""Who makes a change: every service that changes something is told, and every event says it."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    CLIENT = "client"
    """An API client; the name is its client id."""
    USER = "user"
    """A person who is signed in; the name is their UUID."""
    TASK = "task"
    """Background work; the name begins with `task:` or `job:`."""
    SYSTEM = "system"
    """A command of the operator, or Bursar itself."""


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf a change is made."""

    name: str
    request_id: str | None = None
    kind: ActorKind = ActorKind.SYSTEM
