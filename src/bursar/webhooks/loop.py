"""The sending of webhooks as a worker runs it, and as tests do until nothing is left."""

import asyncio
from collections.abc import Callable
from threading import Event

from bursar.database.engine import Database
from bursar.identity.sealing import Seal
from bursar.outgoing.addresses import Permitted
from bursar.outgoing.client import CheckedClient
from bursar.outgoing.reply import DEADLINE
from bursar.webhooks.exchange import Exchange
from bursar.webhooks.sending import WebhookSender


def send_webhooks(
    database: Database,
    permitted: Permitted,
    seal: Callable[[], Seal],
    stopping: Event,
    *,
    until_idle: bool = False,
) -> None:
    """Reads the log and sends until `stopping` is set, or until there is nothing due."""
    client = CheckedClient(permitted, deadline=DEADLINE)
    try:
        asyncio.run(_send(database, client, seal, stopping, until_idle=until_idle))
    finally:
        client.close()


async def _send(
    database: Database,
    client: CheckedClient,
    seal: Callable[[], Seal],
    stopping: Event,
    *,
    until_idle: bool,
) -> None:
    sender = WebhookSender(Exchange(database, seal), client)
    await sender.run(stopping, until_idle=until_idle)
