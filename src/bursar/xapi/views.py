"""A connection as the people of its enterprise see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bursar.xapi.models import Identity, Mode
from bursar.xapi.verbs import Verb


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """Without its secret, and with what became of it."""

    uuid: UUID
    endpoint: str
    key: str
    identity: Identity
    mode: Mode
    verbs: Sequence[Verb] | None
    """None: all."""
    succeeded_at: datetime | None
    failing_since: datetime | None
    created_at: datetime
