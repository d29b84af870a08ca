import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bursar.credit.assignments.kinds import ALLOCATED
from testing.servers.cli import Cli
from tests.delivery.world import ACME, NOW, change, mail, post, settle

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


def test_mails_are_found_by_address_state_and_time(cli: Cli) -> None:
    first, second = posted(cli, "ann@example.org", "bob@example.org")
    with cli.database() as database:
        change(database, first, created_at=NOW + timedelta(days=2), status="dropped", error="Why.")
    (ann,) = listed(cli, "--to", " Ann@Example.org")
    assert (ann["uuid"], ann["error"]) == (str(first), "Why.")
    assert listed(cli, "--to", "ann@example") == []
    assert listed(cli, "--state", "dropped") == [ann]
    assert listed(cli, "--since", "2026-03-02") == [ann]
    assert [each["uuid"] for each in listed(cli, "--state", "pending")] == [str(second)]
    assert cli.refused("mail", "list", "--since", "now") == ["--since: 'now' is no instant"]


def test_what_was_given_up_is_sent_again(cli: Cli) -> None:
    given_up, waiting, scrubbed = posted(cli, "ann@example.org", "bob@example.org", "cat@x.org")
    with cli.database() as database:
        later = NOW + timedelta(days=1)
        change(database, given_up, status="failed", attempts=8, finished_at=NOW, error="550")
        change(database, waiting, attempts=3, next_attempt_at=later)
        change(database, scrubbed, status="failed", finished_at=NOW, context={})
    assert cli.ok("mail", "retry", str(given_up), str(waiting), str(waiting)) == ["2 mails are due"]
    with cli.database() as database:
        for uuid in (given_up, waiting):
            row = mail(database, uuid)
            assert (row.status, row.attempts, row.finished_at) == ("pending", 0, None)
            assert row.next_attempt_at > later
        change(database, given_up, status="failed", finished_at=NOW)
    options = ["--failed-since", "2026-03-01"]
    assert cli.ok("mail", "retry", *options, "--enterprise", str(uuid4())) == ["0 mails are due"]
    assert cli.ok("mail", "retry", *options) == ["1 mails are due"]
    assert cli.ok("mail", "retry", "--failed-since", "2026-03-02") == ["0 mails are due"]
    told = cli.ok("audit", "--action", "mail.retried", "--object", str(given_up))
    assert [line.rpartition("  ")[2] for line in told] == [
        "status: failed -> pending, attempts: 8 -> 0",
        "status: failed -> pending, attempts: 0 -> 0",
    ]


def test_what_cannot_be_sent_again_is_told_and_nothing_is_changed(cli: Cli) -> None:
    waiting, done = posted(cli, "ann@example.org", "bob@example.org")
    refusals: dict[str, dict[str, object]] = {
        "it was delivered.": {"status": "delivered"},
        "it was dropped. The license is gone.": {
            "status": "dropped",
            "error": "The license is gone.",
        },
        "what it said is no longer kept.": {"status": "failed", "context": {}},
    }
    for reason, values in refusals.items():
        with cli.database() as database:
            change(database, done, **values)
            change(database, waiting, attempts=3)
        told = cli.refused("mail", "retry", str(waiting), str(done))
        assert told == [f"{done} is not sent again: {reason}"]
        with cli.database() as database:
            assert mail(database, waiting).attempts == 3
    assert cli.refused("mail", "retry", str(ACME)) == [f"no such mail: {ACME}"]
    how = "Name the mails, or --failed-since with or without --enterprise."
    for wrong in (
        [],
        [str(done), "--failed-since", "2026-01-01"],
        [str(done), "--enterprise", str(ACME)],
    ):
        assert cli.refused("mail", "retry", *wrong) == [how]


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
    assert line == "what it said is no longer kept"
