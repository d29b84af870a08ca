"""What surrounds every request: its id, the rate limit, CORS, and what watches the process."""

import re
from uuid import uuid4

import pytest

from bursar.web.bounds import MAX_HEADER_BYTES
from bursar.web.middleware import TOO_LARGE_HEADERS
from testing.clients.api import CATALOGS, Api, detail_of
from testing.shops.service import Service
from tests.contract.conftest import ORIGIN

SANE = ["a", "req-1.2:3@x/y+z=", "0b1c6d9e-6a3f-4f0a-8a4e-7f3f2b1d9c55", "x" * 128]
NOT_SANE = ["", "two words", "x" * 129, "a,b", "<script>", "é", 'a"b', "a\tb"]


@pytest.mark.parametrize("path", [CATALOGS, "/health", "/nowhere", "/oauth2/jwks"])
@pytest.mark.parametrize("sent", SANE)
def test_a_sane_request_id_is_echoed(anonymous: Api, path: str, sent: str) -> None:
    response = anonymous.get(path, headers={"X-Request-ID": sent})
    assert response.headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", NOT_SANE)
def test_any_other_request_id_is_replaced(anonymous: Api, sent: str) -> None:
    response = anonymous.http.get(CATALOGS, headers=[(b"X-Request-ID", sent.encode())])
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])


def test_every_request_gets_an_id_of_its_own(anonymous: Api) -> None:
    ids = {anonymous.get("/health").headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CATALOGS, 200),
        ("HEAD", CATALOGS, 200),
        ("OPTIONS", CATALOGS, 204),
        ("DELETE", CATALOGS, 405),
        ("GET", f"{CATALOGS}/x", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/oauth2/v1/access_token", 400),
        ("GET", "/oauth2/jwks", 200),
        ("GET", "/health", 200),
        ("GET", "/ready", 200),
        ("GET", "/metrics", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs", 200),
        ("GET", "/docs/static/swagger-ui.css", 200),
    ],
)
def test_every_answer_tells_browsers_what_not_to_do(
    api: Api, method: str, path: str, status: int
) -> None:
    response = api.request(method, path)
    assert response.status_code == status
    assert response.headers.get_list("x-content-type-options") == ["nosniff"]
    assert response.headers.get_list("referrer-policy") == ["no-referrer"]
    policy = response.headers.get("content-security-policy", "")
    assert ("frame-ancestors 'none'" in policy) == (path == "/docs")


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_a_client_over_the_rate_limit_waits(tuned: Service, accept: str) -> None:
    shop, other = tuned.open_shop(), tuned.open_shop()
    answers = [shop.api.get(shop.path, headers={"Accept": accept}) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    for refused in answers[5:]:
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert detail_of(refused).startswith("Request was throttled.")
        assert accept in refused.headers["content-type"]
    assert other.api.get(other.path).status_code == 200


def test_there_is_no_rate_limit_by_default(api: Api) -> None:
    assert {api.request("HEAD", CATALOGS).status_code for _ in range(60)} == {200}


def test_cors_is_off_by_default(api: Api) -> None:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    for response in (
        api.get(CATALOGS, headers=headers),
        api.request("OPTIONS", CATALOGS, headers=headers),
        api.get("/nowhere", headers=headers),
    ):
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_cors_lets_only_the_named_origins_in(tuned: Service) -> None:
    preflight = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    http = tuned.anonymous.http
    good = http.options(CATALOGS, headers=preflight | {"Origin": ORIGIN})
    assert good.headers["access-control-allow-origin"] == ORIGIN
    bad = http.options(CATALOGS, headers=preflight | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in bad.headers
    shop = tuned.open_shop()
    read = shop.api.get(shop.path, headers={"Origin": ORIGIN})
    assert read.headers["access-control-allow-origin"] == ORIGIN
    exposed = read.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "X-Next-Updated-Since"} <= set(exposed)


def test_an_invented_method_makes_no_series_of_its_own(anonymous: Api) -> None:
    invented = f"X{uuid4().hex[:8].upper()}"
    assert anonymous.request(invented, CATALOGS).status_code == 405
    assert invented not in anonymous.get("/metrics").text


def test_an_invented_path_makes_no_series_of_its_own(anonymous: Api) -> None:
    invented = f"/x{uuid4().hex}"
    assert anonymous.get(invented).status_code == 404
    assert invented not in anonymous.get("/metrics").text


def test_the_server_is_healthy_and_ready(anonymous: Api) -> None:
    assert anonymous.get("/health").json()["status"] == "ok"
    assert anonymous.get("/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("path", [CATALOGS, "/nowhere", "/health"])
@pytest.mark.parametrize("name", ["Accept", "Authorization", "X-Whatever"])
def test_a_header_that_is_too_large_is_refused_before_it_is_read(
    anonymous: Api, path: str, name: str
) -> None:
    too_large = "a/b," * (MAX_HEADER_BYTES // 4)
    response = anonymous.http.get(path, headers={name: too_large})
    assert (response.status_code, response.json()) == (431, {"detail": TOO_LARGE_HEADERS})
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])
    fits = too_large[: MAX_HEADER_BYTES - len(name)]
    assert anonymous.http.get(path, headers={name: fits}).status_code != 431


def test_headers_that_are_too_large_together_are_refused(anonymous: Api) -> None:
    several = {f"X-{number}": "a" * 8000 for number in range(5)}
    assert anonymous.get("/health", headers=several).status_code == 431
    assert anonymous.request("HEAD", "/health", headers=several).status_code == 431
    del several["X-0"], several["X-1"]
    assert anonymous.get("/health", headers=several).status_code == 200
