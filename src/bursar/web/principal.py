"""Who is calling, and the gate through which every object of an enterprise is reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Connection, FromClause

from bursar import tenancy
from bursar.database.types import AnyRow
from bursar.tenancy import Principal


@dataclass(frozen=True, eq=False)
class Owned:
    """An object named in a path, and the enterprise column that decides who may see it.

    `condition` uses bind parameters named as the endpoint's path parameters.
    """

    source: FromClause
    enterprise: Column[Any] | ColumnElement[Any]
    condition: ColumnElement[bool]
    columns: tuple[ColumnElement[Any], ...]


class Gate(Protocol):
    def verify(self, token: str) -> str:
        """The client id of a good token. Raises NotAuthenticated."""

    def admit(self, connection: Connection, client_id: str) -> Principal:
        """One statement. Raises NotAuthenticated for a client that is gone or disabled."""

    def admit_to(
        self,
        connection: Connection,
        client_id: str,
        owned: Owned | tenancy.Owned[Any],
        parameters: Mapping[str, Any],
    ) -> tuple[Principal, AnyRow | None]:
        """As `admit`, in the same one statement with the object, None when it is not theirs."""
