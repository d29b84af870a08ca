"""What can be asked of bulk changes, and what domains are asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor

MOST_AT_ONCE: Final = 1_000
"""More than this are changed by a job, this many in one transaction."""


class ChangeRefused(Exception):
    """The rest of a change cannot be made, for a reason that is told to the client."""


@dataclass(frozen=True, slots=True)
class RequestChange:
    enterprise_uuid: UUID
    kind: str
    subject_uuid: UUID
    selection: Mapping[str, Any]
    """Filters, as JSON."""
    total: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is under way."""

    enterprise_uuid: UUID
    subject_uuid: UUID
    selection: Mapping[str, Any]
    asked_at: datetime
    """What came to match the filters later is not part of the change."""
    last_uuid: UUID | None
    actor: Actor


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of a change has changed."""

    number: int
    last_uuid: UUID | None
    """None when nothing is left."""


Apply: TypeAlias = Callable[[Session, Change, datetime], Batch]
"""Changes the next `MOST_AT_ONCE`, in the caller's transaction. Raises ChangeRefused."""


@dataclass(frozen=True, slots=True)
class SelectedChange:
    """What came of a change of all that filters select."""

    number: int
    """How many are changed, or are going to be."""
    job_uuid: UUID | None = None
    """The bulk change that does so; None when it is done."""
