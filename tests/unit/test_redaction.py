"""What may never be read in a log, in every place that a log line has."""

import io
import json
import logging
from typing import Literal
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bursar import logs
from bursar.redaction import redact_event, redacted
from bursar.settings import Settings

TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhY21lIn0.c2lnbmF0dXJl"
HIDDEN = [
    ("ana.b+c@acme.example", "[address]"),
    ("<ana@mail.acme.example>,", "<[address]>,"),
    ('"ana b"@x', '"ana b"@x'),
    (
        "DETAIL:  Key (email)=(o'neil@acme.example) exists",
        "DETAIL:  Key (email)=([address]) exists",
    ),
    ("['ana@acme.example', 'b']", "['[address]', 'b']"),
    (TOKEN, "[token]"),
    (f"Authorization: JWT {TOKEN}", "Authorization: JWT [token]"),
    ("authorization: bearer abcdef123456", "authorization: bearer [token]"),
    ("Basic YWNtZTpzZWNyZXQ=", "Basic [token]"),
    ("grant_type=x&client_secret=s3cr%2Bt&a=b", "grant_type=x&client_secret=[secret]&a=b"),
    ("{'password': 'hunter2'}", "{'password': '[secret]'}"),
    ("postgresql://me:hunter2@db:5432/x", "postgresql://me:[secret]@db:5432/x"),
]
HARMLESS = ["course-v1:edX+DemoX+1T2026", "/catalogs/{uuid}", "0b1c6d9e", "a basic one", "5@x"]


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_what_gives_access_or_names_a_person_is_taken_out(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize("text", HARMLESS)
def test_all_else_stays(text: str) -> None:
    assert redacted(text) == text


@given(st.text())
def test_a_second_time_changes_nothing(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "part", ["a", "a.@", '"', "eyJ", "://:", "password=", "bearer ", "a.", "-", "a:", "a'"]
)
@pytest.mark.timeout(5)
def test_a_long_text_takes_no_time(part: str) -> None:
    redacted(part * 50_000 + "@")


def test_values_are_cleaned_at_every_depth() -> None:
    event = {
        "event": "mail.failed",
        "status": 500,
        "to": ["ana@acme.example", {"ana@acme.example": (550, b"no ana@acme.example")}],
        "error": ValueError("ana@acme.example"),
        "uuid": UUID(int=1),
    }
    cleaned = redact_event(None, "info", event)
    assert "ana" not in json.dumps(cleaned)
    assert (cleaned["status"], cleaned["uuid"]) == (500, str(UUID(int=1)))


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_lines_of_ours_and_of_libraries_are_clean(
    log_format: Literal["json", "text"], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr("sys.stderr", output)
    monkeypatch.setattr(logging.root, "handlers", [])
    logs.configure(Settings(log_format=log_format))
    try:
        raise ValueError(f"\nana@acme.example {TOKEN}")
    except ValueError:
        structlog.get_logger("redaction").exception("failed", token=TOKEN)
        logging.getLogger("library").exception("ana@acme.example")
    finally:
        structlog.reset_defaults()
    written = output.getvalue()
    assert written.count("ValueError") >= 2
    assert "ana@" not in written
    assert TOKEN not in written
    if log_format == "json":
        assert json.loads(written.splitlines()[0])["token"] == "[token]"
