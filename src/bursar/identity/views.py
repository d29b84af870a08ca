"""Enterprises, clients and keys as readers see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec


class EnterpriseView(msgspec.Struct, frozen=True):
    uuid: UUID
    name: str
    slug: str
    country: str | None
    contact_email: str | None
    created: datetime
    modified: datetime
    suspended_at: datetime | None = None
    is_sandbox: bool = False


class ClientView(msgspec.Struct, frozen=True):
    """A client as one enterprise may see it: not what it may do in others, and no secret."""

    client_id: str
    enterprise_customer_uuid: UUID | None
    role: str | None
    created: datetime
    disabled: datetime | None


class SigningKeyView(msgspec.Struct, frozen=True):
    """A signing key without the key itself."""

    kid: str


@dataclass(frozen=True, slots=True)
class ClientSummary:
    """A client as an operator sees it."""

    client_id: str
    created_at: datetime
    disabled_at: datetime | None
    secrets: int
    """How many secrets are live."""
    roles: Mapping[UUID, str]
    """The role in each enterprise."""
    default_format: str | None


@dataclass(frozen=True, slots=True)
class ClientOfEnterprise:
    """A client as the people of one enterprise see it."""

    uuid: UUID
    client_id: str
    role: str
    """In this enterprise."""
    created_at: datetime
    disabled_at: datetime | None
    default_format: str | None
    secrets: int
    """How many are live."""
    tokens: int
    """How many bearer tokens that live long are live."""
    elsewhere: int
    """For how many other enterprises it acts too."""

    @property
    def proofs(self) -> int:
        """By how many secrets or tokens it is known."""
        return self.secrets + self.tokens
