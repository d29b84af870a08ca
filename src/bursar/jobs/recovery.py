"""Finds the jobs of workers that died, and puts them back into the queue.

DBOS stores the id of the worker with every running job, but does not know which workers have died.
"""

from hashlib import sha256
from threading import Event, Thread
from typing import Final

import structlog
from dbos import DBOS
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bursar.jobs.names import APPLICATION, APPLICATION_VERSION

_log = structlog.get_logger(__name__)

JOIN_SECONDS: Final = 5.0


def lock_key(name: str) -> int:
    """The number of the PostgreSQL advisory lock for this name."""
    return int.from_bytes(sha256(f"bursar.jobs:{name}".encode()).digest()[:8], "big", signed=True)


REAPER_KEY: Final = lock_key("reaper")


def recover_others(own_id: str) -> None:
    """Recovers all running jobs except our own. On SQLite this is correct when a worker starts,
    because no other worker is alive then."""
    recover([worker for worker in _workers_with_jobs() if worker != own_id])


def recover(worker_ids: list[str]) -> None:
    """Puts the running jobs of workers that died back into the queue.

    DBOS has no public function for it. `DBOS.resume_workflows` forgets how often a job was tried,
    so that one that kills its workers would do so for ever, and it revives a job that was cancelled
    meanwhile. Decision 0010 names all differences; `tests/jobs/test_recovery.py` holds what we rely
    on, and the release of DBOS for which it was read.
    """
    if worker_ids:
        _log.info("jobs of lost workers are resumed", workers=worker_ids)
        DBOS._recover_pending_workflows(worker_ids)


def _workers_with_jobs() -> list[str]:
    running = DBOS.list_workflows(
        status="PENDING",
        app_version=APPLICATION_VERSION,
        application_name=APPLICATION,
        load_input=False,
        load_output=False,
    )
    return sorted({job.executor_id for job in running if job.executor_id is not None})


class Presence:
    """Shows on PostgreSQL that a worker is alive, and recovers the jobs of workers that are not.

    Every worker holds an advisory lock, whose number is made from its id, as long as its connection
    exists. The server releases the lock when the connection ends, so a free lock means that the
    worker has died.
    """

    def __init__(self, url: URL, worker_id: str, seconds: float) -> None:
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            # Without keepalives, the worker of a machine that lost power would count as alive for
            # hours.
            connect_args={
                "application_name": "bursar worker",
                "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5"
                " -c tcp_keepalives_count=3",
            },
        )
        self._worker_id = worker_id
        self._seconds = seconds
        self._connection: Connection | None = None
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="bursar-reaper", daemon=True)

    def show(self) -> None:
        """Takes the lock. It must be called before the worker takes its first job."""
        if self._connection is None:
            connection = self._engine.connect()
            # This waits only if another worker tests this lock at the same moment.
            connection.execute(select(func.pg_advisory_lock(lock_key(self._worker_id))))
            self._connection = connection

    def watch(self) -> None:
        """Starts looking for dead workers, in its own thread. DBOS must be running."""
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def leave(self) -> None:
        """Releases the lock, after the last job. Other workers may then take over what is left."""
        self._drop_connection()
        self._engine.dispose()

    def _watch(self) -> None:
        while True:
            try:
                self.show()
                self._reap()
            except DBAPIError as error:
                _log.warning("a worker lost its database connection", error=str(error))
                self._drop_connection()
            except Exception:  # noqa: BLE001 - the reaper must outlive whatever it meets
                _log.exception("lost workers could not be looked for")
            if self._stop.wait(self._seconds):
                return

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _reap(self) -> None:
        """Recovers the jobs of dead workers. Only one worker does so at a time; the others try
        again later."""
        if not self._try_lock(REAPER_KEY):
            return
        try:
            for worker_id in _workers_with_jobs():
                if worker_id != self._worker_id:
                    self._recover_if_dead(worker_id)
        finally:
            self._unlock(REAPER_KEY)

    def _recover_if_dead(self, worker_id: str) -> None:
        key = lock_key(worker_id)
        if self._try_lock(key):
            try:
                recover([worker_id])
            finally:
                self._unlock(key)

    def _try_lock(self, key: int) -> bool:
        return bool(self._required().scalar(select(func.pg_try_advisory_lock(key))))

    def _unlock(self, key: int) -> None:
        self._required().execute(select(func.pg_advisory_unlock(key)))

    def _required(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("the worker does not show itself")
        return self._connection
