"""Sends what is due to endpoints: one loop of asyncio for all of them, in a thread of the worker.

Nothing that an endpoint does holds the others: each has its own queue here, at most AT_ONCE
requests under way, and a deadline. What a worker that is killed had taken comes back when its lease
ends, and is sent again with the same `webhook-id`.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from threading import Event
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from bursar import clock
from bursar.counting import WEBHOOK_ATTEMPTS
from bursar.database.engine import DATABASE_AWAY
from bursar.outgoing.client import CheckedClient, Connection
from bursar.outgoing.patience import is_down
from bursar.outgoing.reply import AT_ONCE, DEADLINE, Reply
from bursar.webhooks.exchange import Done, Exchange
from bursar.webhooks.health import Observed
from bursar.webhooks.rules import attempt_of, is_gone
from bursar.webhooks.signing import signed_headers
from bursar.webhooks.taking import Target, Work

MOST_HELD: Final = 10_000
"""Deliveries that a worker has at a time. Dead endpoints hold PER_TARGET of them at most, and not
for longer than the deadline."""
SHORTEST_WAIT: Final = 0.02
"""Seconds between two looks at the database, in which more attempts come together."""
LONGEST_WAIT: Final = 0.5
"""Between two looks while nothing happens."""
GRACE: Final = 2.0
"""Seconds that requests have to end when the worker stops."""
UNSIGNED: Final = "It could not be signed: no secret of BURSAR_SECRET_KEY opens the endpoint's."
_PAUSE_WITHOUT_DATABASE: Final = 1.0

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class _Queue:
    """What waits for one endpoint, and who sends it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.waiting: deque[Work] = deque()
        self.senders: set[asyncio.Task[None]] = set()
        self.trouble: Observed | None = None
        """The request that has failed in a way that others would share."""


class WebhookSender:
    """Sends until it is told to stop, or until there is nothing left to do."""

    def __init__(self, exchange: Exchange, client: CheckedClient) -> None:
        self._exchange = exchange
        self._client = client
        self._queues: dict[UUID, _Queue] = {}
        self._done: list[Done] = []
        self._held: Counter[datetime] = Counter()
        """How many deliveries of each lease it has, by the end of the lease."""
        self._something_done = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhooks")

    async def run(self, stopping: Event, *, until_idle: bool = False) -> None:
        wait = SHORTEST_WAIT
        try:
            while not stopping.is_set():
                is_busy = await self._look()
                if until_idle and not is_busy and not self._held.total():
                    return
                wait = SHORTEST_WAIT if is_busy else min(2 * wait, LONGEST_WAIT)
                await self._rest(wait)
        finally:
            await self._end()

    async def _look(self) -> bool:
        """Records, reads the log, and takes. Whether there was something to do."""
        done, self._done = self._done, []
        try:
            await self._in_thread(self._exchange.record, done)
            is_busy = bool(done)
            self._held -= Counter(each.lease.until for each in done)
            done = []
            is_busy |= await self._in_thread(self._exchange.fan_out)
            room, own = MOST_HELD - self._held.total(), set(self._held)
            taken = await self._in_thread(self._exchange.take, room, own) if room > 0 else []
        except DATABASE_AWAY as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            _log.warning("webhooks wait for the database", error=str(reason))
            # Whose lease is over by then is sent again.
            self._done = done + self._done
            await asyncio.sleep(_PAUSE_WITHOUT_DATABASE)
            return False
        for work in taken:
            self._begin(work)
        return bool(is_busy or taken or self._done)

    async def _rest(self, seconds: float) -> None:
        """Until a request has come to an end, and a moment more for others."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._something_done.wait(), seconds)
            await asyncio.sleep(SHORTEST_WAIT)
        self._something_done.clear()

    def _begin(self, work: Work) -> None:
        target = work.target
        queue = self._queues.get(target.uuid)
        if queue is None or queue.connection.url != target.url:
            queue = self._queues[target.uuid] = _Queue(self._client.connected_to(target.url))
        self._held[work.lease.until] += 1
        queue.waiting.append(work)
        if len(queue.senders) < AT_ONCE:
            sender = asyncio.create_task(self._send_all(target.uuid, queue))
            queue.senders.add(sender)

    async def _send_all(self, uuid: UUID, queue: _Queue) -> None:
        try:
            while queue.waiting:
                work = queue.waiting.popleft()
                if queue.trouble or not work.lease.has_room_for(DEADLINE):
                    self._give_back(work, queue.trouble)
                else:
                    await self._send(work, queue)
        finally:
            await self._leave(uuid, queue)

    async def _leave(self, uuid: UUID, queue: _Queue) -> None:
        current = asyncio.current_task()
        queue.senders = {each for each in queue.senders if each is not current}
        if not queue.senders:
            if self._queues.get(uuid) is queue:
                del self._queues[uuid]
            await queue.connection.close()

    async def _send(self, work: Work, queue: _Queue) -> None:
        try:
            reply = await _reply(work, queue.connection)
        except asyncio.CancelledError:
            # The worker stops. Another one sends it again, whether or not it has arrived.
            self._give_back(work)
            raise
        now = clock.now()
        target = work.target
        observed = Observed(target.uuid, reply, now, target.failing_since)
        if is_down(reply) or is_gone(reply):
            queue.trouble = observed
        attempt = attempt_of(work.delivery, reply, now)
        WEBHOOK_ATTEMPTS.labels(attempt.outcome.value).inc()
        self._finish(Done(work.lease, attempt, observed))

    def _give_back(self, work: Work, trouble: Observed | None = None) -> None:
        """With the trouble of its endpoint, so that it is not taken again at once."""
        self._finish(Done(work.lease, None, trouble, work.delivery))

    def _finish(self, done: Done) -> None:
        self._done.append(done)
        self._something_done.set()

    async def _end(self) -> None:
        """What is under way has a moment to end. The rest is given back."""
        for queue in self._queues.values():
            while queue.waiting:
                self._give_back(queue.waiting.popleft())
        senders = [sender for queue in self._queues.values() for sender in queue.senders]
        if senders:
            _, late = await asyncio.wait(senders, timeout=GRACE)
            for sender in late:
                sender.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(*DATABASE_AWAY):
            await self._in_thread(self._exchange.record, self._done)
        self._thread.shutdown()

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)


async def _reply(work: Work, connection: Connection) -> Reply:
    target: Target = work.target
    if not target.secrets:
        return Reply(None, UNSIGNED, 0.0)
    headers = signed_headers(work.message_id, work.body, target.secrets, clock.now())
    return await connection.post(headers, work.body.encode())
