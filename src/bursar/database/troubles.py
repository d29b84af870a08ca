"""Errors that say something about the moment and nothing about the statement: a lock that is held
for too long, a database that became read-only. Both dialects raise the same ones."""

from typing import Final

from sqlalchemy.exc import OperationalError

_BUSY: Final = frozenset({"55P03", "57014"})
"""SQLSTATEs of a lock and of a statement that took longer than the connection may wait."""
_READ_ONLY: Final = frozenset({"25006"})
_NO_PRIMARY: Final = "session is read-only"
"""What libpq says, without an SQLSTATE, when none of the hosts in the URL accepts writes."""
_GONE: Final = frozenset({"25P03"})
"""The server ended a transaction that did nothing for long, and the connection with it."""
# https://www.sqlite.org/rescode.html, without the extended part.
_SQLITE_BUSY: Final = frozenset({5, 6})
_SQLITE_READ_ONLY: Final = 8
_PRIMARY_CODE: Final = 0xFF


class DatabaseBusy(OperationalError):
    """Another transaction held a lock for longer than this connection waits, or the statement took
    longer than it may. Nothing was changed."""


class DatabaseReadOnly(OperationalError):
    """The database accepts no changes, as a standby does and a primary that was replaced."""


class DatabaseConnectionLost(OperationalError):
    """The server ended the connection while the transaction was idle."""


def trouble_of(error: BaseException) -> type[OperationalError] | None:
    """What an error of either driver means, or None when it is none of these."""
    state = getattr(error, "sqlstate", None)
    code = getattr(error, "sqlite_errorcode", None)
    if state in _BUSY or (code is not None and code & _PRIMARY_CODE in _SQLITE_BUSY):
        return DatabaseBusy
    if (
        state in _READ_ONLY
        or _NO_PRIMARY in str(error)
        or (code is not None and code & _PRIMARY_CODE == _SQLITE_READ_ONLY)
    ):
        return DatabaseReadOnly
    return DatabaseConnectionLost if state in _GONE else None
