import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bursar import clock
from bursar.credit.assignments.kinds import ALLOCATED
from bursar.database.engine import Database
from bursar.delivery.rules import KEPT
from bursar.delivery.service import Channel, NewDelivery, enqueue_deliveries
from testing.servers.cli import Cli
from tests.delivery.world import ACME, NOW, Domain, change, deliver, mail, post, settle

pytestmark = pytest.mark.slow
ENDPOINT = UUID("0d4f7d0a-2f3c-4f6c-8a58-5a8a6b9f0b11")
URL = "https://example.org/hook"


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    """On both databases, with an enterprise."""
    cli = Cli(tmp_path, database_url)
    with cli.database() as database:
        settle(database)
    return cli


def webhooks(database: Database, *kinds: str) -> list[UUID]:
    new = [
        NewDelivery(
            channel=Channel.WEBHOOK,
            kind=kind,
            enterprise_uuid=ACME,
            subject_uuid=uuid4(),
            target_uuid=ENDPOINT,
            event_uuid=uuid4(),
            recipient=URL,
        )
        for kind in kinds
    ]
    with database.transaction() as session:
        enqueue_deliveries(session, new, NOW)
    return [each.uuid for each in new]


def listed(cli: Cli, *options: str) -> list[str]:
    lines = cli.ok("deliveries", "list", "--json", *options)
    return [json.loads(line)["uuid"] for line in lines]


def test_one_search_finds_what_leaves_by_any_channel(cli: Cli) -> None:
    with cli.database() as database:
        first, second = webhooks(database, "license.assigned", "license.revoked")
        (ann,) = post(database, "ann@example.org", kind=ALLOCATED)
        change(database, first, status="failed", error="503", finished_at=NOW)
    assert listed(cli) == [str(ann), str(second), str(first)]
    assert listed(cli, "--channel", "webhook", "--endpoint", str(ENDPOINT)) == listed(
        cli, "--to", URL
    )
    assert listed(cli, "--to", "Ann@example.org") == [str(ann)]
    assert listed(cli, "--kind", "license.revoked", "--since", "2026-03-01") == [str(second)]
    assert listed(cli, "--state", "failed", "--enterprise", str(ACME)) == [str(first)]
    heading, *_ = cli.ok("deliveries", "list")
    assert heading.split()[:4] == ["uuid", "channel", "kind", "recipient"]
    assert cli.ok("deliveries", "retry", str(first)) == ["1 deliveries are due"]
    shown = json.loads("\n".join(cli.ok("deliveries", "show", str(first))))
    assert (shown["status"], shown["endpoint"], shown["tried"]) == ("pending", str(ENDPOINT), [])
    assert cli.refused("deliveries", "show", str(ACME)) == [f"no such delivery: {ACME}"]


def test_what_a_receiver_lost_is_sent_again_when_it_was_counted(cli: Cli) -> None:
    with cli.database() as database:
        lost, dropped, other = webhooks(database, *["license.assigned"] * 2, "license.revoked")
        (scrubbed,) = post(database, "ann@example.org", kind=ALLOCATED, context={})
        for uuid in (lost, other, scrubbed):
            change(database, uuid, status="delivered", finished_at=NOW, attempts=1)
        change(database, dropped, status="dropped", finished_at=NOW)
    options = ["deliveries", "resend", "--since", "2026-03-01", "--endpoint", str(ENDPOINT)]
    told = "2 deliveries would be sent again; to do it: --confirm 2"
    assert cli.ok(*options) == [told]
    assert cli.ok("deliveries", "resend", "--since", "2026-03-01") == [told]
    only = [*options, "--kind", "license.assigned"]
    (line,) = cli.refused(*only, "--confirm", "2")
    assert line == "there are 1 now and not 2: look again without --confirm"
    assert cli.ok(*only, "--confirm", "1") == ["1 deliveries are due"]
    with cli.database() as database:
        row = mail(database, lost)
        assert (row.status, row.attempts, row.finished_at) == ("pending", 0, None)
        assert mail(database, other).status == "delivered"
        assert mail(database, dropped).status == "dropped"


def test_why_somebody_did_not_get_a_mail(cli: Cli) -> None:
    assert "No mail to ann@example.org" in cli.ok("explain", "mail", "--to", "ann@example.org")[0]
    with cli.database() as database:
        post(database, "ann@example.org")
        with clock.frozen_at(NOW):
            deliver(database, Domain())
        (dropped,) = post(database, "ann@example.org", now=NOW + timedelta(seconds=1))
        change(database, dropped, status="dropped", finished_at=NOW, error="The license is gone.")
    lines = cli.ok("explain", "mail", "--to", " Ann@example.org")
    assert lines[1] == "  It was dropped, and not sent: The license is gone."
    assert lines[3].startswith("  It was not sent: it was kept, because BURSAR_SMTP_URL")
    assert lines[4].endswith(f"delivered: {KEPT}")
    _, kept = cli.ok("explain", "mail", "--to", "ann@example.org", "--json")
    assert [each["outcome"] for each in json.loads(kept)["tried"]] == ["delivered"]
