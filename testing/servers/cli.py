"""`bursar` as an operator runs it, in a folder of its own."""

import json
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import DeclarativeBase

from bursar.actors import Actor
from bursar.catalog.content.service import lock_content
from bursar.database.engine import Database
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data
from testing.databases.composed import composed
from testing.databases.migrated import ensure_migrated
from testing.servers.forked import run_forked
from testing.servers.processes import PYTHON, ServerProcess, child_environment

STOP_SECONDS = 10.0

ACME = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
GLOBEX = "00000000-0000-4000-8000-000000000001"
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
SECRET = "correct horse battery staple"

Finished = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Cli:
    folder: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {"BURSAR_DATABASE_URL": self.url, "BURSAR_LOG_LEVEL": "WARNING"}

    def run(self, *arguments: str, stdin: str | None = None, **settings: str) -> Finished:
        environment = self.environment | settings
        return run_forked(*arguments, env=environment, cwd=self.folder, stdin=stdin)

    def ok(self, *arguments: str) -> list[str]:
        """The lines of standard output of a command that succeeds and has nothing to complain."""
        finished = self.run(*arguments)
        assert (finished.returncode, finished.stderr) == (0, ""), finished
        return finished.stdout.splitlines()

    def refused(self, *arguments: str, code: int = 2) -> list[str]:
        """The lines of standard error of a command that fails as it should."""
        finished = self.run(*arguments)
        assert finished.returncode == code, finished
        assert "Traceback" not in finished.stderr
        return finished.stderr.splitlines()

    def write(self, name: str, content: Any) -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        (self.folder / name).write_text(text)
        return name

    def apply(self, manifest: Any, *options: str) -> str:
        """The last line."""
        return self.ok("apply", "-f", self.write("manifest.json", manifest), *options)[-1]

    def declare(self, manifest: Any) -> None:
        """As `apply` does, in this process: for what a test only builds upon."""
        ensure_migrated(self.url)
        with self.database() as database, database.transaction() as session:
            declared = [from_data(manifest)]
            apply(session, Actor("operator:setup"), declared, now=lock_content(session))

    @contextmanager
    def started(self, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """Killed at the latest when the block ends, and its process group with it."""
        process = subprocess.Popen(
            [PYTHON, "-m", "bursar", *arguments],
            env=child_environment(self.environment | settings),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            kill(process)

    def served(self, **settings: str) -> ServerProcess:
        """A server to enter as a context."""
        return ServerProcess(self.folder, self.environment | settings)

    @contextmanager
    def database(self) -> Iterator[Database]:
        database = composed(self.url)
        yield database
        database.dispose()

    def count(self, model: type[DeclarativeBase]) -> int:
        with self.database() as database, database.read() as connection:
            return connection.scalar(select(func.count()).select_from(model)) or 0

    def execute(self, statement: str) -> int:
        """By hand, behind the program's back; returns how many rows it changed."""
        with self.database() as database, database.transaction() as session:
            result: Any = session.execute(text(statement))
            changed: int = result.rowcount
            return changed


def kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def stopped(process: subprocess.Popen[str]) -> int:
    """The exit code, after the signal that operators and containers send."""
    process.terminate()
    return process.wait(STOP_SECONDS)


def acme(**parts: Any) -> dict[str, Any]:
    return {"uuid": ACME, "name": "Acme", "slug": "acme"} | parts


def declared(*enterprises: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"enterprises": list(enterprises)} | rest


def client(client_id: str = "acme-integration", **fields: Any) -> dict[str, Any]:
    return {"client_id": client_id, "client_secret": SECRET, "role": "admin"} | fields


def catalog(**fields: Any) -> dict[str, Any]:
    plain = {"uuid": CATALOG, "title": "All", "content_filter": {"content_type": "course"}}
    return plain | fields


def course(number: int, **fields: Any) -> dict[str, Any]:
    return {"key": f"edX+C{number}", "title": f"Course {number}", "course_runs": []} | fields


def lines(documents: Iterable[Any]) -> str:
    return "".join(f"{json.dumps(document)}\n" for document in documents)
