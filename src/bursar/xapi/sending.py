"""Sends what is due to learning record stores: one loop of asyncio for all of them, in a thread of
the worker.

A store gets one array at a time, and holds no other store. What a worker that is killed had taken
comes back when its lease ends, and is sent again with the same ids, which stores know.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from threading import Event
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from bursar.counting import XAPI_ATTEMPTS
from bursar.database.engine import DATABASE_AWAY
from bursar.outgoing.client import CheckedClient
from bursar.xapi import answers
from bursar.xapi.exchange import Done, Exchange
from bursar.xapi.health import Observed
from bursar.xapi.posting import Posted, Poster
from bursar.xapi.taking import Batch

SHORTEST_WAIT: Final = 0.02
"""Seconds between two looks at the database while there is something to do."""
LONGEST_WAIT: Final = 1.0
"""Between two looks while nothing happens."""
GRACE: Final = 2.0
"""Seconds that requests have to end when the worker stops."""
CONFLICT: Final = "conflict"
_PAUSE_WITHOUT_DATABASE: Final = 1.0

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class StatementSender:
    """Sends until it is told to stop, or until there is nothing left to do."""

    def __init__(self, exchange: Exchange, client: CheckedClient) -> None:
        self._exchange = exchange
        self._client = client
        self._running: set[asyncio.Task[None]] = set()
        self._done: list[Done] = []
        self._something_done = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="xapi")

    async def run(self, stopping: Event, *, until_idle: bool = False) -> None:
        wait = SHORTEST_WAIT
        try:
            while not stopping.is_set():
                is_busy = await self._look()
                if until_idle and not is_busy and not self._running and not self._done:
                    return
                wait = SHORTEST_WAIT if is_busy else min(2 * wait, LONGEST_WAIT)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._something_done.wait(), wait)
                self._something_done.clear()
        finally:
            await self._end()

    async def _look(self) -> bool:
        """Records, reads the log, and takes. Whether there was something to do."""
        done, self._done = self._done, []
        try:
            await self._in_thread(self._exchange.record, done)
            is_busy = bool(done)
            done = []
            is_busy |= await self._in_thread(self._exchange.fan_out)
            batches = await self._in_thread(self._exchange.take)
        except DATABASE_AWAY as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            _log.warning("statements wait for the database", error=str(reason))
            # Whose lease is over by then is sent again.
            self._done = done + self._done
            await asyncio.sleep(_PAUSE_WITHOUT_DATABASE)
            return False
        for batch in batches:
            task = asyncio.create_task(self._send(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return bool(is_busy or batches)

    async def _send(self, batch: Batch) -> None:
        target = batch.target
        done, trouble = Done(batch.lease), None
        left = {item.delivery.id: item.delivery for item in batch.items}
        connection = self._client.connected_to(target.endpoint)
        try:
            async with aclosing(Poster(connection, target).post(batch)) as posts:
                async for posted in posts:
                    if posted.attempt is not None:
                        del left[posted.item.delivery.id]
                        done.attempts.append(posted.attempt)
                        _count(posted)
                    reply = posted.reply
                    if reply is not None and not _is_well(posted):
                        trouble = reply
        finally:
            # Also when the worker stops: another one sends the rest, whether or not it arrived.
            done.unbegun = list(left.values())
            if done.attempts:
                done.observed = Observed(target.uuid, trouble, target.failing_since)
            self._done.append(done)
            self._something_done.set()
            await connection.close()

    async def _end(self) -> None:
        """What is under way has a moment to end. The rest is given back."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(*DATABASE_AWAY):
            await self._in_thread(self._exchange.record, self._done)
        self._thread.shutdown()

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)


def _is_well(posted: Posted) -> bool:
    """Whether the store itself is well."""
    reply = posted.reply
    return reply is not None and (answers.has_stored(reply) or answers.is_about_statements(reply))


def _count(posted: Posted) -> None:
    attempt = posted.attempt
    if attempt is None:
        return
    outcome = CONFLICT if posted.is_conflict else attempt.outcome.value
    XAPI_ATTEMPTS.labels(outcome).inc()
    if posted.is_conflict:
        delivery = attempt.delivery
        # Somebody else writes statements with our ids, or an event was told in two ways.
        _log.error(
            "xapi.conflict",
            enterprise=str(delivery.enterprise_uuid),
            delivery=str(delivery.uuid),
            statement=posted.item.statement["id"],
        )
