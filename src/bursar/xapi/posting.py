"""Sends one array of statements, and finds out what became of each."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import msgspec

from bursar import __version__, clock
from bursar.delivery.service import Attempt
from bursar.outgoing.client import Connection
from bursar.outgoing.reply import Reply
from bursar.xapi import answers
from bursar.xapi.statements import says_the_same
from bursar.xapi.taking import SECONDS, Batch, Item, Target

VERSION: Final = "1.0.3"
MOST_ANSWER: Final = 65_536
"""Bytes of an answer that are read: the ids of an array, or a statement as a store shows it."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of an item; nothing, when it was not begun."""

    item: Item
    attempt: Attempt | None
    reply: Reply | None
    is_conflict: bool = False


class Poster:
    """Sends to one store."""

    def __init__(self, connection: Connection, target: Target) -> None:
        self._connection = connection
        self._url = f"{target.endpoint}/statements"
        self._headers = _headers(target)
        self._has_secret = target.secret is not None

    async def post(self, batch: Batch) -> AsyncGenerator[Posted]:
        """First all together: after a defect of the store once again, and then one by one, as
        when it finds fault with a statement. Each item comes once, some without an attempt."""
        reply = await self._send(batch.items)
        if answers.is_defect(reply):
            reply = await self._send(batch.items)
        if len(batch.items) == 1 or not answers.is_about_statements(reply):
            for item in batch.items:
                yield await self._settled(item, reply)
            return
        trouble = None
        for item in batch.items:
            if trouble is not None or not batch.lease.has_room_for(2 * SECONDS):
                yield Posted(item, None, trouble)
                continue
            reply = await self._send([item])
            yield await self._settled(item, reply)
            if not answers.has_stored(reply) and not answers.is_about_statements(reply):
                trouble = reply

    async def _settled(self, item: Item, reply: Reply) -> Posted:
        now = clock.now()
        if answers.has_stored(reply):
            return Posted(item, answers.stored(item.delivery, reply, now), reply)
        if not answers.is_conflict(reply):
            return Posted(item, answers.refused(item.delivery, reply, now), reply)
        found = answers.found_statement(await self._get(item))
        if found is None:
            return Posted(item, answers.refused(item.delivery, reply, now), reply)
        if says_the_same(item.statement, found):
            return Posted(item, answers.known_before(item.delivery, reply, now), reply)
        attempt = answers.conflicting(item.delivery, reply, now)
        return Posted(item, attempt, reply, is_conflict=True)

    async def _send(self, items: Sequence[Item]) -> Reply:
        if not self._has_secret:
            return Reply(None, answers.SEALED, 0.0)
        body = msgspec.json.encode([item.statement for item in items])
        headers = {**self._headers, "Content-Type": "application/json"}
        return await self._connection.request(
            "POST", self._url, headers, body, most_answer=MOST_ANSWER
        )

    async def _get(self, item: Item) -> Reply:
        url = f"{self._url}?{urlencode({'statementId': item.statement['id']})}"
        return await self._connection.request("GET", url, self._headers, most_answer=MOST_ANSWER)


def _headers(target: Target) -> Mapping[str, str]:
    credentials = b64encode(f"{target.key}:{target.secret}".encode()).decode()
    return {
        "Authorization": f"Basic {credentials}",
        "User-Agent": f"Bursar/{__version__}",
        "X-Experience-API-Version": VERSION,
    }
