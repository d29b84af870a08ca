"""How many files a request passes through, and how often it changes file.

    python -m benchmarks.trips

It says how much somebody has to hold in mind who follows a request through the code. Each trip
runs once to warm up and once more under a profiler, in this process and on SQLite. A file counts
when one of its functions is called; libraries and generated code do not count.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

import bursar
from bursar import logs
from bursar.app import create_app
from bursar.cli.main import main as run_command
from bursar.settings import Settings
from bursar.work import open_database
from testing.clients.inside import Inside

SOURCE: Final = str(Path(bursar.__file__).parent)
ENTERPRISE: Final = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
CATALOG: Final = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
SUBSIDY: Final = "1b6c28b4-2f17-4b18-bbde-b32930e2705c"
POLICY: Final = "7f344aea-c28c-4ef0-95e6-fb6e58f98495"
PLAN: Final = "904b1785-9d3a-1000-848d-6ae7a56e6355"
CREDENTIALS: Final = {"client_id": "acme", "client_secret": "a-secret-of-acme"}
LONG_AGO, FAR_OFF = "2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"

Trip = tuple[str, str, str, Mapping[str, object] | None]
"""A name, a method, a target and a body. `{n}` stands for the number of the turn."""

TRIPS: Final[tuple[Trip, ...]] = (
    (
        "catalog page",
        "GET",
        f"/enterprise/v2/enterprise-catalogs/{CATALOG}?page_size={{n}}",
        None,
    ),
    (
        "learner-summary",
        "GET",
        f"/enterprise/v3/enterprise-customer/{ENTERPRISE}/learner-summary",
        None,
    ),
    (
        "allocate",
        "POST",
        f"/enterprise/v1/policy-allocation/{POLICY}/allocate/",
        {
            "learner_emails": ["l{n}@acme.example"],
            "content_key": "edX+Demo1",
            "content_price_cents": 10_000,
        },
    ),
    (
        "redeem",
        "POST",
        f"/enterprise/v1/policy-redemption/{POLICY}/redeem/",
        {"learner_email": "l{n}@acme.example", "content_key": "edX+Demo1"},
    ),
    (
        "assign",
        "POST",
        f"/enterprise/v1/subscriptions/{PLAN}/licenses/assign",
        {"user_emails": ["l{n}@acme.example"]},
    ),
    (
        "bulk job",
        "POST",
        f"/enterprise/v1/bulk-license-enrollment?enterprise_customer_uuid={ENTERPRISE}",
        {"emails": ["l{n}@acme.example"], "course_run_keys": ["course-v1:edX+Demo{n}+1"]},
    ),
)


class Profile:
    """The files that were entered, one after the other, while it was on."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.is_on = False

    def note(self, frame: FrameType, event: str, _argument: object) -> None:
        name = frame.f_code.co_filename
        if not self.is_on or event != "call" or not name.startswith(SOURCE):
            return
        if not self.files or self.files[-1] != name:
            self.files.append(name)

    @contextlib.contextmanager
    def of(self, trip: str) -> Iterator[None]:
        self.files.clear()
        self.is_on = True
        yield
        self.is_on = False
        changes = len(self.files) - 1
        print(f"{trip:20} {len(set(self.files)):4} files {changes:6} changes of file")


def main() -> None:
    profile = Profile()
    # Threads take the profiler along only when they start after it was set.
    threading.setprofile(profile.note)
    sys.setprofile(profile.note)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/bursar.db", threads=1)
        logs.configure(Settings(log_level="WARNING"))
        declare(profile, settings.effective_database_url, Path(folder))
        inside = Inside(create_app(settings, open_database(settings)))
        walk(profile, inside)
        inside.close()


def declare(profile: Profile, url: str, folder: Path) -> None:
    files = {"empty": {}, "full": manifest()}
    for name, content in files.items():
        (folder / name).write_bytes(msgspec.json.encode(content))
    with contextlib.redirect_stdout(io.StringIO()):
        apply(url, folder / "empty")
    with profile.of("apply, 21 objects"), contextlib.redirect_stdout(io.StringIO()):
        apply(url, folder / "full")


def apply(url: str, file: Path) -> None:
    sys.argv = ["bursar", "apply", "-f", str(file)]
    os.environ["BURSAR_DATABASE_URL"] = url
    with contextlib.suppress(SystemExit):
        run_command()


def walk(profile: Profile, inside: Inside) -> None:
    form = urlencode({"grant_type": "client_credentials", **CREDENTIALS}).encode()
    asked = inside.ask(
        "POST",
        b"/oauth2/v1/access_token",
        [(b"content-type", b"application/x-www-form-urlencoded")],
        form,
    )
    token = json.loads(asked.body)["access_token"]
    headers = [
        (b"authorization", f"JWT {token}".encode()),
        (b"accept", b"application/json"),
        (b"content-type", b"application/json"),
    ]
    for name, method, target, body in TRIPS:
        for turn in ("1", "2"):
            content = b"" if body is None else json.dumps(body).replace("{n}", turn).encode()
            noted = profile.of(name) if turn == "2" else contextlib.nullcontext()
            with noted:
                answer = inside.ask(method, target.replace("{n}", turn).encode(), headers, content)
            assert answer.status < 300, (name, answer.status, answer.body)


def course(number: int) -> dict[str, Any]:
    key = f"edX+Demo{number}"
    return {
        "key": key,
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "title": f"Course {number}",
        "course_runs": [
            {
                "key": f"course-v1:{key}+1",
                "uuid": f"00000000-0000-4000-9000-{number:012}",
                "status": "published",
                "is_enrollable": True,
                "enrollment_start": None,
                "enrollment_end": None,
                "start": "2026-01-01T00:00:00Z",
                "end": None,
                "first_enrollable_paid_seat_price": 100,
                "seats": [{"type": "verified", "price": "100.00"}],
            }
        ],
        "advertised_course_run_uuid": f"00000000-0000-4000-9000-{number:012}",
    }


def manifest() -> dict[str, Any]:
    """Twenty-one objects."""
    return {
        "content": [{"course": course(number)} for number in range(12)],
        "enterprises": [
            {
                "uuid": ENTERPRISE,
                "name": "Acme",
                "slug": "acme",
                "clients": [{**CREDENTIALS, "role": "admin"}],
                "catalogs": [
                    {"uuid": CATALOG, "title": "All", "content_filter": {"content_type": "course"}}
                ],
                "subsidies": [
                    {
                        "uuid": SUBSIDY,
                        "title": "Credit",
                        "starting_balance": 100_000_000,
                        "active_datetime": LONG_AGO,
                        "expiration_datetime": FAR_OFF,
                    }
                ],
                "policies": [
                    {
                        "uuid": POLICY,
                        "policy_type": "AssignedLearnerCreditAccessPolicy",
                        "display_name": "Budget",
                        "catalog_uuid": CATALOG,
                        "subsidy_uuid": SUBSIDY,
                        "spend_limit": 50_000_000,
                    }
                ],
                "subscription_plans": [
                    {
                        "uuid": PLAN,
                        "title": "Plan",
                        "start_date": LONG_AGO,
                        "expiration_date": FAR_OFF,
                        "enterprise_catalog_uuid": CATALOG,
                        "num_licenses": 50,
                    }
                ],
                "learners": [
                    {
                        "email": f"l{number}@acme.example",
                        "lms_user_id": 500 + number,
                        "username": f"l{number}",
                    }
                    for number in range(3)
                ],
            }
        ],
    }


if __name__ == "__main__":
    main()
