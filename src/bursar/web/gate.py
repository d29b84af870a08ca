"""What the pipeline asks of whoever knows clients and their grants."""

from collections.abc import Mapping
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from bursar.tenancy import Owned, Principal

Target = TypeVar("Target")


class Gate(Protocol):
    def verify(self, token: str) -> str:
        """The client id of a good token. Raises NotAuthenticated."""

    def admit(self, connection: Connection, client_id: str) -> Principal:
        """One statement. Raises NotAuthenticated for a client that is gone or disabled."""

    def admit_to(
        self,
        connection: Connection,
        client_id: str,
        owned: Owned[Target],
        parameters: Mapping[str, str | UUID],
    ) -> tuple[Principal, Target | None]:
        """As `admit`, in the same one statement with the object, None when it is not theirs."""
