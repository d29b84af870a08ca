from typing import Any

import pytest

from testing.clients.api import CATALOGS, Api
from testing.servers.contract_endpoints import THINGS
from testing.worlds.contract import EXAMPLES, GLOBEX_EXAMPLES, SHELF
from tests.contract.conftest import MAX_BODY_BYTES

URL = f"{THINGS}/{EXAMPLES}"

ORDER: list[tuple[str, int, dict[str, Any]]] = [
    ("the route", 404, {"url": "/enterprise/v1/nowhere"}),
    ("the method", 405, {"method": "DELETE"}),
    ("the token", 401, {"authorization": "JWT x"}),
    ("the Accept header", 406, {"accept": "text/html"}),
    ("the object", 404, {"url": f"{THINGS}/{GLOBEX_EXAMPLES}"}),
    ("the role", 403, {"reports": True}),
    ("the media type", 415, {"content_type": "text/plain"}),
    ("the size", 413, {"content": b"x" * (MAX_BODY_BYTES + 1)}),
    ("the body", 400, {"content": b'{"name": ""}'}),
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(ORDER)), ids=[name for name, *_ in ORDER])
@pytest.mark.parametrize("more", [1, 2, len(ORDER)])
def test_of_several_mistakes_the_first_in_order_is_answered(
    api: Api, reporting: Api, first: int, more: int
) -> None:
    request: dict[str, Any] = {}
    for _, _, mistake in reversed(ORDER[first : first + 1 + more]):
        request |= mistake
    caller = reporting if request.get("reports") else api
    headers = {
        "Accept": request.get("accept", "application/json"),
        "Content-Type": request.get("content_type", "application/json"),
        "Authorization": request.get("authorization", caller.authorization or ""),
    }
    response = caller.request(
        request.get("method", "POST"),
        request.get("url", URL),
        headers=headers,
        content=request.get("content", b"{}"),
    )
    assert response.status_code == ORDER[first][1]


def test_reads_are_checked_in_the_same_order(api: Api) -> None:
    bad = "format=x&updated_since=y"
    steps = [
        (401, "JWT x", f"{CATALOGS}/{GLOBEX_EXAMPLES}?{bad}", "text/html"),
        (404, api.authorization, f"{CATALOGS}/{GLOBEX_EXAMPLES}?{bad}", "application/json"),
        (400, api.authorization, f"{CATALOGS}/{SHELF}?{bad}&page=99", "application/json"),
        (404, api.authorization, f"{CATALOGS}/{SHELF}?page=99", "application/json"),
    ]
    for status, authorization, url, accept in steps:
        caller = api.acting_as(authorization)
        assert caller.get(url, headers={"Accept": accept}).status_code == status
    refused = api.get(f"{CATALOGS}/{GLOBEX_EXAMPLES}", headers={"Accept": "text/html"})
    assert refused.status_code == 406
