"""An Open edX LMS for tests: real HTTP, real tokens, and trouble to order. It counts everything.

`python -m testing.fakes.lms PORT` runs it as a process of its own. It is then told about
accounts and trouble, and asked for its counts, under `/_fake/`.
"""

import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote

from testing.fakes.lms_bulk import BULK, bulk_enroll
from testing.fakes.lms_lists import (
    ENROLLMENTS,
    GRADES,
    Grade,
    course_of,
    enrollments_page,
    grades_page,
)
from testing.paths import REPOSITORY
from testing.servers.processes import ServerProcess

CLIENT_ID = "bursar-worker"
CLIENT_SECRET = "lms-hunter2-secret"

TOKEN = "/oauth2/access_token"
ACCOUNTS = "/api/user/v1/accounts/search_emails"
ENROLLMENT = "/api/enrollment/v1/enrollment"
CALLS = {
    ("POST", TOKEN): "token",
    ("POST", ACCOUNTS): "accounts",
    ("POST", ENROLLMENT): "enroll",
    ("GET", ENROLLMENT): "read",
    ("GET", ENROLLMENTS): "enrollments",
    ("GET", GRADES): "grades",
    ("POST", BULK): "bulk",
}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str
    body: bytes

    @property
    def name(self) -> str:
        path = self.path.partition("?")[0]
        for whole in (f"{ENROLLMENT}/", GRADES):
            if path.startswith(whole):
                path = GRADES if whole == GRADES else ENROLLMENT
        return CALLS.get((self.method, path), "unknown")


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    drops: bool = False


def reply(status: int, content: object) -> Reply:
    return Reply(status, json.dumps(content).encode())


@dataclass(frozen=True)
class Trouble:
    """For the next call of a kind. `done_first`: the LMS acts, and only its answer is bad."""

    on: str = "enroll"
    status: int = 0
    retry_after: str = ""
    seconds: float = 0.0
    drops: bool = False
    body: str | None = None
    revokes: bool = False
    done_first: bool = False

    @property
    def is_only_slow(self) -> bool:
        return not (self.status or self.drops or self.body is not None)

    def spoils(self, usual: Reply) -> Reply:
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        body = usual.body if self.body is None else self.body.encode()
        return Reply(self.status or 200, body, headers, self.drops)


class FakeLms:
    """What the LMS knows, and what happened to it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.released = Event()
        """Ends every slowness, so that a server stops at once."""
        self.is_staff = True
        self.token_seconds = 3600.0
        """What is said of the life of a token; in truth each lives until it is revoked."""
        self.clock_ahead = 0.0
        """By how many seconds its clock is wrong."""
        self.accounts: dict[str, str] = {}
        """Usernames by address."""
        self.account_ids: dict[str, int] = {}
        """By username; an account that is asked for gets one."""
        self.has_bulk_enrollment = False
        """It is off by default in the real one too: ENABLE_BULK_ENROLLMENT_VIEW."""
        self.allowed: dict[tuple[str, str], bool] = {}
        """Addresses without an account that may enroll in a run, and whether they are enrolled at
        their registration."""
        self.grades: dict[tuple[str, str], Grade] = {}
        """By username and course run."""
        self.unknown_courses: set[str] = set()
        self.broken_users: set[str] = set()
        """Usernames and addresses on which it stumbles with status 500, every time."""
        self.enrollments: dict[tuple[str, str], dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self.token_forms: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.calls: Counter[str] = Counter()
        self.effects: Counter[tuple[str, str, str]] = Counter()
        """Changes by username, course run and "enrolled" or "ended"."""
        self.troubles: deque[Trouble] = deque()
        self.working = 0
        self.most_at_once = 0

    def script(self, *troubles: Trouble, times: int = 1) -> None:
        with self.lock:
            self.troubles.extend(troubles * times)

    def is_enrolled(self, username: str, course: str) -> bool:
        return bool(self.enrollments.get((username, course), {}).get("is_active"))

    def state(self) -> dict[str, Any]:
        with self.lock:
            return {
                "calls": dict(self.calls),
                "effects": [[*what, times] for what, times in self.effects.items()],
                "enrollments": list(self.enrollments.values()),
                "active": [
                    list(place) for place, one in self.enrollments.items() if one["is_active"]
                ],
                "troubles": len(self.troubles),
            }

    def configure(self, wanted: dict[str, Any]) -> None:
        with self.lock:
            self.accounts |= wanted.get("accounts", {})
            self.account_ids |= wanted.get("account_ids", {})
            self.has_bulk_enrollment = wanted.get("has_bulk_enrollment", self.has_bulk_enrollment)
            self.unknown_courses |= set(wanted.get("unknown_courses", []))
            self.broken_users = set(wanted.get("broken_users", self.broken_users))
            self.troubles.extend(Trouble(**one) for one in wanted.get("troubles", []))
            for username, course, mode in wanted.get("enrollments", []):
                one = {"user": username, "is_active": True, "mode": mode}
                self.enrollments[username, course] = one
            for username, course, percent, passed in wanted.get("grades", []):
                self.grades[username, course] = Grade(percent, passed)

    def answer(self, request: Request) -> Reply:
        with self.lock:
            self.calls[request.name] += 1
            self.paths.append(request.path)
            trouble = next((one for one in self.troubles if one.on == request.name), None)
            if trouble is None:
                return self._act(request)
            self.troubles.remove(trouble)
            if trouble.revokes:
                self.tokens.clear()
            usual = self._act(request) if trouble.done_first else None
        self.released.wait(trouble.seconds)
        if trouble.is_only_slow:
            with self.lock:
                return usual or self._act(request)
        return trouble.spoils(usual or reply(500, {}))

    def _act(self, request: Request) -> Reply:
        if request.name == "unknown":
            return reply(404, {})
        if request.name == "token":
            return self._give_token(request.body)
        if request.token not in self.tokens:
            return reply(401, {"detail": "JWT has expired"})
        acts = {
            "read": self._read,
            "enrollments": self._list,
            "grades": self._list,
            "accounts": self._search,
            "bulk": self._bulk,
            "enroll": self._enroll,
        }
        return acts[request.name](request)

    def _bulk(self, request: Request) -> Reply:
        if not self.has_bulk_enrollment:
            return reply(404, {})
        if not self.is_staff:
            return reply(403, {"detail": "You do not have permission to perform this action."})
        return reply(*bulk_enroll(self, json.loads(request.body)))

    def _give_token(self, body: bytes) -> Reply:
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        self.token_forms.append(form)
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return reply(401, {"error": "invalid_client"})
        token = f"token-{len(self.token_forms)}-hunter3"
        self.tokens.add(token)
        life = {"expires_in": self.token_seconds, "token_type": "JWT"}
        return reply(200, {"access_token": token, **life})

    def _search(self, request: Request) -> Reply:
        content = json.loads(request.body)
        if not self.is_staff:
            return reply(404, {"developer_message": "not_found"})
        wanted = content["emails"]
        if self.broken_users.intersection(wanted):
            return reply(500, {})
        found = [one for one in self.accounts.items() if one[0] in wanted]
        return reply(
            200,
            [
                {"email": email, "username": name, "id": self.account_id(name)}
                for email, name in found
            ],
        )

    def register(self, email: str, username: str) -> None:
        """An account is made; who was allowed to be enrolled then is, in the mode `audit`."""
        with self.lock:
            self.accounts[email] = username
            for (address, course), is_enrolled in list(self.allowed.items()):
                if address == email:
                    del self.allowed[address, course]
                    if is_enrolled:
                        self.enroll_free(username, course)

    def enroll_free(self, username: str, course: str) -> None:
        one = {"user": username, "is_active": True, "mode": "audit"}
        self.enrollments[username, course] = one
        self.effects[username, course, "enrolled"] += 1

    def account_id(self, username: str) -> int:
        return self.account_ids.setdefault(username, 1_000 + len(self.account_ids))

    def _list(self, request: Request) -> Reply:
        if not self.is_staff:
            return reply(403, {"detail": "You do not have permission to perform this action."})
        if request.name == "enrollments":
            return reply(200, enrollments_page(request.path, self.enrollments))
        if course_of(request.path) in self.unknown_courses:
            return reply(404, {"developer_message": "Requested grade for unknown course"})
        emails = {username: email for email, username in self.accounts.items()}
        return reply(200, grades_page(request.path, self.enrollments, self.grades, emails))

    def _read(self, request: Request) -> Reply:
        username, _, course = unquote(request.path.removeprefix(f"{ENROLLMENT}/")).partition(",")
        return reply(200, self.enrollments.get((username, course)))

    def _enroll(self, request: Request) -> Reply:
        content = json.loads(request.body)
        username, course = content["user"], content["course_details"]["course_id"]
        if not self.is_staff:
            return reply(404, {})
        if username in self.broken_users:
            return reply(500, {})
        if username not in self.accounts.values():
            return reply(406, {"message": f"The user {username} does not exist."})
        if course in self.unknown_courses:
            return reply(400, {"message": f"No course '{course}' found for enrollment"})
        known = self.enrollments.setdefault(
            (username, course), {"user": username, "is_active": False, "mode": "audit"}
        )
        if known["is_active"] != content["is_active"]:
            self.effects[username, course, "enrolled" if content["is_active"] else "ended"] += 1
        known |= {"is_active": content["is_active"], "mode": content.get("mode", known["mode"])}
        return reply(200, known | {"course_details": {"course_id": course}})

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with self.lock:
            self.working += 1
            self.most_at_once = max(self.most_at_once, self.working)
        try:
            yield
        finally:
            with self.lock:
                self.working -= 1


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, lms: FakeLms) -> None:
        self.lms = lms
        super().__init__(("127.0.0.1", port), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Header and body in one packet: in two, the second waits 40 ms for the first.
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        if self.path == "/health":
            return self._send(reply(200, {}))
        if self.path == "/_fake/state":
            return self._send(reply(200, self.server.lms.state()))
        return self._answer(b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/_fake/configure":
            return self._answer(body)
        wanted = json.loads(body)
        self.server.lms.configure(wanted)
        for email, username in wanted.get("registrations", {}).items():
            self.server.lms.register(email, username)
        return self._send(reply(200, {}))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` of answers."""
        now = time.time() if timestamp is None else timestamp
        return super().date_time_string(now + self.server.lms.clock_ahead)

    def log_message(self, *_: object) -> None:
        """Silent."""

    def _answer(self, body: bytes) -> None:
        token = self.headers.get("Authorization", "").removeprefix("JWT ")
        with self.server.lms.at_work():
            request = Request(self.command, self.path, token, body)
            self._send(self.server.lms.answer(request))

    def _send(self, reply: Reply) -> None:
        with suppress(ConnectionError):
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.drops else reply.body)
        self.close_connection = self.close_connection or reply.drops


@contextmanager
def running_lms(lms: FakeLms) -> Iterator[str]:
    """In a thread of this process. Yields its URL."""
    server = Server(0, lms)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        lms.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class FakeLmsProcess(ServerProcess):
    working_folder = REPOSITORY

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})

    def command(self) -> list[str]:
        return ["-m", "testing.fakes.lms", str(self.port)]


def as_json(*troubles: Trouble) -> list[dict[str, Any]]:
    """For `/_fake/configure`."""
    return [asdict(trouble) for trouble in troubles]


if __name__ == "__main__":
    Server(int(sys.argv[1]), FakeLms()).serve_forever()
