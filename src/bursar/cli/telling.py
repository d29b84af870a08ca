"""What is told to an operator when a process starts, and what keeps it from starting."""

import os

import structlog

from bursar import tracing
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.database.engine import Database
from bursar.demo.published import clients_with_published_secrets
from bursar.settings import Settings
from bursar.unsafe_settings import NO_PROXIES, given_names, is_loopback, unsafe_settings

_log = structlog.get_logger(__name__)


def tell_unsafe_settings(settings: Settings) -> None:
    """A line in the log for each. `bursar doctor` shows the same."""
    for unsafe in unsafe_settings(settings, given_names(os.environ)):
        _log.warning("settings.unsafe", setting=unsafe.name, problem=unsafe.problem)


def tell_open_address(settings: Settings, ip: str) -> None:
    """A line in the log when others reach the address and every caller would count as one."""
    unsafe = unsafe_settings(settings, ())
    if not is_loopback(ip) and not settings.trusted_proxies and NO_PROXIES not in unsafe:
        _log.warning("settings.unsafe", setting=NO_PROXIES.name, problem=NO_PROXIES.problem)


def tell_missing_traces() -> None:
    """One line in the log when traces are asked for and cannot be sent."""
    if problem := tracing.problem(os.environ):
        _log.warning("traces.missing", problem=problem)


def refuse_published_secrets(database: Database, ip: str, *, yes_really: bool) -> None:
    """Ends the command if others could reach clients whose secrets everybody knows."""
    if yes_really or is_loopback(ip):
        return
    with database.read() as connection:
        known = clients_with_published_secrets(connection)
    if known:
        fail(
            f"Everybody knows the secrets of these clients: {', '.join(known)}. They are those of "
            f"the demonstration or of an example, and others can reach {ip}. Rotate each twice "
            "with `bursar clients rotate`, or disable it; --yes-really serves nevertheless.",
            EXIT_INVALID,
        )
