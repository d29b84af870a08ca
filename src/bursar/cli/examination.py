"""What `bursar doctor` looks at. Each part that cannot be looked at is a finding too."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from glob import glob
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from bursar import clock
from bursar.api.token_answers import readiness_of_tokens
from bursar.cli.findings import SKEW, Finding, Verdict
from bursar.cli.key_care import processes_without
from bursar.cli.support import migrate
from bursar.database.engine import Database
from bursar.database.migrate import is_current
from bursar.database.private_files import open_to_others
from bursar.demo.published import clients_with_published_secrets
from bursar.enrollment.gateway import LmsUnavailable
from bursar.identity.keys import count_unsealed
from bursar.identity.secret_file import seal_of
from bursar.identity.tokens import KeyRing
from bursar.processes.service import running_processes
from bursar.scheduled_reports.spooling import NotSpooled, private_folder, spool
from bursar.settings import Settings
from bursar.unsafe_settings import is_loopback
from bursar.webhooks.sealed import count_unsealed_secrets
from bursar.work import mail_server_trouble, open_database, sign_in_to_lms

FREE_BYTES: Final = 1024**3
"""With less on the disk something is wrong: a large import or a migration needs room."""


def _ok(about: str, text: str) -> Finding:
    return Finding(Verdict.OK, about, text)


def _note(about: str, text: str) -> Finding:
    return Finding(Verdict.NOTE, about, text)


def _wrong(about: str, text: str) -> Finding:
    return Finding(Verdict.WRONG, about, text)


def examine(settings: Settings) -> Iterator[Finding]:
    """The findings in the order in which things build on one another."""
    yield from _database(settings)
    yield _mail(settings)
    yield _lms(settings)
    yield from _spool(settings)
    yield _backups(settings)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        database = open_database(settings)
    except (ValueError, OSError) as error:
        yield _wrong("BURSAR_DATABASE_URL", str(error))
        return
    try:
        if database.is_sqlite:
            migrate(database)
        with database.read() as connection:
            yield from _server(connection, database)
            if not is_current(connection):
                problem = "older than this version: run `bursar db upgrade`"
                yield _wrong("migrations", problem)
                return
            yield _ok("migrations", "current")
            yield from _clients(connection, settings)
            yield from _processes(connection, database, settings)
        yield from _keys(database, settings)
    except DBAPIError as error:
        yield _wrong("BURSAR_DATABASE_URL", f"the database cannot be used: {error.orig}")
    finally:
        database.dispose()


def _server(connection: Connection, database: Database) -> Iterator[Finding]:
    if database.is_sqlite:
        yield _ok("database", f"SQLite {connection.scalar(text('SELECT sqlite_version()'))}")
        file = Path(str(database.url.database))
        for path in open_to_others(file):
            yield _wrong("files", f"{path} is open to other users: chmod go= {path}")
        yield _disk(file.parent)
        return
    yield _ok("database", f"PostgreSQL {connection.scalar(text('SHOW server_version'))}")
    if connection.scalar(text("SHOW transaction_read_only")) == "on":
        yield _wrong("database", "it accepts no changes: is it a standby?")
    yield _clock(connection)
    yield _disk(Path.cwd())


def _clock(connection: Connection) -> Finding:
    before = clock.now()
    there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    # Half of the answer's way belongs to neither clock.
    here = before + (clock.now() - before) / 2
    skew = abs((there - here).total_seconds())
    if skew > SKEW.total_seconds():
        return _wrong("clock", f"{skew:.0f} seconds from that of the database: synchronise both")
    return _ok("clock", f"{skew:.1f} seconds from that of the database")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    told = f"{free / 1024**3:.1f} GiB free at {folder}"
    return _wrong("disk", f"only {told}") if free < FREE_BYTES else _ok("disk", told)


def _clients(connection: Connection, settings: Settings) -> Iterator[Finding]:
    known = clients_with_published_secrets(connection)
    if not known:
        return
    told = f"everybody knows the secrets of {', '.join(known)}: rotate each twice, or disable it"
    is_local = not settings.public_url or is_loopback(urlsplit(settings.public_url).hostname or "")
    yield _note("clients", told) if is_local else _wrong("clients", told)


def _processes(connection: Connection, database: Database, settings: Settings) -> Iterator[Finding]:
    running = running_processes(connection, at=clock.now())
    for process in processes_without(seal_of(database, settings), running):
        yield _wrong("BURSAR_SECRET_KEY", f"{process} does not hold the first secret")
    kinds = [process.kind for process in running]
    told = f"{kinds.count('web')} web, {kinds.count('worker')} workers"
    if "web" in kinds and "worker" not in kinds and not database.is_sqlite:
        yield _wrong("processes", f"{told}: nothing is sent or enrolled until a worker runs")
    else:
        yield _ok("processes", told)


def _keys(database: Database, settings: Settings) -> Iterator[Finding]:
    ring, seal = KeyRing(database, settings), seal_of(database, settings)
    readiness = readiness_of_tokens(ring)
    problems = [*([readiness.problem] if readiness.problem else []), *readiness.errors]
    if not seal.secrets:
        problems.append("BURSAR_SECRET_KEY is not set, so that whoever has a dump can make tokens")
    with database.read() as connection:
        unsealed = count_unsealed(connection)
        plain = count_unsealed_secrets(connection)
    if seal.secrets and unsealed:
        problems.append(f"{unsealed} lie unsealed in the database: run `bursar keys rotate`")
    if plain:
        problems.append(f"{plain} secrets of webhooks lie unsealed: run `bursar keys rotate`")
    yield from (_wrong("keys", problem) for problem in problems)
    if not problems:
        yield _ok("keys", "sealed; a token was issued and verified")


def _mail(settings: Settings) -> Finding:
    if not settings.smtp_url:
        return _note("BURSAR_SMTP_URL", "not set: mail is kept in the database, and never sent")
    trouble = mail_server_trouble(settings)
    return _wrong("BURSAR_SMTP_URL", trouble) if trouble else _ok("mail", "the server is there")


def _lms(settings: Settings) -> Finding:
    if not settings.lms_url:
        return _note("BURSAR_LMS_URL", "not set: enrollments are kept in Bursar only")
    try:
        ahead = sign_in_to_lms(settings)
    except LmsUnavailable as error:
        return _wrong("BURSAR_LMS_URL", str(error))
    if ahead is not None and abs(ahead) > SKEW.total_seconds():
        # Tokens of an LMS count by its clock, and so do the deadlines of its courses.
        return _wrong("LMS", f"its clock is {abs(ahead):.0f} seconds off: synchronise both")
    return _ok("LMS", "it gives Bursar a token")


def _spool(settings: Settings) -> Iterator[Finding]:
    """Where the files of scheduled reports are made: one is tried."""
    try:
        with private_folder(settings.spool_folder) as folder:
            spool([b"bursar doctor"], folder / "tried", seconds=10)
            parent = folder.parent
    except NotSpooled as error:
        yield _wrong("BURSAR_SPOOL_FOLDER", str(error))
        return
    if settings.spool_folder:
        yield _ok("spool folder", f"files can be made in {parent}")
        yield _disk(parent)


def _backups(settings: Settings) -> Finding:
    if not settings.backups:
        return _note("BURSAR_BACKUPS", "not set, so that the age of backups is not known")
    made = [Path(path).stat().st_mtime for path in glob(settings.backups)]  # noqa: PTH207 - absolute
    if not made:
        return _wrong("BURSAR_BACKUPS", "there is no such file")
    hours = (clock.now() - datetime.fromtimestamp(max(made), UTC)).total_seconds() / 3600
    told = f"the newest is {hours:.0f} hours old"
    return _wrong("BURSAR_BACKUPS", told) if hours > settings.backup_hours else _ok("backups", told)
