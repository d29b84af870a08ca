"""What lies sealed in a database: it travels as it is, and is of use where its secret is known."""

from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, select

from bursar.identity.sealing import Seal, SealedText
from bursar.moving.refusals import DumpRefused
from bursar.moving.tables import table
from bursar.webhooks.secrets import is_sealed, unsealed


def unopened(connection: Connection, seal: Seal, enterprises: Collection[UUID]) -> dict[str, int]:
    """How many secrets of these enterprises no secret of this installation opens, by table."""
    found: Counter[str] = Counter()
    secrets, endpoints = table("webhook_secrets"), table("webhook_endpoints")
    statement = select(secrets.c.sealed).join_from(secrets, endpoints)
    for sealed in connection.scalars(statement.where(endpoints.c.enterprise_uuid.in_(enterprises))):
        found["webhook_secrets"] += not _opens(partial(unsealed, seal, sealed))
    reports = table("reports").c
    of_them = reports.enterprise_uuid.in_(enterprises), reports.secret.is_not(None)
    for secret in connection.scalars(select(reports.secret).where(*of_them)):
        found["reports"] += not _opens(partial(seal.open_text, secret))
    stores = table("xapi_connections").c
    for secret in connection.scalars(
        select(stores.secret).where(stores.enterprise_uuid.in_(enterprises))
    ):
        found["xapi_connections"] += not _opens(partial(seal.open_text, secret))
    return {name: number for name, number in found.items() if number}


def refuse_plain(connection: Connection, enterprise: UUID | None) -> None:
    """An installation without BURSAR_SECRET_KEY has nothing to seal with. Raises DumpRefused."""
    secrets, endpoints = table("webhook_secrets"), table("webhook_endpoints")
    statement = select(secrets.c.sealed).join_from(secrets, endpoints)
    if enterprise is not None:
        statement = statement.where(endpoints.c.enterprise_uuid == enterprise)
    plain = sum(not is_sealed(each) for each in connection.scalars(statement))
    if plain:
        raise DumpRefused(
            f"{plain} secrets of webhooks lie unsealed in the database, and would leave it in "
            "plain: set BURSAR_SECRET_KEY on every machine, run `bursar keys rotate`, and dump "
            "again."
        )


def _opens(opening: Callable[[], object]) -> bool:
    try:
        opening()
    except SealedText:
        return False
    return True
