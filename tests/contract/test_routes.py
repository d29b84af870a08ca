from typing import Any

import pytest

from testing.clients.api import CATALOGS, Api, detail_of, visible
from testing.clients.samples import EVERYTHING, OF_AN_OBJECT, OWN, READS, STABLE, Sample
from testing.worlds.contract import COURSE_KEY, EXAMPLES, HOSTILE, HOSTILE_KEY

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY"]
UNKNOWN_ROUTES = [
    "/nowhere",
    "/enterprise",
    "/enterprise/v2",
    f"{CATALOGS}/{EXAMPLES}/courses",
    f"{CATALOGS}/{EXAMPLES}/learners/1",
    "/enterprise/v2/enterprise-catalogsx",
    "/oauth2",
    "/%FF%FE",
    "/a%00b",
]
MALFORMED = [
    "not-a-uuid",
    "1",
    "%20",
    "101989c0-5dfa-4e0b-91dc-01f590148c6",
    "101989c0-5dfa-4e0b-91dc-01f590148c6ff",
    "zzzzzzzz-5dfa-4e0b-91dc-01f590148c6f",
    "%7B101989c0-5dfa-4e0b-91dc-01f590148c6f%7D",
    "urn:uuid:101989c0-5dfa-4e0b-91dc-01f590148c6f",
    "%00",
    "%FF",
    "'--",
    "a" * 3000,
]
STRANGE_KEYS = [
    *("%00", "a%00b", "%FF%FE", "%ED%A0%80", "%F0%9F%8E%93"),
    *("'", "%25", "%2E%2E", "a//b", "a" * 3000),
]
every_endpoint = pytest.mark.parametrize("sample", EVERYTHING.values(), ids=list(EVERYTHING))
reads = pytest.mark.parametrize("sample", READS.values(), ids=list(READS))
of_an_object = pytest.mark.parametrize("sample", OF_AN_OBJECT.values(), ids=list(OF_AN_OBJECT))


def with_slash(url: str) -> str:
    path, mark, query = url.partition("?")
    return f"{path}/{mark}{query}"


def test_every_documented_path_is_asked_for_here(api: Api) -> None:
    documented = {
        (method.upper(), path)
        for path, item in api.checker.document["paths"].items()
        if "/enterprise/" in path
        for method in item
    }
    assert documented == {(sample.method, sample.template) for sample in EVERYTHING.values()}


@every_endpoint
def test_options_needs_no_token(anonymous: Api, sample: Sample) -> None:
    for url in (sample.url, with_slash(sample.url)):
        response = anonymous.request("OPTIONS", url)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["allow"] == sample.allow
        assert "content-length" not in response.headers


@every_endpoint
def test_any_other_method_is_refused_before_the_token_is_looked_at(
    anonymous: Api, sample: Sample
) -> None:
    for method in METHODS:
        if method in sample.allow.split(", "):
            continue
        response = anonymous.request(method, sample.url, headers={"Accept": "application/json"})
        assert response.status_code == 405, method
        assert response.headers["allow"] == sample.allow
        assert method == "HEAD" or detail_of(response) == f'Method "{method}" not allowed.'


@every_endpoint
def test_a_trailing_slash_makes_no_difference(api: Api, sample: Sample) -> None:
    options: dict[str, Any] = {"json": sample.body, "headers": {"X-Request-ID": "same"}}
    plain = api.request(sample.method, sample.url, **options)
    slashed = api.request(sample.method, with_slash(sample.url), **options)
    assert plain.status_code == slashed.status_code == sample.status
    # The link to the next page of a list has the path that was asked for.
    plain_text, slashed_text = (each.content.replace(b"/?", b"?") for each in (plain, slashed))
    assert plain_text == slashed_text or sample.names_something_new


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_head_has_the_headers_of_get_and_no_body(api: Api, accept: str, coding: str) -> None:
    headers = {"Accept": accept, "Accept-Encoding": coding}
    for sample in STABLE.values():
        got = api.get(sample.url, headers=headers)
        head = api.request("HEAD", sample.url, headers=headers)
        assert (head.status_code, head.content) == (200, b"")
        assert visible(head)[2] == visible(got)[2]


@reads
def test_a_read_may_be_remembered_only_by_its_reader(api: Api, sample: Sample) -> None:
    response = api.get(sample.url)
    assert {"Accept", "Content-Type"} <= set(response.headers["vary"].split(", "))
    assert response.headers["cache-control"] == "private, no-cache"
    assert response.headers["etag"].startswith('"')
    if sample.url.startswith(CATALOGS) and not sample.template.endswith("contains_content_items"):
        assert response.headers["last-modified"].endswith(" GMT")


@pytest.mark.parametrize("path", UNKNOWN_ROUTES)
def test_an_unknown_route_is_not_found_without_a_token(anonymous: Api, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS", "HEAD", "PATCH"):
        response = anonymous.request(method, path, headers={"Accept": "application/json"})
        assert response.status_code == 404, method
        assert method == "HEAD" or detail_of(response) == "Not found."


@pytest.mark.parametrize(
    ("headers", "media_type"),
    [
        ({}, "application/xml; charset=utf-8"),
        ({"Accept": "text/xml"}, "text/xml; charset=utf-8"),
        ({"Content-Type": "application/json"}, "application/json"),
        ({"Accept": "text/html"}, "application/json"),
    ],
)
def test_an_unknown_route_answers_in_the_callers_format(
    anonymous: Api, headers: dict[str, str], media_type: str
) -> None:
    response = anonymous.get("/nowhere", headers=headers)
    assert response.status_code == 404
    assert response.headers["content-type"] == media_type
    assert detail_of(response) == "Not found."


@pytest.mark.parametrize("uuid", MALFORMED)
def test_a_malformed_uuid_is_not_found(api: Api, uuid: str) -> None:
    for sample in OF_AN_OBJECT.values():
        response = api.request(sample.method, sample.url_of(uuid), json=sample.body)
        assert response.status_code == 404, sample


@of_an_object
def test_a_uuid_may_be_written_in_capitals(api: Api, sample: Sample) -> None:
    url = sample.path.format(**{name: str(uuid).upper() for name, uuid in OWN.items()})
    response = api.request(sample.method, url, json=sample.body)
    assert response.status_code == sample.status


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_a_strange_key_is_not_found(api: Api, key: str) -> None:
    for part in ("courses", "course-runs", "programs"):
        assert api.get(f"{CATALOGS}/{EXAMPLES}/{part}/{key}").status_code == 404


@pytest.mark.parametrize("plus", ["+", "%2B", "%2b"])
def test_a_plus_may_be_escaped(api: Api, plus: str) -> None:
    key = COURSE_KEY.replace("+", plus)
    assert api.json(f"{CATALOGS}/{EXAMPLES}/courses/{key}")["key"] == COURSE_KEY
    assert api.json(f"{CATALOGS}/{HOSTILE}/courses/{HOSTILE_KEY}")["key"] == HOSTILE_KEY


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/oauth2/jwks"])
def test_what_machines_watch_answers_head_and_a_trailing_slash(anonymous: Api, path: str) -> None:
    assert anonymous.get(path).status_code == 200
    assert anonymous.get(path + "/").status_code == 200
    head = anonymous.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    wrong = anonymous.request("DELETE", path, headers={"Accept": "application/json"})
    assert wrong.status_code == 405
    assert set(wrong.headers["allow"].split(", ")) >= {"GET", "HEAD"}
