"""Pools of connections that know who waits for one."""

from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from bursar.waits import Waits


class WatchedPool(QueuePool):
    """A wait ends with a connection, which may have to be made first, or with an error."""

    waits: Waits = Waits()

    def connect(self) -> PoolProxiedConnection:
        waits = self.waits
        begun = waits.begin()
        try:
            return super().connect()
        finally:
            waits.end(begun)

    def recreate(self) -> QueuePool:
        """When an engine lets go of its connections, it goes on with another pool."""
        pool = super().recreate()
        assert isinstance(pool, WatchedPool)  # noqa: S101 - it is made of the same class
        pool.waits = self.waits
        return pool
