import json
from pathlib import Path
from uuid import UUID

import pytest

from bursar.credit.assignments.kinds import ALLOCATED
from testing.servers.cli import Cli
from tests.delivery.world import ACME, change, post, settle

pytestmark = pytest.mark.slow

CONTEXT = {
    "content_key": "edX+Chess",
    "content_title": "Chess",
    "deadline": "2026-04-01T00:00:00Z",
    "link": "https://learn.example.org/chess",
}


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    """On both databases, with an enterprise."""
    cli = Cli(tmp_path, database_url)
    with cli.database() as database:
        settle(database)
    return cli


def posted(cli: Cli, *recipients: str, kind: str = ALLOCATED) -> list[UUID]:
    with cli.database() as database:
        return post(database, *recipients, kind=kind, context=CONTEXT)


def listed(cli: Cli, *options: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in cli.ok("mail", "list", "--json", *options)]


def test_mails_are_listed_newest_first(cli: Cli) -> None:
    first, second = posted(cli, "ann@example.org", "bob@example.org")
    with cli.database() as database:
        change(database, first, status="failed", error="550 unknown")
    newest, oldest = listed(cli)
    assert list(newest) == [
        "uuid", "kind", "recipient", "status", "attempts",
        "created", "finished", "error", "subject",
    ]  # fmt: skip
    assert (newest["uuid"], newest["recipient"]) == (str(second), "bob@example.org")
    assert (oldest["status"], oldest["error"]) == ("failed", "550 unknown")
    assert (newest["created"], newest["finished"]) == ("2026-03-01T12:00:00Z", None)
    assert listed(cli, "--status", "failed") == [oldest]
    assert listed(cli, "--limit", "1") == [newest]
    assert listed(cli, "--enterprise", str(ACME)) == [newest, oldest]
    assert listed(cli, "--enterprise", str(first)) == []
    cli.refused("mail", "list", "--status", "lost")


def test_the_table_shows_them_too(cli: Cli) -> None:
    (uuid,) = posted(cli, "[red]ann@example.org")
    heading, line = cli.ok("mail", "list")
    assert heading.split()[:3] == ["uuid", "kind", "recipient"]
    assert line.split()[:4] == [str(uuid), ALLOCATED, "[red]ann@example.org", "pending"]


def test_one_mail_is_shown_as_it_reads(cli: Cli) -> None:
    (uuid,) = posted(cli, "ann@example.org")
    to, subject, empty, *text = cli.ok("mail", "show", str(uuid))
    assert (to, empty) == ("To: ann@example.org", "")
    assert subject.startswith("Subject: ")
    assert "Chess" in subject
    assert "https://learn.example.org/chess" in "\n".join(text)


def test_what_cannot_be_shown_is_told(cli: Cli) -> None:
    assert cli.refused("mail", "show", str(ACME)) == [f"no such mail: {ACME}"]
    (strange, scrubbed) = posted(cli, "ann@example.org", "bob@example.org")
    with cli.database() as database:
        change(database, strange, kind="strange")
        change(database, scrubbed, status="delivered", context={})
    (line,) = cli.refused("mail", "show", str(strange), code=1)
    assert line == "this version knows no mail of the kind strange"
    (line,) = cli.refused("mail", "show", str(scrubbed), code=1)
    assert line == "what it said was deleted with the learner's address"
