"""What can be asked of enterprises and clients."""

from dataclasses import dataclass
from uuid import UUID

from msgspec import UNSET, UnsetType


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredClient:
    """A client and its role in one enterprise as they shall be."""

    client_id: str
    enterprise_uuid: UUID
    role: str
    secret: str | None = None
    """None leaves the stored secrets alone; a secret that none of them is replaces them all."""
    default_format: str | UnsetType | None = UNSET
    """`json`, `xml`, or None for that of the installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateClient:
    """A new client for one enterprise, with a secret made here."""

    client_id: str
    enterprise_uuid: UUID
    role: str
    default_format: str | None = None
