"""What commands that use the database share: settings, and a database that is checked or
migrated."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from getpass import getuser
from time import monotonic

import structlog
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential,
)

from bursar import clock, logs
from bursar.actors import Actor
from bursar.catalog.catalogs.reevaluation import reevaluate
from bursar.catalog.content.service import (
    fill_facts,
)
from bursar.cli.exits import EXIT_INVALID, EXIT_SCHEMA, fail
from bursar.database.engine import Database
from bursar.database.migrate import is_current, upgrade
from bursar.database.poolers import NOT_UTC, POOLED, is_in_utc, is_pooled, refuses_sessions
from bursar.database.troubles import DatabaseReadOnly
from bursar.identity.sealing import SealedKey, SealedText
from bursar.jobs.system import migrate_system_tables
from bursar.schema import metadata
from bursar.settings import Settings, get_settings
from bursar.work import open_database, open_web_database

_log = structlog.get_logger(__name__)

assert metadata  # noqa: S101 - every table is known before the first statement


def settings_or_fail() -> Settings:
    try:
        return get_settings()
    except ValidationError as error:
        # The message never quotes a value, because it may be a password.
        fail("\n".join(map(setting_problem, error.errors(include_input=False))), EXIT_INVALID)
    except ValueError as error:
        fail(f"Invalid settings: {error}", EXIT_INVALID)


def setting_problem(problem: ErrorDetails) -> str:
    name = "_".join(map(str, problem["loc"])).upper()
    return f"BURSAR_{name}: {problem['msg']}"


def instant_or_fail(option: str, text: str) -> datetime | None:
    """The instant that an option names, or None when it is empty."""
    try:
        return clock.parse_instant(text) if text else None
    except ValueError:
        fail(f"{option}: {text!r} is no instant", EXIT_INVALID)


def operator() -> Actor:
    try:
        return Actor(f"operator:{getuser()}")
    except (OSError, KeyError):
        return Actor("operator")


def migrate(database: Database) -> None:
    upgrade(database)
    migrate_system_tables(database)
    fill_facts(database)
    reevaluate(database)


@contextmanager
def opened_database(settings: Settings, *, wait_seconds: float = 0) -> Iterator[Database]:
    """The database with a current schema. SQLite is migrated; a PostgreSQL database with an older
    schema ends the command with exit status 3. One that is not there is waited for."""
    with reached_database(settings, wait_seconds=wait_seconds) as database:
        _prepare(database)
        yield database


@contextmanager
def reached_database(settings: Settings, *, wait_seconds: float = 0) -> Iterator[Database]:
    """The database with whatever schema it has. Ends the command if it cannot be reached in
    time."""
    # By default structlog writes to standard output, where the results of commands belong.
    logs.configure(settings)
    try:
        database = open_database(settings)
    except ValueError as error:
        fail(f"{_url_setting(settings)}: {error}", EXIT_INVALID)
    except OSError as error:
        fail(f"The database cannot be used: {error}")
    for line in database.tightened:
        typer.echo(line, err=True)
    try:
        _connect_patiently(database, _url_setting(settings), wait_seconds)
        yield database
    except DatabaseReadOnly:
        fail("The database accepts no changes: it is read-only, as a standby is.")
    except OperationalError as error:
        fail(f"The database cannot be used: {error.orig}")
    finally:
        database.dispose()


def _url_setting(settings: Settings) -> str:
    return "BURSAR_DIRECT_DATABASE_URL" if settings.direct_database_url else "BURSAR_DATABASE_URL"


def _connect_patiently(database: Database, setting: str, wait_seconds: float) -> None:
    """After a power cut, machines start in any order."""

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        _log.warning("database.awaited", error=reason, seconds_left=round(left()), setting=setting)

    give_up = monotonic() + wait_seconds

    def left() -> float:
        return max(0.0, give_up - monotonic())

    patiently = Retrying(
        retry=retry_if_exception_type(OperationalError),
        wait=wait_exponential(multiplier=0.1, max=5),
        stop=stop_after_delay(wait_seconds),
        before_sleep=tell,
        reraise=True,
    )
    try:
        patiently(_connect, database, setting)
    except DBAPIError as error:
        fail(f"The database cannot be used: {error.orig}")


def _connect(database: Database, setting: str) -> None:
    """Raises SQLAlchemy's errors."""
    try:
        with database.read() as connection:
            if is_pooled(connection):
                fail(f"{setting} {POOLED}", EXIT_INVALID)
    except DBAPIError as error:
        if refuses_sessions(error):
            fail(f"{setting} {POOLED}", EXIT_INVALID)
        raise


def check_pooler(settings: Settings) -> None:
    """Ends the command when web processes could not work with the pooler that they are to use."""
    if not settings.direct_database_url:
        return
    database = open_web_database(settings)
    try:
        with database.read() as connection:
            if not is_in_utc(connection):
                fail(f"BURSAR_DATABASE_URL {NOT_UTC}", EXIT_INVALID)
    except DBAPIError as error:
        fail(f"The database of BURSAR_DATABASE_URL cannot be used: {error.orig}")
    finally:
        database.dispose()


def _prepare(database: Database) -> None:
    if database.is_sqlite:
        migrate(database)
        return
    with database.read() as connection:
        current = is_current(connection)
    if not current:
        fail(
            "The database schema is older than this version. Run `bursar db upgrade`.", EXIT_SCHEMA
        )


@contextmanager
def looking_at(database: Database) -> Iterator[Session]:
    """A session with one consistent view of the database, which blocks no writer."""
    with database.snapshot() as connection:
        yield Session(connection, info=dict(database.info))


@contextmanager
def opening_keys() -> Iterator[None]:
    """Ends the command if a signing key, or what else is sealed, cannot be decrypted."""
    try:
        yield
    except (SealedKey, SealedText) as error:
        fail(f"BURSAR_SECRET_KEY: {error}", EXIT_INVALID)
