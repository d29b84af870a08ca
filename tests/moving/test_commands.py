"""`bursar dump` and `bursar adopt` as an operator runs them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from testing.databases.plugin import DIALECTS
from testing.servers.cli import Cli
from testing.worlds.contract import ACME, GLOBEX
from tests.moving.world import Origin, open_place


@pytest.fixture
def there(settled_sqlite: Origin) -> Cli:
    return Cli(settled_sqlite.place.folder, settled_sqlite.place.url)


@pytest.fixture(params=DIALECTS)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Cli:
    place = open_place(request.param, tmp_path / "here", request)
    return Cli(place.folder, place.url)


def test_an_enterprise_is_dumped_and_adopted(there: Cli, here: Cli) -> None:
    lines = there.ok("dump", "--enterprise", str(ACME))
    header, end = json.loads(lines[0]), json.loads(lines[-1])
    assert header["bursar_dump"] == 1
    assert header["enterprise_uuid"] == str(ACME)
    assert sum(header["counts"].values()) == end["end"]["rows"] == sum("table" in x for x in lines)
    path = here.folder / "acme.jsonl"
    path.write_text("\n".join(lines) + "\n")
    tried = here.run("adopt", "--from-bursar", str(path), "--dry-run")
    assert (
        tried.stdout.splitlines()[-1]
        == "1 would be created, 0 would be changed, 0 would be unchanged"
    )
    done = here.run("adopt", "--from-bursar", str(path))
    told = done.stdout.splitlines()
    assert told[0].startswith(f"enterprise {ACME}: created, ")
    assert told[-1] == "1 created, 0 changed, 0 unchanged"
    # The secrets of the webhooks were sealed by the other installation.
    assert done.returncode == 1
    assert "sealed values of webhook_secrets cannot be opened here" in done.stderr
    assert any(line.split()[:1] == ["licenses"] and line.split()[-1] == "0" for line in told)
    again = here.run("adopt", "--from-bursar", str(path))
    assert again.stdout.splitlines()[-1] == "0 created, 0 changed, 1 unchanged"


def test_everything_from_an_address(there: Cli, here: Cli, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text("\n".join(there.ok("dump")) + "\n")
    with _served(path.read_bytes()) as address:
        done = here.run("adopt", "--from-bursar", address)
    assert done.stdout.splitlines()[-1] == "2 created, 0 changed, 0 unchanged"


def test_standard_input(there: Cli, here: Cli) -> None:
    text = "\n".join(there.ok("dump", "--enterprise", str(GLOBEX))) + "\n"
    done = here.run("adopt", "--from-bursar", "-", stdin=text)
    assert done.stdout.splitlines()[-1] == "1 created, 0 changed, 0 unchanged"


def test_what_is_refused(there: Cli, here: Cli, tmp_path: Path) -> None:
    nobody = "00000000-0000-4000-8000-000000000099"
    assert there.refused("dump", "--enterprise", nobody) == [f"There is no enterprise {nobody}."]
    assert "There is no file" in here.refused("adopt", "--from-bursar", "nowhere")[0]
    path = tmp_path / "cut"
    path.write_text("\n".join(there.ok("dump")[:-1]) + "\n")
    said = here.refused("adopt", "--from-bursar", str(path))
    assert said[0].startswith("The dump is cut off")
    with _served(b"", status=404) as address:
        assert "cannot be read" in here.refused("adopt", "--from-bursar", address)[0]


@contextmanager
def _served(content: bytes, status: int = 200) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dump"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
