"""Databases as the composition opens them: their sessions carry what services need."""

from collections.abc import Callable

from bursar.database.engine import Database
from bursar.settings import Settings
from bursar.work import open_database


def composed(url: str, *, pool_size: int = 8) -> Database:
    return open_database(Settings(database_url=url), pool_size=pool_size)


def opener(url: str) -> Callable[[int], Database]:
    """What a worker opens its database with."""
    return lambda pool_size: composed(url, pool_size=pool_size)
