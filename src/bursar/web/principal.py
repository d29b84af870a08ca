"""The gate through which every object of an enterprise is reached."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from bursar.database.types import AnyRow
from bursar.tenancy import Owned, Principal


class Gate(Protocol):
    def verify(self, token: str) -> str:
        """The client id of a good token. Raises NotAuthenticated."""

    def admit(self, connection: Connection, client_id: str) -> Principal:
        """One statement. Raises NotAuthenticated for a client that is gone or disabled."""

    def admit_to(
        self,
        connection: Connection,
        client_id: str,
        owned: Owned[Any],
        parameters: Mapping[str, Any],
    ) -> tuple[Principal, AnyRow | None]:
        """As `admit`, in the same one statement with the object, None when it is not theirs."""
