"""The gate to every object of an enterprise. Its statements are kept: it runs at each request."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection, FromClause, Select, bindparam, select

from bursar.identity.models import ApiClient, ClientGrant, Enterprise, Role
from bursar.identity.tokens import KeyRing
from bursar.tenancy import NotAuthenticated, Owned, Principal

# The aliases and labels are our own, because an owned object may have the same tables and columns.
_CLIENT = ApiClient.__table__.alias("caller")
_GRANT = ClientGrant.__table__.alias("caller_grant")
_ENTERPRISE = Enterprise.__table__.alias("caller_enterprise")
_CLIENT_ID: Final = "caller_client_id"
_COLUMNS = (
    _GRANT.c.enterprise_uuid.label("enterprise_uuid"),
    _GRANT.c.role.label("caller_role"),
    _CLIENT.c.default_format.label("caller_default_format"),
    _ENTERPRISE.c.suspended_at.is_not(None).label("caller_is_suspended"),
    _ENTERPRISE.c.clock_seconds.label("caller_clock_seconds"),
)
_WIDTH: Final = len(_COLUMNS)


Target = TypeVar("Target")


class DatabaseGate:
    """Implements `bursar.web.gate.Gate`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._statements: dict[Owned[Any], Select[Any]] = {}

    def verify(self, token: str) -> str:
        return self._ring.verify(token)

    def admit(self, connection: Connection, client_id: str) -> Principal:
        return _principal(client_id, connection.execute(_ADMIT, {_CLIENT_ID: client_id}).all())

    def admit_to(
        self,
        connection: Connection,
        client_id: str,
        owned: Owned[Target],
        parameters: Mapping[str, str | UUID],
    ) -> tuple[Principal, Target | None]:
        statement = self._statements.get(owned)
        if statement is None:
            statement = self._statements[owned] = _statement_for(owned)
        rows = connection.execute(statement, {**parameters, _CLIENT_ID: client_id}).all()
        principal = _principal(client_id, rows)
        # Behind the caller's own columns come the object's, its enterprise first.
        found = next((row[_WIDTH:] for row in rows if row[_WIDTH] is not None), None)
        return principal, None if found is None else owned.kind(*found)


def _admission(source: FromClause, *columns: Any) -> Select[Any]:
    return (
        select(*_COLUMNS, *columns)
        .select_from(source)
        .where(_CLIENT.c.client_id == bindparam(_CLIENT_ID), _CLIENT.c.disabled_at.is_(None))
    )


# Identity providers reach nothing but SCIM, which has a gate of its own.
_IS_OF_API = (_GRANT.c.client_uuid == _CLIENT.c.uuid) & (_GRANT.c.role != Role.SCIM.value)
_GRANTED = _CLIENT.outerjoin(_GRANT, _IS_OF_API).outerjoin(
    _ENTERPRISE, _ENTERPRISE.c.uuid == _GRANT.c.enterprise_uuid
)
_ADMIT = _admission(_GRANTED)


def _statement_for(owned: Owned[Any]) -> Select[Any]:
    theirs = (
        (owned.enterprise == _GRANT.c.enterprise_uuid)
        & _ENTERPRISE.c.suspended_at.is_(None)
        & owned.condition
    )
    return _admission(
        _GRANTED.outerjoin(owned.source, theirs),
        owned.enterprise.label("owned_enterprise"),
        *owned.columns,
    )


def _principal(client_id: str, rows: Sequence[Sequence[Any]]) -> Principal:
    """Without a row the client is unknown or disabled; without a grant it has a row of nulls. A
    grant of a suspended enterprise counts for nothing."""
    if not rows:
        raise NotAuthenticated("User is inactive or deleted.")
    if all(row[3] for row in rows):
        raise NotAuthenticated("The enterprise of this client is suspended.")
    roles: dict[UUID, str] = {row[0]: row[1] for row in rows if row[0] is not None and not row[3]}
    clocks = {row[0]: timedelta(seconds=row[4]) for row in rows if row[4]}
    return Principal(client_id, roles, rows[0][2], clocks)
