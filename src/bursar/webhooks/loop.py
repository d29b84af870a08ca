"""The sending of webhooks as a worker runs it, and as tests do until nothing is left."""

import asyncio
from collections.abc import Callable
from threading import Event

from bursar.database.engine import Database
from bursar.identity.sealing import Seal
from bursar.webhooks.addresses import Permitted
from bursar.webhooks.client import WebhookClient
from bursar.webhooks.exchange import Exchange
from bursar.webhooks.reply import DEADLINE
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
    client = WebhookClient(permitted, deadline=DEADLINE)
    try:
        asyncio.run(_send(database, client, seal, stopping, until_idle=until_idle))
    finally:
        client.close()


async def _send(
    database: Database,
    client: WebhookClient,
    seal: Callable[[], Seal],
    stopping: Event,
    *,
    until_idle: bool,
) -> None:
    sender = WebhookSender(Exchange(database, seal), client)
    await sender.run(stopping, until_idle=until_idle)
