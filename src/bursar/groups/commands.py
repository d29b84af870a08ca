"""What can be asked of groups, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import UNSET, UnsetType

from bursar.groups.views import GroupView


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMembers:
    """Adds and removes addresses. None is in both."""

    add: Sequence[str] = ()
    remove: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredGroup:
    """A group as it shall be. A field that is UNSET keeps its stored value."""

    uuid: UUID
    enterprise_uuid: UUID
    name: str | UnsetType = UNSET
    members: Sequence[str] | UnsetType = UNSET
    """All of them: who is left out is no member any more."""


@dataclass(frozen=True, slots=True)
class MembershipChange:
    group: GroupView
    added: int
    removed: int
    unchanged: int
    """Addresses that were members, or were none, before."""


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A group without its members, and what an identity provider calls it."""

    uuid: UUID
    name: str
    external_id: str | None
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class GroupRecord:
    uuid: UUID
    name: str
    members: Sequence[str]
