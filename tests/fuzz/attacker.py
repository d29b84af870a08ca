"""Sends whatever it is told to, and judges the answers."""

import gzip
import json
import re

import zstandard

from testing.clients.inside import Answered, Inside
from testing.clients.openapi import ResponseChecker
from testing.clients.samples import Sample
from tests.fuzz.hostile import written

_TRACES = re.compile(rb"Traceback|File \\?\"|sqlalchemy|psycopg|sqlite3|line \d+, in ")


class Attacker:
    """Sends what it is told to, and demands manners of every answer."""

    def __init__(self, inside: Inside, token: str) -> None:
        self.inside = inside
        self.token = token
        self.authorization = f"JWT {token}".encode()
        self.checker = ResponseChecker(json.loads(inside.ask("GET", b"/openapi.json").body))

    def ask(
        self,
        sample: Sample,
        *headers: tuple[bytes, bytes],
        url: str | None = None,
        body: bytes | None = None,
    ) -> Answered:
        """As an administrator, unless a header says otherwise."""
        sent = list(headers)
        given = {name for name, _ in sent}
        if b"authorization" not in given:
            sent.append((b"authorization", self.authorization))
        if sample.body is not None and b"content-type" not in given:
            sent.append((b"content-type", b"application/json"))
        if body is None:
            body = b"" if sample.body is None else written(sample.body)
        target = url or sample.url
        answer = self.inside.ask(sample.method, target.encode(), sent, body)
        self.demand_manners(answer)
        self.checker.check(sample.method, sample.url, answer.status, answer.headers, plain(answer))
        return answer

    def anything(self, method: str, target: bytes, *headers: tuple[bytes, bytes]) -> Answered:
        sent = [(b"authorization", self.authorization), *headers]
        answer = self.inside.ask(method, target, sent)
        self.demand_manners(answer)
        return answer

    @staticmethod
    def demand_manners(answer: Answered) -> None:
        assert 200 <= answer.status < 500, answer
        assert answer.status < 400 or not _TRACES.search(answer.body), answer
        assert "x-request-id" in answer.headers
        assert not [value for value in answer.headers.values() if re.search(r"[\r\n\0]", value)]


def plain(answer: Answered) -> bytes:
    """The body without its content coding."""
    coding = answer.headers.get("content-encoding")
    if not answer.body or coding is None:
        return answer.body
    if coding == "gzip":
        return gzip.decompress(answer.body)
    assert coding == "zstd"
    return zstandard.ZstdDecompressor().decompressobj().decompress(answer.body)
