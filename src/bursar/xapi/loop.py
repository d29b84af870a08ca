"""The sending of statements as a worker runs it, and as tests do until nothing is left."""

import asyncio
from collections.abc import Callable
from threading import Event

from bursar.database.engine import Database
from bursar.identity.sealing import Seal
from bursar.outgoing.addresses import Permitted
from bursar.outgoing.client import CheckedClient
from bursar.xapi.exchange import Exchange
from bursar.xapi.sending import StatementSender
from bursar.xapi.taking import SECONDS


def send_statements(
    database: Database,
    permitted: Permitted,
    seal: Callable[[], Seal],
    lms_url: str,
    stopping: Event,
    *,
    until_idle: bool = False,
    seconds: float = SECONDS,
) -> None:
    """Reads the log and sends until `stopping` is set, or until there is nothing due."""
    client = CheckedClient(permitted, deadline=seconds)
    exchange = Exchange(database, seal, lms_url)
    try:
        asyncio.run(_send(exchange, client, stopping, until_idle=until_idle))
    finally:
        client.close()


async def _send(
    exchange: Exchange, client: CheckedClient, stopping: Event, *, until_idle: bool
) -> None:
    # Made inside the loop, to which its events belong.
    await StatementSender(exchange, client).run(stopping, until_idle=until_idle)
