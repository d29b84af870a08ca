"""What can be asked of endpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import UNSET, UnsetType


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEndpoint:
    enterprise_uuid: UUID
    url: str
    description: str = ""
    event_types: Sequence[str] | None = None
    """Types, or `license.*`; None: all."""
    secret: str | None = None
    """`whsec_...`; None: one is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEndpoint:
    """A field that is UNSET stays as it is."""

    url: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    event_types: Sequence[str] | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEndpoint:
    """An endpoint as it shall be. A field that is UNSET keeps its stored value."""

    uuid: UUID
    enterprise_uuid: UUID
    url: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    event_types: Sequence[str] | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """From a position of the log on, or from an instant on; exactly one of them is given."""

    after: int | None = None
    since: datetime | None = None
    event_types: Sequence[str] | None = None
