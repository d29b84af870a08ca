"""A discovery service of Open edX for tests: real HTTP, with its pages, filters and limits.

It answers as course-discovery does (its `api/v1/views`, `pagination.py` and `filters.py`): pages by
number or by offset, ordered by key, with absolute links in `count`, `next`, `previous`, `results`;
`timestamp` selects courses and programs that were modified since, and nothing selects runs so;
Django REST framework's throttle counts the requests of an account in the last hour and refuses with
429, `Retry-After` and a sentence; `search/all/` answers thin documents, with people among them.

The LMS whose tokens it takes is in the same server.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from testing.fakes.lms import Reply, reply

CLIENT_ID = "bursar-discovery"
CLIENT_SECRET = "discovery-hunter2-secret"
TOKEN = "/oauth2/access_token"
LISTS: Final = {
    "/api/v1/courses/": "courses",
    "/api/v1/course_runs/": "course_runs",
    "/api/v1/programs/": "programs",
    "/api/v1/search/all/": "search",
}
BEFORE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_PAGE_SIZE: Final = 20
_HOUR: Final = 3600.0


@dataclass(frozen=True)
class Trouble:
    """For one list: from the page on, as often as `times` says."""

    listing: str
    page: int = 1
    status: int = 500
    body: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    drops: bool = False
    times: int = 1


@dataclass
class Thing:
    document: dict[str, Any]
    modified: datetime = BEFORE

    @property
    def order(self) -> str:
        return str(self.document.get("key") or self.document.get("uuid")).lower()


class FakeDiscovery:
    """What the service knows, and what it was asked for."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.lock = Lock()
        self.now = now
        self.lists: dict[str, list[Thing]] = {name: [] for name in LISTS.values()}
        self.per_hour: int | None = None
        """How many requests an account may make; None: as many as it likes."""
        self.tokens: set[str] = set()
        self.may_read = True
        self.asked: list[str] = []
        """Paths with queries, of all requests for lists."""
        self.throttled = 0
        self.calls: Counter[str] = Counter()
        self.next_links: Callable[[str, str], str | None] | None = None
        """Replaces the link to the next page, given the list and the right link."""
        self._troubles: list[Trouble] = []
        self._times: deque[float] = deque()

    def put(self, listing: str, document: dict[str, Any], modified: datetime = BEFORE) -> None:
        """Adds it, or takes the place of the one with its key."""
        thing = Thing(document, modified)
        with self.lock:
            others = [each for each in self.lists[listing] if each.order != thing.order]
            self.lists[listing] = sorted([*others, thing], key=lambda each: each.order)

    def fill(self, listing: str, documents: Sequence[dict[str, Any]]) -> None:
        with self.lock:
            things = [Thing(document) for document in documents]
            self.lists[listing] = sorted(things, key=lambda each: each.order)

    def remove(self, listing: str, name: str) -> None:
        with self.lock:
            self.lists[listing] = [
                each for each in self.lists[listing] if each.order != name.lower()
            ]

    def script(self, *troubles: Trouble) -> None:
        with self.lock:
            self._troubles += [each for each in troubles for _ in range(each.times)]

    def pages_of(self, listing: str) -> list[int]:
        """The numbers of the pages that were asked for, in this order."""
        numbers = []
        for path in self.asked:
            parts = urlsplit(path)
            if LISTS.get(parts.path) == listing:
                numbers.append(int(dict(parse_qsl(parts.query)).get("page", "1")))
        return numbers

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = urlsplit(path)
        with self.lock:
            if method == "POST" and parts.path.rstrip("/") == TOKEN:
                return self._token(body)
            listing = LISTS.get(parts.path)
            if method != "GET" or listing is None:
                return reply(404, {"detail": "Not found."})
            self.asked.append(path)
            return self._listed(listing, path, headers)

    def _token(self, body: bytes) -> Reply:
        self.calls["token"] += 1
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return reply(401, {"error": "invalid_client"})
        if form.get("token_type") != "jwt":
            return reply(
                200, {"access_token": "bearer", "expires_in": 3600, "token_type": "Bearer"}
            )
        token = f"jwt-{self.calls['token']}-hunter3"
        self.tokens.add(token)
        return reply(200, {"access_token": token, "expires_in": 3600, "token_type": "JWT"})

    def _listed(self, listing: str, path: str, headers: Mapping[str, str]) -> Reply:
        if headers.get("Authorization", "").removeprefix("JWT ") not in self.tokens:
            return reply(401, {"detail": "Authentication credentials were not provided."})
        if not self.may_read:
            detail = "You do not have permission to perform this action."
            return reply(403, {"detail": detail})
        if (wait := self._throttle()) is not None:
            self.throttled += 1
            detail = f"Request was throttled. Expected available in {wait} seconds."
            answer = reply(429, {"detail": detail})
            return Reply(answer.status, answer.body, {"Retry-After": str(wait)})
        asked = dict(parse_qsl(urlsplit(path).query))
        trouble = self._trouble(listing, int(asked.get("page", "1")))
        if trouble is not None:
            body = trouble.body.encode()
            return Reply(trouble.status, body, dict(trouble.headers), trouble.drops)
        return self._page(listing, urlsplit(path).path, asked, headers.get("Host", ""))

    def _throttle(self) -> int | None:
        """The seconds to wait, when the requests of the last hour are used up."""
        if self.per_hour is None:
            return None
        now = self.now()
        while self._times and self._times[0] <= now - _HOUR:
            self._times.popleft()
        if len(self._times) >= self.per_hour:
            return math.ceil(self._times[0] + _HOUR - now)
        self._times.append(now)
        return None

    def _trouble(self, listing: str, page: int) -> Trouble | None:
        for each in self._troubles:
            if each.listing == listing and page >= each.page:
                self._troubles.remove(each)
                return each
        return None

    def _page(self, listing: str, path: str, asked: dict[str, str], host: str) -> Reply:
        found = [each.document for each in self.lists[listing] if is_since(each, listing, asked)]
        by_page = "page" in asked
        size = int(asked.get("page_size" if by_page else "limit", _PAGE_SIZE))
        start = (int(asked["page"]) - 1) * size if by_page else int(asked.get("offset", "0"))
        if by_page and start and start >= len(found):
            return reply(404, {"detail": "Invalid page."})
        after = (
            {"page": int(asked["page"]) + 1} if by_page else {"limit": size, "offset": start + size}
        )
        link = f"http://{host}{path}?{urlencode(sorted({**asked, **after}.items()))}"
        following = link if start + size < len(found) else None
        if self.next_links is not None:
            following = self.next_links(listing, link)
        page = found[start : start + size]
        return reply(
            200, {"count": len(found), "next": following, "previous": None, "results": page}
        )


def is_since(thing: Thing, listing: str, asked: Mapping[str, str]) -> bool:
    told = asked.get("timestamp")
    if told is None or listing in {"course_runs", "search"}:
        return True
    return thing.modified >= datetime.fromisoformat(told)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, service: FakeDiscovery) -> None:
        self.service = service
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Header and body in one packet: in two, the second waits 40 ms for the first.
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        """Silent."""

    def _answer(self, body: bytes) -> None:
        sent = self.server.service.answer(self.command, self.path, dict(self.headers), body)
        with suppress(ConnectionError):
            self.send_response(sent.status)
            for name, value in {"Content-Type": "application/json", **sent.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent.body)))
            self.end_headers()
            self.wfile.write(sent.body[: len(sent.body) // 2] if sent.drops else sent.body)
        self.close_connection = self.close_connection or sent.drops


@contextmanager
def running_discovery(service: FakeDiscovery) -> Iterator[str]:
    """In a thread of this process. Yields its URL, which is that of the LMS too."""
    server = _Server(service)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
