"""The stage that the chapters of the corpus play on: the application, the commands and a worker,
all in this process, under a clock that is set and with UUIDs that are counted.

It knows only what users know: HTTP, the command line, settings and the clock.
"""

import gzip
import itertools
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zstandard
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bursar import clock, logs, work
from bursar.app import create_app
from bursar.cli.commands import app as commands
from bursar.database.engine import Database
from bursar.jobs.registry import Workflow
from bursar.settings import get_settings
from testing.clients.inside import Answered, Inside
from testing.jobs import jobs
from testing.waiting import wait_until
from tests.corpus import transcript, world
from tests.corpus.transcript import Exchange, Names

JSON, XML, CSV, NDJSON = "application/json", "application/xml", "text/csv", "application/x-ndjson"
TOKEN_PATH = "/oauth2/v1/access_token"
SETTINGS = {
    "BURSAR_LOG_LEVEL": "CRITICAL",
    "BURSAR_TOKEN_TTL": "31536000",
    "BURSAR_SIGNING_KEY_DAYS": "36500",
    "BURSAR_MAX_BODY_BYTES": "20000",
    # The refusals that a chapter provokes all come from one address, and would be held back.
    "BURSAR_REFUSALS_BEFORE_DELAY": "1000000",
}

# The counter is in front, so that later UUIDs sort behind earlier ones: what is ordered by them
# is in the order of its making, in every run.
_TAIL = bytes.fromhex("4c0d8c0ffee0c0ffee00")
_GENERATED = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4c0d-8c0f-fee0c0ffee00|[0-9a-f]{12}4c0d8c0ffee0c0ffee00",
    re.IGNORECASE,
)
_REQUEST_ID = "x-request-id"


def unscheduled(workflows: tuple[Workflow, ...]) -> list[Workflow]:
    return [workflow for workflow in workflows if workflow.schedule is None]


def count_uuids(patch: pytest.MonkeyPatch) -> None:
    """Every `uuid4()` from here on is the next of a row."""
    numbers = itertools.count(1)
    counted = SimpleNamespace(urandom=lambda _: next(numbers).to_bytes(6, "big") + _TAIL)
    # The module's own reference to `os`: nothing else in the process sees it.
    patch.setattr(uuid, "os", counted)


# PostgreSQL takes a number for each row that is tried, SQLite only for those that stay.
_COUNT_LIKE_SQLITE = """
    CREATE FUNCTION corpus_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        EXECUTE format('SELECT coalesce(max(id), 0) + 1 FROM %I', TG_TABLE_NAME) INTO NEW.id;
        RETURN NEW;
    END $$;
    DO $$ DECLARE counted text; BEGIN
        FOR counted IN SELECT table_name FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name = 'id'
                AND pg_get_serial_sequence(table_name, column_name) IS NOT NULL
        LOOP
            EXECUTE format('CREATE TRIGGER corpus BEFORE INSERT ON %I
                FOR EACH ROW EXECUTE FUNCTION corpus_count()', counted);
        END LOOP;
    END $$;
"""


class Stage:
    """To be closed. `exchanges` is what was said."""

    def __init__(self, url: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.exchanges: list[Exchange] = []
        self.folder = folder
        self._patch = patch
        self._names = Names(_GENERATED)
        self._chapter, self._number = "", 0
        self._unsteady_paths: set[str] = set()
        """Of answers that name what was made in this run: a HEAD has the tag of such bytes."""
        self._tokens: dict[str, str] = {}
        self._stack, self._time = ExitStack(), ExitStack()
        self._stack.callback(get_settings.cache_clear)
        self._stack.callback(self._time.close)
        self._stack.enter_context(capture_logs())  # or a failure would drown in them
        count_uuids(patch)
        patch.chdir(folder)
        # Of workers: no schedules, which follow the real clock, and no mail but when it is told.
        all_workflows = work.workflows_of
        patch.setattr(work, "workflows_of", lambda settings: unscheduled(all_workflows(settings)))
        patch.setattr(work, "MAIL_SECONDS", 3600.0)
        # Loggers remember the stream that they wrote to first, and those of commands are closed.
        patch.setattr(logs, "configure", lambda _settings: None)
        patch.setattr("bursar.jobs.runner.CONCURRENCY", 1)
        patch.setattr("bursar.jobs.runner.MANY_CONCURRENCY", 1)
        self.configure(**SETTINGS, BURSAR_DATABASE_URL=url)
        self.at(world.BEGINNING)
        self._database = Database(url)
        self._stack.callback(self._database.dispose)
        if not self._database.is_sqlite:
            self._execute(_COUNT_LIKE_SQLITE)
            self._stack.callback(self._execute, "DROP FUNCTION corpus_count CASCADE")
        self._inside = self._open(self._stack)

    def close(self) -> None:
        self._stack.close()

    def _execute(self, statement: str) -> None:
        with self._database.transaction() as session:
            session.connection().exec_driver_sql(statement.replace("%", "%%"))

    def configure(self, **settings: str) -> None:
        """For commands, workers, and for applications that are opened from now on."""
        for name, value in settings.items():
            self._patch.setenv(name, value)
        get_settings.cache_clear()

    def at(self, instant: str) -> None:
        """Time stands still there, for everybody."""
        self._time.close()
        self._time.enter_context(clock.frozen_at(clock.parse_instant(instant)))

    def begin(self, chapter: str) -> None:
        self._chapter, self._number = chapter, 0

    @contextmanager
    def configured(self, **settings: str) -> Iterator[None]:
        """Another application on the same database, with these settings."""
        names = dict.fromkeys(settings)
        self.configure(**settings)
        usual = self._inside
        with ExitStack() as stack:
            self._inside = self._open(stack)
            yield
        self._inside = usual
        for name in names:
            self._patch.setenv(name, SETTINGS.get(name, "")) if name in SETTINGS else (
                self._patch.delenv(name)
            )
        get_settings.cache_clear()

    def _open(self, stack: ExitStack) -> Inside:
        inside = Inside(create_app(get_settings(), self._database))
        stack.callback(inside.close)
        return inside

    # Requests

    def get(self, path: str, **options: Any) -> Any:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.ask("POST", path, body, **options)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str | None = world.ADMIN,
        accept: str | None = JSON,
        **headers: str,
    ) -> Any:
        """The content of the answer if it is JSON. A body that is no text is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if accept is not None:
            sent["accept"] = accept
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
            sent.setdefault("content-type", JSON)
        raw = body.encode() if isinstance(body, str) else body or b""
        answer = self._send(method, path, raw, sent, by)
        self._record(_question(method, path, by, sent, raw), answer)
        return _content_of(answer)

    def _send(
        self, method: str, path: str, raw: bytes, headers: Mapping[str, str], by: str | None
    ) -> Answered:
        given = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        if by is not None:
            given.append((b"authorization", f"JWT {self.token(by)}".encode()))
        if raw:
            given.append((b"content-length", str(len(raw)).encode()))
        return self._inside.ask(method, path.encode(), given, raw)

    def header(self, name: str, path: str, accept: str, **headers: str) -> str:
        """Of an answer that is not recorded."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._send("GET", path, b"", {"accept": accept} | sent, world.ADMIN).headers[name]

    def token(self, client: str) -> str:
        if client not in self._tokens:
            form = world.token_form(client)
            headers = {"content-type": "application/x-www-form-urlencoded"}
            answer = self._send("POST", TOKEN_PATH, form.encode(), headers, None)
            self._tokens[client] = json.loads(answer.body)["access_token"]
        return self._tokens[client]

    def _record(self, question: list[str], answer: Answered) -> None:
        accidental = set()
        if not any(line.startswith(f"> {_REQUEST_ID}") for line in question):
            accidental.add(_REQUEST_ID)
        if "content-encoding" in answer.headers:
            accidental.add("content-length")
        headers = sorted(each for each in answer.headers.items() if each[0] not in accidental)
        if " /enterprise" not in question[0]:
            # Litestar's own answers name methods in the order of a set.
            headers = [(name, _in_order(value)) for name, value in headers]
        head = [*question, f"< {answer.status}", *(f"< {name}: {value}" for name, value in headers)]
        # The order of a key's members is that of the database.
        is_keys = question[0].endswith(" /oauth2/jwks") and answer.body.startswith(b"{")
        self._keep(head, _sorted(answer.body) if is_keys else _expanded(answer))

    def _keep(self, head: list[str], body: bytes) -> None:
        self._number += 1
        name = f"{self._chapter}-{self._number:03}"
        public = self._public(body.decode(), name).encode() if _is_text(body) else body
        method, path = head[0].removeprefix("> ").split(" ", 1)
        is_unseen = method == "HEAD" and (
            self._public(path, name) != path or path in self._unsteady_paths
        )
        if public != body:
            self._unsteady_paths.add(path)
        if public != body or is_unseen:
            # A tag over bytes that are others in each run.
            head = [re.sub(r"^< etag: .*", "< etag: <of the bytes>", line) for line in head]
        head = [transcript.escaped(self._public(line, name)) for line in head]
        lines = transcript.lines_of(public)
        self.exchanges.append(Exchange(name, tuple(head), tuple(lines)))

    def _public(self, text: str, name: str) -> str:
        return self._names.replaced(transcript.without_secrets(text), name)

    # Commands and background work

    def run(self, *arguments: str) -> str:
        """A command, with its output in the transcript. Returns its standard output."""
        result = CliRunner().invoke(commands, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        errors = [f"< error: {line}" for line in result.stderr.splitlines()]
        line = " ".join(["bursar", *arguments])
        self._keep([f"> {line}", f"< exit {result.exit_code}", *errors], result.stdout.encode())
        return result.stdout

    def apply(self, manifest: Any, *options: str) -> None:
        """Declares it by `bursar apply`."""
        name = f"{self._chapter}-{self._number + 1:03}.json"
        (self.folder / name).write_text(json.dumps(manifest))
        self.run("apply", "-f", name, *options)

    def write(self, name: str, content: str) -> str:
        (self.folder / name).write_text(content, newline="")
        return name

    def work(self) -> None:
        """A worker does everything that waits, one job after the other."""
        worker = work.background_worker(get_settings())
        worker.start()
        try:
            wait_until(self._is_idle, "all jobs were done")
        finally:
            worker.stop()

    def _is_idle(self) -> bool:
        return not {"ENQUEUED", "PENDING", "DELAYED"} & set(jobs(self._database).values())


def _question(
    method: str, path: str, by: str | None, headers: Mapping[str, str], raw: bytes
) -> list[str]:
    lines = [f"> {method} {path}"]
    if by is not None:
        lines.append(f"> as {by}")
    lines += [f"> {name}: {value}" for name, value in headers.items()]
    if raw:
        text = raw.decode() if _is_text(raw) else repr(raw)
        lines.append(f"> {text}" if len(text) < 1500 else f"> {text[:200]}... {len(text)} in all")
    return lines


def _content_of(answer: Answered) -> Any:
    if answer.headers.get("content-type") == JSON and answer.body:
        return json.loads(_expanded(answer))
    return None


def _expanded(answer: Answered) -> bytes:
    """How well a library compresses is not the corpus's business."""
    coding = answer.headers.get("content-encoding")
    if coding == "gzip":
        return gzip.decompress(answer.body)
    if coding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress(answer.body)
    return answer.body


def _in_order(value: str) -> str:
    return ", ".join(sorted(value.split(", "))) if value.isupper() else value


def _sorted(body: bytes) -> bytes:
    return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
