"""The collections that users import, run against the demo as they run them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from bursar.demo.manifest import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from testing.clients.newman import run_newman, status_codes
from testing.paths import REPOSITORY
from testing.servers.processes import child_environment, free_port, is_healthy, run_bursar
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

OURS = REPOSITORY / "postman/bursar.postman_collection.json"
REFERENCE = REPOSITORY / "testing/data/reference/postman_collection.json"
OUR_VARIABLES = {"base_url", "api_client_id", "api_client_secret"}
CREDENTIALS = {"api_client_id": DEMO_CLIENT_ID, "api_client_secret": DEMO_CLIENT_SECRET}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root of a running `bursar demo` with a database of its own."""
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bursar", "demo", "--port", str(port)],
            env=child_environment({}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        await_health(process, url, folder / "demo.log")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def await_health(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    wait_until(lambda: process.poll() is not None or is_healthy(url), "the demo is healthy")
    assert process.poll() is None, log.read_text(errors="replace")


def access_token(url: str) -> str:
    options = ["--client-id", DEMO_CLIENT_ID, "--client-secret", DEMO_CLIENT_SECRET]
    return run_bursar("token", "--url", url, *options, env={}).stdout.strip()


def get_json(url: str, token: str) -> Any:
    headers = {"Authorization": f"JWT {token}", "Accept": "application/json"}
    with urlopen(Request(url, headers=headers), timeout=20) as response:
        return json.load(response)


def requests_of(collection: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in collection["item"]:
        if "item" in item:
            yield from requests_of(item)
        else:
            yield item


def moved_to(collection: dict[str, Any], root: str) -> dict[str, Any]:
    """The collection with another host, as a user changes it."""
    target = urlsplit(root)
    for item in collection["item"]:
        url = item["request"]["url"]
        old = f"{url['protocol']}://{'.'.join(url['host'])}"
        url["raw"] = url["raw"].replace(old, root)
        url["protocol"] = target.scheme
        url["host"] = (target.hostname or "").split(".")
        url["port"] = str(target.port)
    return collection


def test_our_collection_runs_green(demo: str) -> None:
    report = run_newman(OURS, {"base_url": demo, **CREDENTIALS})
    collection = json.loads(OURS.read_text())
    assert len(status_codes(report)) == len(list(requests_of(collection)))


def test_our_collection_needs_three_variables_only() -> None:
    collection = json.loads(OURS.read_text())
    assert {variable["key"] for variable in collection["variable"]} == OUR_VARIABLES


def test_every_request_of_ours_asserts_its_status_and_its_shape() -> None:
    for item in requests_of(json.loads(OURS.read_text())):
        scripts = ["\n".join(event["script"]["exec"]) for event in item["event"]]
        assert "to.have.status(" in scripts[-1], item["name"]
        is_bare = "304" in scripts[-1]
        assert is_bare or scripts[-1].count("pm.test(") > 1, item["name"]


def test_collection_of_the_reference_runs_with_only_its_host_changed(
    demo: str, tmp_path: Path
) -> None:
    token = access_token(demo)
    catalogs = f"{demo}/enterprise/v2/enterprise-catalogs"
    first = get_json(catalogs, token)["results"][0]
    catalog, enterprise = first["uuid"], first["enterprise_customer"]
    course = get_json(f"{catalogs}/{catalog}", token)["results"][0]["key"]
    collection = moved_to(json.loads(REFERENCE.read_text()), demo)
    file = tmp_path / "reference.json"
    file.write_text(json.dumps(collection))

    variables = {
        "access_token": token,
        "catalog_uuid": catalog,
        "course_key": course,
        "enterprise_uuid": enterprise,
    }
    report = run_newman(file, {**CREDENTIALS, **variables})

    assert status_codes(report) == {
        "edX API Generate API Access Token": 200,
        "edX API Retrieve Enterprise Catalogs": 200,
        "edX API Retrieve Catalog Courses": 200,
        "edX API Retrieve Course Metadata": 200,
        "edX API Retrieve Learner Enrollments": 200,
    }
