"""The gate through which every object of an enterprise is reached."""

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Connection

from bursar.database.types import AnyRow
from bursar.tenancy import Owned, Principal


class Gate(Protocol):
    def verify(self, token: str) -> str:
        """The client id of a valid token. Raises NotAuthenticated."""

    def admit(self, connection: Connection, client_id: str) -> Principal:
        """The client's grants, in one statement. Raises NotAuthenticated for a client that does not
        exist any more or is disabled."""

    def admit_to(
        self,
        connection: Connection,
        client_id: str,
        owned: Owned[Any],
        parameters: Mapping[str, Any],
    ) -> tuple[Principal, AnyRow | None]:
        """As `admit`, and the object, in one statement. The object is None when it does not exist
        or is not the caller's."""
