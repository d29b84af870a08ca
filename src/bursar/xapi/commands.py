"""What is asked of xAPI."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from msgspec import UNSET, UnsetType

from bursar.xapi.models import Identity, Mode
from bursar.xapi.verbs import Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class PutConnection:
    """A connection as it shall be. A field that is UNSET keeps its stored value."""

    enterprise_uuid: UUID
    endpoint: str | UnsetType = UNSET
    key: str | UnsetType = UNSET
    secret: str | UnsetType | None = field(default=UNSET, repr=False)
    """None keeps what is stored, as UNSET does."""
    identity: Identity | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    verbs: Sequence[Verb] | UnsetType | None = UNSET
    """None: all."""


@dataclass(frozen=True, slots=True)
class DeclaredConnection:
    """As it is stored, without its secret."""

    endpoint: str
    key: str
    identity: Identity
    mode: Mode
    verbs: Sequence[Verb] | None
