import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from testing.clients.newman import NewmanError, run_newman, status_codes

pytestmark = pytest.mark.slow


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "present.txt").write_text("here")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def collection_of(folder: Path, paths: list[str]) -> Path:
    script = "pm.test('is found', () => pm.response.to.have.status(200))"
    items = [
        {
            "name": path,
            "request": {"method": "GET", "url": "{{host}}/" + path},
            "event": [{"listen": "test", "script": {"exec": [script]}}],
        }
        for path in paths
    ]
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    file = folder / "collection.json"
    file.write_text(json.dumps({"info": {"name": "tiny", "schema": schema}, "item": items}))
    return file


def test_report_tells_the_status_of_each_request(file_server: str, tmp_path: Path) -> None:
    report = run_newman(collection_of(tmp_path, ["present.txt"]), {"host": file_server})
    assert status_codes(report) == {"present.txt": 200}


def test_failed_request_is_named(file_server: str, tmp_path: Path) -> None:
    collection = collection_of(tmp_path, ["present.txt", "absent.txt"])
    with pytest.raises(NewmanError, match=r"absent\.txt: is found: expected .* 404"):
        run_newman(collection, {"host": file_server})


def test_unreachable_server_is_a_failure(tmp_path: Path) -> None:
    collection = collection_of(tmp_path, ["present.txt"])
    with pytest.raises(NewmanError, match="ECONNREFUSED"):
        run_newman(collection, {"host": "http://127.0.0.1:9"})


def test_collection_without_requests_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(NewmanError, match="no request was sent"):
        run_newman(collection_of(tmp_path, []), {})
