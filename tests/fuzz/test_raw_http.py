"""Bytes that no HTTP client would send, to a real server: it refuses them and stays well."""

import socket
import time
from contextlib import ExitStack

import httpx
import pytest

from testing.servers.processes import ServerProcess, is_healthy
from testing.worlds.contract import EXAMPLES

PATH = b"/enterprise/v2/enterprise-catalogs"
HOST = b"Host: api.example.org\r\n"
LAST = b"Connection: close\r\n\r\n"


def asking(
    head: bytes = b"", line: bytes = b"GET " + PATH + b" HTTP/1.1", body: bytes = b""
) -> bytes:
    return line + b"\r\n" + HOST + b"Authorization: JWT TOKEN\r\n" + head + LAST + body


def posting(head: bytes, body: bytes) -> bytes:
    path = f"/enterprise/v2/enterprise-catalogs/{EXAMPLES}".encode()
    return asking(head, b"POST " + path + b" HTTP/1.1", body)


def form(head: bytes, body: bytes) -> bytes:
    kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
    return asking(kind + head, b"POST /oauth2/v1/access_token HTTP/1.1", body)


CASES: dict[str, bytes] = {
    "a header in Latin-1": asking(b"Accept: \xe9\xff\r\n"),
    "a header in UTF-8": asking("Idempotency-Key: é漢\r\n".encode()),
    "a request id in UTF-8": asking("X-Request-ID: é\r\n".encode()),
    "a NUL in a header": asking(b"Accept: a\x00b\r\n"),
    "a NUL in a header's name": asking(b"Acc\x00ept: a\r\n"),
    "a bare line feed": asking(b"Accept: a\nX: b\r\n"),
    "a folded header": asking(b"Accept: text/xml\r\n  ;q=1\r\n"),
    "a space before the colon": asking(b"Accept : text/xml\r\n"),
    "a header without a name": asking(b": x\r\n"),
    "a repeated header": asking(b"Authorization: JWT x\r\nAccept: a/b\r\nAccept: text/xml\r\n"),
    "two hosts": asking(HOST),
    "no host": b"GET " + PATH + b" HTTP/1.1\r\n\r\n",
    "a long header": asking(b"Accept: " + b"a" * 100_000 + b"\r\n"),
    "many headers": asking(b"".join(b"X-%d: x\r\n" % number for number in range(3000))),
    "a long target": asking(line=b"GET " + PATH + b"?" + b"a" * 100_000 + b" HTTP/1.1"),
    "a target in UTF-8": asking(line=b"GET /\xc3\xa9 HTTP/1.1"),
    "a broken escape": asking(line=b"GET /enterprise/%zz%f HTTP/1.1"),
    "an escaped NUL": asking(line=b"GET " + PATH + b"/%00 HTTP/1.1"),
    "escaped surrogates": asking(line=b"GET " + PATH + b"/%ED%A0%80 HTTP/1.1"),
    "escaped dots": asking(line=b"GET " + PATH + b"/%2e%2e/%2e%2e HTTP/1.1"),
    "an escaped question mark": asking(line=b"GET " + PATH + b"%3Fpage=1 HTTP/1.1"),
    "an absolute target": asking(line=b"GET http://elsewhere.example" + PATH + b" HTTP/1.1"),
    "an asterisk": asking(line=b"OPTIONS * HTTP/1.1"),
    "a tunnel": asking(line=b"CONNECT elsewhere.example:443 HTTP/1.1"),
    "a method of its own": asking(line=b"BREW " + PATH + b" HTTP/1.1"),
    "a method that is none": asking(line=b"G\x00T " + PATH + b" HTTP/1.1"),
    "an old protocol": b"GET " + PATH + b"\r\n\r\n",
    "HTTP/1.0": b"GET " + PATH + b" HTTP/1.0\r\n\r\n",
    "an unknown protocol": asking(line=b"GET " + PATH + b" HTTP/9.9"),
    "HTTP/2 unasked": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
    "noise": bytes(range(256)) * 4,
    "nothing": b"\r\n\r\n\r\n",
    "an upgrade": asking(b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n"),
    "two lengths": posting(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{} "),
    "a length and chunks": posting(
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n"
    ),
    "a negative length": posting(b"Content-Length: -1\r\n", b"{}"),
    "a length that is no number": posting(b"Content-Length: 0x2\r\n", b"{}"),
    "a huge length": form(b"Content-Length: 99999999999999999999999\r\n", b"{}"),
    "a length of gigabytes": form(b"Content-Length: 9999999999\r\n", b"a=b"),
    "broken chunks": form(b"Transfer-Encoding: chunked\r\n", b"zz\r\n{}\r\n0\r\n\r\n"),
    "a huge chunk": form(b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffff\r\n{}\r\n"),
    "an unknown transfer coding": form(b"Transfer-Encoding: x\r\n", b"{}"),
    "a body that ends early": form(b"Content-Length: 50\r\n", b"grant_type="),
    "a body of a GET": asking(b"Content-Length: 2\r\n", body=b"{}"),
    "an expectation": form(b"Expect: 100-continue\r\nContent-Length: 3\r\n", b"a=b"),
}


def conversation(port: int, sent: bytes) -> bytes:
    """All that comes back, until the server or our patience ends it."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(1)
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except OSError:
            return answer
    return answer


@pytest.mark.slow
def test_raw_bytes_are_refused_without_harm(server: ServerProcess, token: str) -> None:
    """One test: that the server still lives counts after all of it."""
    for name, sent in CASES.items():
        answer = conversation(server.port, sent.replace(b"TOKEN", token.encode()))
        statuses = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1")]
        for status in statuses:
            assert b" 100 " <= status[8:13] < b" 500 ", (name, answer)
        assert b"Traceback" not in answer, name
    assert is_healthy(server.url)
    assert "Traceback" not in server.log
    assert "panicked" not in server.log
    assert "request.defect" not in server.log


TOKEN_REQUEST = b"POST /oauth2/v1/access_token HTTP/1.1\r\n" + HOST
SECOND = b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n"
CHUNKED, FIVE = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n"
SMUGGLING = {
    "a length, then chunks": FIVE + CHUNKED,
    "chunks, then a length": CHUNKED + FIVE,
    "two lengths": b"Content-Length: 0\r\n" + FIVE,
    "a length with a sign": b"Content-Length: +5\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n" + FIVE,
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n" + FIVE,
    "two codings": CHUNKED + b"Transfer-Encoding: identity\r\n",
}


@pytest.mark.slow
def test_a_smuggled_request_is_not_answered(server: ServerProcess) -> None:
    """Where proxies may disagree about the end of a request, nothing after it counts."""
    for name, head in SMUGGLING.items():
        answer = conversation(server.port, TOKEN_REQUEST + head + b"\r\n" + b"0\r\n\r\n" + SECOND)
        assert answer.startswith(b"HTTP/1.1 400 "), (name, answer)
        assert answer.count(b"HTTP/1.1 ") == 1, (name, answer)
        assert b"connection: close" in answer, name


@pytest.mark.slow
def test_slow_requests_keep_no_thread_from_others(server: ServerProcess) -> None:
    slow = [SECOND[:-2] + b"X-Slow: ", TOKEN_REQUEST + b"Content-Length: 50\r\n\r\ngrant"]
    address = ("127.0.0.1", server.port)
    with ExitStack() as stack:
        for begun in slow * 50:
            stack.enter_context(socket.create_connection(address)).sendall(begun)
        started = time.monotonic()
        # It runs in the threads that answer, and asks the database.
        assert httpx.get(f"{server.url}/ready", trust_env=False).status_code == 200
        assert time.monotonic() - started < 5
