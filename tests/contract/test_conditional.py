import gzip

import httpx
import pytest
import zstandard

from bursar.web.compression import MINIMUM_BYTES
from testing.clients.api import CATALOGS, Api
from testing.clients.samples import STABLE, Sample
from testing.shops.service import Shop
from testing.worlds.contract import EXAMPLES, SHELF, open_course

reads = pytest.mark.parametrize("sample", STABLE.values(), ids=list(STABLE))
formats = pytest.mark.parametrize("accept", ["application/json", "application/xml"])
EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"
SHELF_PATH = f"{CATALOGS}/{SHELF}"


def decoded(response: httpx.Response) -> bytes:
    """The body as it came over the wire, decoded here."""
    raw = b"".join(response.iter_raw())
    match response.headers.get("content-encoding"):
        case "gzip":
            return gzip.decompress(raw)
        case "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        case _:
            return raw


@reads
@formats
def test_an_answer_that_is_known_is_not_sent_again(api: Api, sample: Sample, accept: str) -> None:
    first = api.get(sample.url, headers={"Accept": accept})
    etag, modified = first.headers["etag"], first.headers.get("last-modified")
    for condition in (
        {"If-None-Match": etag},
        {"If-None-Match": f"W/{etag}"},
        {"If-None-Match": f'"other", {etag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": modified or EPOCH} if modified else {"If-None-Match": etag},
        {"If-None-Match": etag, "If-Modified-Since": EPOCH},
    ):
        known = api.get(sample.url, headers={"Accept": accept, **condition})
        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == etag
        assert known.headers.get("last-modified") == modified
        assert known.headers["vary"] == first.headers["vary"]
        assert "content-length" not in known.headers
        assert (
            api.request("HEAD", sample.url, headers={"Accept": accept, **condition}).status_code
            == 304
        )


@reads
@formats
def test_an_answer_that_is_not_known_is_sent(api: Api, sample: Sample, accept: str) -> None:
    first = api.get(sample.url, headers={"Accept": accept})
    for condition in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": ""},
        {"If-Modified-Since": EPOCH},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": ""},
        {"If-None-Match": '"other"', "If-Modified-Since": first.headers.get("last-modified", "")},
    ):
        again = api.get(sample.url, headers={"Accept": accept, **condition})
        assert (again.status_code, again.content) == (200, first.content)


@reads
def test_each_format_has_an_etag_of_its_own(api: Api, sample: Sample) -> None:
    etags = {
        accept: api.get(sample.url, headers={"Accept": accept}).headers["etag"]
        for accept in ("application/json", "application/xml")
    }
    assert len(set(etags.values())) == 2
    crossed = {"Accept": "application/xml", "If-None-Match": etags["application/json"]}
    assert api.get(sample.url, headers=crossed).status_code == 200


def test_each_page_and_each_selection_has_an_etag_of_its_own(api: Api) -> None:
    queries = ["", "?page=2", "?limit=5", "?content_keys=ShelfX%2BC1", "?updated_since=2026-01-01"]
    etags = {api.get(SHELF_PATH + query).headers["etag"] for query in queries}
    assert len(etags) == len(queries)


@formats
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, zstd", "zstd"),
        ("zstd;q=0.1, gzip;q=0.9", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("GZIP", "gzip"),
        ("br, deflate", None),
        ("gzip;q=0", None),
        ("identity", None),
        ("", None),
    ],
)
def test_a_coded_answer_says_the_same(
    api: Api, accept: str, accepted: str, coding: str | None
) -> None:
    for sample in STABLE.values():
        plain = api.get(sample.url, headers={"Accept": accept})
        headers = {"Accept": accept, "Accept-Encoding": accepted}
        headers["Authorization"] = api.authorization or ""
        with api.http.stream("GET", sample.url, headers=headers) as response:
            is_coded = coding is not None and len(plain.content) >= MINIMUM_BYTES
            assert response.headers.get("content-encoding") == (coding if is_coded else None)
            body = decoded(response)
        assert body == plain.content
        assert (response.headers["etag"] != plain.headers["etag"]) is is_coded
        assert "Accept-Encoding" in response.headers["vary"]


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_coded_answer_that_is_known_keeps_its_etag(api: Api, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    etag = api.get(SHELF_PATH, headers=headers).headers["etag"]
    known = api.get(SHELF_PATH, headers=headers | {"If-None-Match": etag})
    assert (known.status_code, known.headers["etag"]) == (304, etag)


def test_a_small_answer_is_not_coded(api: Api) -> None:
    response = api.get("/nowhere", headers={"Accept-Encoding": "gzip, zstd"})
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize("part", ["", "/courses/{key}", "/course-runs/course-v1:{key}+1T2026"])
def test_a_changed_document_is_sent_again(shop: Shop, part: str) -> None:
    key = shop.key("A")
    shop.stock(open_course(key))
    path = shop.path + part.format(key=key)
    first = shop.api.get(path, headers={"Accept": "application/json"})
    known = {"Accept": "application/json", "If-None-Match": first.headers["etag"]}
    assert shop.api.get(path, headers=known).status_code == 304
    changed = open_course(key)
    changed["title"] = changed["course_runs"][0]["title"] = "Another title"
    shop.stock(changed)
    again = shop.api.get(path, headers=known)
    assert again.status_code == 200
    assert "Another title" in again.text
    assert again.headers["etag"] != first.headers["etag"]


def test_a_changed_catalog_is_sent_again(shop: Shop) -> None:
    shop.stock(open_course(shop.key("A")))
    known = {"If-None-Match": shop.api.get(shop.path).headers["etag"]}
    shop.change(title="Another title")
    again = shop.api.get(shop.path, headers=known)
    assert (again.status_code, "Another title" in again.text) == (200, True)


def test_a_changed_slug_is_sent_again(shop: Shop) -> None:
    shop.stock(open_course(shop.key("A")))
    path = f"{shop.path}/courses/{shop.key('A')}"
    known = {"If-None-Match": shop.api.get(path).headers["etag"]}
    named = {"uuid": str(shop.uuid), "name": shop.org, "slug": shop.org + "-renamed"}
    shop.service.declare({"enterprises": [named]})
    again = shop.api.get(path, headers=known)
    assert (again.status_code, "-renamed" in again.text) == (200, True)


def test_a_document_that_left_is_not_found_though_its_etag_is_known(shop: Shop) -> None:
    shop.stock(open_course(shop.key("A")))
    path = f"{shop.path}/courses/{shop.key('A')}"
    known = {"If-None-Match": shop.api.get(path).headers["etag"]}
    shop.change(content_filter=None)
    assert shop.api.get(path, headers=known).status_code == 404
    assert shop.api.get(path, headers={"If-None-Match": "*"}).status_code == 404


def test_a_good_etag_does_not_help_those_who_may_not_read(api: Api) -> None:
    path = f"{CATALOGS}/{EXAMPLES}"
    known = {"If-None-Match": api.get(path).headers["etag"]}
    assert api.acting_as(None).get(path, headers=known).status_code == 401
