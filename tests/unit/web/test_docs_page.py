import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bursar.web.docs_page import docs_handlers

AnyClient = TestClient[Litestar]


@pytest.fixture(scope="module")
def client() -> Iterator[AnyClient]:
    calls: list[int] = []

    def document() -> dict[str, Any]:
        calls.append(1)
        return {"openapi": "3.1.0", "calls": len(calls)}

    with TestClient(Litestar(docs_handlers(document, dict), openapi_config=None)) as client:
        yield client


def test_the_document_is_made_once(client: AnyClient) -> None:
    answers = [client.get("/openapi.json") for _ in range(2)]
    assert {answer.headers["content-type"] for answer in answers} == {"application/json"}
    assert [answer.json()["calls"] for answer in answers] == [1, 1]


def test_the_page_loads_nothing_from_elsewhere(client: AnyClient) -> None:
    page = client.get("/docs/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    links = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(links) >= 6
    for link in links:
        assert link.startswith("/")
        assert client.get(link).status_code == 200, link


def test_the_page_may_run_no_inline_script(client: AnyClient) -> None:
    page = client.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<script>|\son\w+=", page.text)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("initializer.js", "text/javascript; charset=utf-8"),
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_static_files_have_their_media_types(client: AnyClient, name: str, media_type: str) -> None:
    answer = client.get(f"/docs/static/{name}")
    assert answer.headers["content-type"] == media_type
    head = client.head(f"/docs/static/{name}")
    assert head.headers["content-length"] == str(len(answer.content))
    assert head.content == b""


@pytest.mark.parametrize(
    "name",
    ["", "LICENSE", "swagger-editor.js", "..%2fcore.py", "%2e%2e/core.py", "..%5ccore.py", "%00"],
)
def test_other_files_are_out_of_reach(client: AnyClient, name: str) -> None:
    assert client.get(f"/docs/static/{name}").status_code == 404
