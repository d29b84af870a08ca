"""Hostile requests to the whole application, without a server between: always a civil answer."""

import base64
import json
import re
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bursar.app import all_endpoints
from bursar.web.endpoint import documented
from bursar.web.query import fields_of
from testing.clients.forging import encoded
from testing.clients.samples import DOCUMENTED, Sample
from testing.worlds.contract import ADMIN, SECRET
from tests.fuzz.attacker import Attacker
from tests.fuzz.hostile import (
    TEXTS,
    broken_bodies,
    fuzzing,
    header_bytes,
    json_trees,
    segments,
    spoiled,
    texts,
    written,
)

TOKENS = "/oauth2/v1/access_token"
WRITES = {name: sample for name, sample in DOCUMENTED.items() if sample.method != "GET"}
samples = st.sampled_from(list(DOCUMENTED.values()))
writes = pytest.mark.parametrize("sample", WRITES.values(), ids=list(WRITES))
QUERIES = [endpoint.query for endpoint in all_endpoints() if endpoint.query is not None]
_FIELDS = {known.name for query in QUERIES for known in fields_of(query)}
FIELDS = sorted({*_FIELDS, "page", "page_size", "limit", "format"})
MEDIA = ["application/json", "application/xml", "text/xml", "text/csv", "*/*", "text/*", "a/b", "*"]


@st.composite
def forged(draw: st.DrawFn, good: str) -> bytes:
    """A token that is nearly good."""
    header, claims, mark = good.split(".")
    part = draw(st.integers(0, 2))
    parts = [header, claims, mark]
    how = draw(st.sampled_from(["json", "raw", "text", "cut", "swap", "grow"]))
    if how == "json":
        parts[part] = encoded(written(draw(json_trees)))
    elif how == "raw":
        parts[part] = encoded(draw(st.binary(max_size=50)))
    elif how == "text":
        parts[part] = draw(texts)
    elif how == "cut":
        parts[part] = parts[part][: draw(st.integers(0, len(parts[part]) - 1))]
    elif how == "swap":
        parts = draw(st.permutations(parts).filter(lambda found: found != parts))
    else:
        parts += [mark] * draw(st.integers(1, 100))  # larger headers are not read
    return ".".join(parts).encode("utf-8", "surrogatepass")


@st.composite
def headers_of_tokens(draw: st.DrawFn) -> dict[str, Any]:
    """The first part of a token: `alg` and `kid` above all."""
    alg: Any = draw(st.sampled_from(["none", "None", "HS256", "ES256", "ES512", "", None, 1, []]))
    kid: Any = draw(st.sampled_from(["", "x", "../../dev/null", "' OR 1=1", None, 1, {}]) | texts)
    return {"alg": alg, "kid": kid, "typ": "JWT"} | draw(
        st.dictionaries(st.sampled_from(["jwk", "jku", "x5u", "crit", "b64", "zip"]), json_trees)
    )


class TestTokens:
    @fuzzing
    @given(data=st.data())
    def test_a_token_that_was_touched_is_refused(self, attacker: Attacker, data: Any) -> None:
        good = attacker.token
        token = data.draw(forged(good))
        scheme = data.draw(st.sampled_from([b"JWT ", b"Bearer ", b"bearer\t", b"JWT  "]))
        answer = attacker.ask(data.draw(samples), (b"authorization", scheme + token))
        assert answer.status == 401 or same_bits(good, token)

    @fuzzing
    @given(header=headers_of_tokens(), sample=samples)
    def test_a_header_of_ones_own_is_refused(
        self, attacker: Attacker, header: dict[str, Any], sample: Sample
    ) -> None:
        _, claims, mark = attacker.token.split(".")
        for last in (mark, "", "AA"):
            token = f"JWT {encoded(written(header))}.{claims}.{last}".encode()
            assert attacker.ask(sample, (b"authorization", token)).status == 401

    @fuzzing
    @given(value=header_bytes | st.sampled_from([b"JWT " + b"a" * 10_000, b"Basic Og=="]))
    def test_any_other_header_is_refused(self, attacker: Attacker, value: bytes) -> None:
        for sample in list(DOCUMENTED.values())[::8]:
            assert attacker.ask(sample, (b"authorization", value)).status == 401


def same_bits(good: str, token: bytes) -> bool:
    """The last letter of a signature has bits that say nothing."""
    return token.decode(errors="replace")[:-1] == good[:-1] and len(token) == len(good)


@st.composite
def media_ranges(draw: st.DrawFn) -> bytes:
    ranges = draw(st.lists(st.sampled_from(MEDIA), max_size=4))
    ends = st.sampled_from(["", ";q=0", ";q=1.0001", ";q=nan", ";q=-1", ';a=",', ";;", " ; q = .5"])
    return ",".join(name + draw(ends) for name in ranges).encode()


NAMES = [
    *(b"accept", b"content-type", b"accept-encoding", b"accept-language", b"idempotency-key"),
    *(b"if-none-match", b"if-modified-since", b"x-request-id", b"content-length", b"range"),
    *(b"origin", b"host", b"cookie", b"expect", b"x-forwarded-host", b"content-encoding"),
    *(b"transfer-encoding", b"access-control-request-method", b"x-http-method-override"),
]
VALUES = (
    media_ranges()
    | header_bytes
    | st.sampled_from([b"", b"*", b"W/", b'"', b'W/""', b"-1", b"9" * 400, b"x" * 70_000])
    | st.sampled_from([b"gzip;q=nan, zstd;q=inf", b"Mon, 99 Foo 99999 25:61:61 +9999", b"bytes=0-"])
    | st.sampled_from([b"Thu, 01 Jan 1970 00:00:00 GMT", b"Fri, 31 Dec 9999 23:59:59 -1200"])
)


class TestHeaders:
    @fuzzing
    @given(
        sample=samples,
        headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), min_size=1, max_size=4),
    )
    @example(DOCUMENTED["the catalogs"], [(b"if-none-match", b'"\xff"')])
    def test_any_headers(
        self, attacker: Attacker, sample: Sample, headers: list[tuple[bytes, bytes]]
    ) -> None:
        attacker.ask(sample, *headers)

    @fuzzing
    @given(sample=samples, suffix=header_bytes | st.sampled_from([b"", b"-gzip", b"-zstd", b"-"]))
    def test_a_tag_with_something_behind(
        self, attacker: Attacker, sample: Sample, suffix: bytes
    ) -> None:
        """A validator is ours or none: nothing of the caller's comes back in it."""
        tag = attacker.ask(sample).headers.get("etag", '""')[1:-1].partition("-")[0]
        sent = b'"' + tag.encode() + suffix + b'"'
        answer = attacker.ask(sample, (b"if-none-match", sent))
        assert re.fullmatch(r'"[0-9a-f]+(-gzip|-zstd)?"', answer.headers.get("etag", '"0"'))

    @fuzzing
    @given(accept=media_ranges(), content_type=media_ranges(), sample=samples, wanted=texts)
    def test_any_negotiation(
        self, attacker: Attacker, accept: bytes, content_type: bytes, sample: Sample, wanted: str
    ) -> None:
        query = urlencode({"format": wanted}, errors="surrogatepass")
        asked = (b"accept", accept), (b"content-type", content_type)
        attacker.ask(sample, *asked, url=sample.url_with(query))


@writes
class TestBodies:
    def test_each_broken_body(self, attacker: Attacker, sample: Sample) -> None:
        # What a business rule refuses in the world of the tests is accepted after another test
        # happened to change that world, and a body that is whole but for a mark is no bad one.
        accepted = 202 if sample.status == 422 else sample.status
        for body in broken_bodies(sample.body):
            status = attacker.ask(sample, body=body).status
            assert status in {400, 404, 413, 415, 422, sample.status, accepted}, body

    @fuzzing
    @given(data=st.data())
    def test_any_spoiled_body(self, attacker: Attacker, sample: Sample, data: Any) -> None:
        tree = data.draw(spoiled(sample.body or {}) | json_trees)
        attacker.ask(sample, body=written(tree))

    @fuzzing
    @given(body=st.binary(max_size=100))
    def test_any_bytes(self, attacker: Attacker, sample: Sample, body: bytes) -> None:
        attacker.ask(sample, (b"content-type", b"application/json"), body=body)


@st.composite
def queries(draw: st.DrawFn) -> str:
    pairs = draw(st.lists(st.tuples(st.sampled_from(FIELDS), texts), max_size=5))
    repeats = draw(st.sampled_from([1, 1, 1, 2, 300]))
    return urlencode(pairs * repeats, errors="surrogatepass")


class TestQueriesAndPaths:
    @fuzzing
    @given(sample=samples, query=queries())
    def test_any_query(self, attacker: Attacker, sample: Sample, query: str) -> None:
        attacker.ask(sample, url=sample.url_with(query))

    @pytest.mark.parametrize("name", FIELDS)
    def test_each_parameter_with_each_hostile_value(self, attacker: Attacker, name: str) -> None:
        for text in TEXTS:
            for sample in DOCUMENTED.values():
                if takes(sample, name):
                    value = quote_plus(text, errors="surrogatepass")
                    attacker.ask(sample, url=sample.url_with(f"{name}={value}"))

    @fuzzing
    @given(query=st.binary(max_size=60).filter(lambda raw: b"#" not in raw), sample=samples)
    def test_any_bytes_as_a_query(self, attacker: Attacker, query: bytes, sample: Sample) -> None:
        attacker.anything(sample.method, sample.url.encode() + b"?" + query)

    @fuzzing
    @given(sample=samples, data=st.data())
    def test_any_path(self, attacker: Attacker, sample: Sample, data: Any) -> None:
        parts = sample.url.partition("?")[0].encode().split(b"/")[1:]
        for _ in range(data.draw(st.integers(1, 2))):
            parts[data.draw(st.integers(0, len(parts) - 1))] = data.draw(segments)
        parts += data.draw(st.sampled_from([[], [b""], [b"", b""], [b".."], [b"a"] * 2000]))
        method = data.draw(st.sampled_from([sample.method, "GET", "HEAD", "OPTIONS", "X", "get"]))
        attacker.anything(method, b"/" + b"/".join(parts))


def takes(sample: Sample, name: str) -> bool:
    endpoint = next(
        endpoint
        for endpoint in [*all_endpoints(), None]
        if endpoint is None
        or (endpoint.method, documented(endpoint.path)) == (sample.method, sample.template)
    )
    query = None if endpoint is None else endpoint.query
    return query is not None and any(known.name == name for known in fields_of(query))


class TestTokenRequests:
    @fuzzing
    @given(
        form=st.lists(
            st.tuples(
                st.sampled_from(["grant_type", "client_id", "client_secret", "token_type", "x"]),
                st.sampled_from(["client_credentials", ADMIN, "jwt"]) | texts,
            )
        ),
        media=media_ranges() | st.just(b"application/x-www-form-urlencoded"),
        basic=st.none() | st.binary(max_size=40),
    )
    def test_any_form(
        self,
        attacker: Attacker,
        form: list[tuple[str, str]],
        media: bytes,
        basic: bytes | None,
    ) -> None:
        headers = [(b"content-type", media)]
        if basic is not None:
            headers.append((b"authorization", b"Basic " + base64.b64encode(basic)))
        body = urlencode(form, errors="surrogatepass").encode()
        answer = attacker.inside.ask("POST", TOKENS.encode(), headers, body)
        attacker.demand_manners(answer)
        assert answer.status in {400, 401, 429}
        assert set(json.loads(answer.body)) <= {"error", "error_description", "detail"}
        assert SECRET.encode() not in answer.body

    @fuzzing
    @given(body=st.binary(max_size=80), header=header_bytes)
    def test_any_bytes(self, attacker: Attacker, body: bytes, header: bytes) -> None:
        form = (b"content-type", b"application/x-www-form-urlencoded")
        sent = [form, (b"authorization", header)]
        answer = attacker.inside.ask("POST", TOKENS.encode(), sent, body)
        attacker.demand_manners(answer)
        assert answer.status in {400, 401, 429}
