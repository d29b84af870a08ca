"""What can be asked of enterprises and clients."""

from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from msgspec import UNSET, UnsetType

from bursar.declarations import DeclarationOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredEnterprise:
    """An enterprise as it shall be. A field that is UNSET keeps its stored value.

    A new enterprise needs a name and a slug.
    """

    uuid: UUID
    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    country: str | UnsetType | None = UNSET
    contact_email: str | UnsetType | None = UNSET
    is_sandbox: bool | UnsetType = UNSET
    """Whether it is for tests. This can be said only when it is created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredClient:
    """A client and its role in one enterprise as they shall be."""

    client_id: str
    enterprise_uuid: UUID
    role: str
    secret: str | None = None
    """The first secret. None leaves the stored secrets alone, and so does the one that was declared
    before, even if a rotation has ended it. Another one replaces all that are stored."""
    default_format: str | UnsetType | None = UNSET
    """`json`, `xml`, or None for that of the installation."""


class SecretEffect(Enum):
    """What a declaration does to the secrets of a client."""

    NONE = auto()
    """It names no secret, or one that is live and was declared before."""
    FIRST = auto()
    """The client had none, and has the declared one now."""
    ROTATED = auto()
    """A rotation has ended the declared one. What was rotated stays, and the declared one stays
    ended."""
    REPLACED = auto()
    """The declared one is new, and has ended all others."""


@dataclass(frozen=True, slots=True)
class ClientDeclaration:
    """What became of a declared client."""

    outcome: DeclarationOutcome
    secret: SecretEffect


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateClient:
    """A new client for one enterprise, with a secret or a token made here."""

    client_id: str
    enterprise_uuid: UUID
    role: str
    default_format: str | None = None
    has_token: bool = False
    """Whether it gets a bearer token in place of a secret."""
    is_for_good: bool = False
    """Whether it may never act for another enterprise, because people of this one ask for it."""
