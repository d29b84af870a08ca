"""Tenancy: who is calling, and which enterprise's rows they can reach.

A domain declares the objects that paths can name as an `Owned`. The gate joins it with the
caller's grants in one statement. A row of another enterprise is therefore not found, like a row
that does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Column, ColumnElement, FromClause

ADMIN = "admin"
REPORTING = "reporting"

Target_co = TypeVar("Target_co", covariant=True)


class NotAuthenticated(Exception):
    """The caller has no valid token, or its client is unknown or disabled."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Principal:
    """An enabled client and its role in each enterprise that it may act for."""

    client_id: str
    roles: Mapping[UUID, str]
    default_format: str | None = None
    """`json` or `xml` for requests that do not say what they want; None: the installation's."""

    clocks: Mapping[UUID, timedelta] = field(default_factory=dict)
    """By how much the clocks are ahead of those enterprises that are sandboxes and were
    advanced."""

    def clock_ahead(self, enterprise_uuid: UUID | None) -> timedelta:
        """In a request about this enterprise, or about none in particular: then that of the only
        one."""
        if enterprise_uuid is None and len(self.roles) == 1:
            (enterprise_uuid,) = self.roles
        return self.clocks.get(enterprise_uuid, timedelta()) if enterprise_uuid else timedelta()

    @property
    def enterprises(self) -> tuple[UUID, ...]:
        return tuple(self.roles)

    def may_write(self, enterprise_uuid: UUID) -> bool:
        return self.roles.get(enterprise_uuid) == ADMIN


@dataclass(frozen=True, eq=False)
class Owned(Generic[Target_co]):
    """What a path names, and the enterprise column that decides who can reach it.

    `condition` uses bind parameters that are named as the path's parameters. `kind` is a dataclass
    whose first field is `enterprise_uuid`; its other fields are named and ordered as `columns`.
    """

    kind: type[Target_co]
    source: FromClause
    enterprise: Column[Any] | ColumnElement[Any]
    condition: ColumnElement[bool]
    columns: tuple[ColumnElement[Any], ...] = ()

    def __post_init__(self) -> None:
        if not is_dataclass(self.kind):
            raise TypeError(f"{self.kind.__name__} is no dataclass")
        names = [each.name for each in fields(self.kind)]
        wanted = ["enterprise_uuid", *(column.key for column in self.columns)]
        if names != wanted:
            raise TypeError(f"{self.kind.__name__} has the fields {names}, not {wanted}")
