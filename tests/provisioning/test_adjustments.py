"""Corrections of a subsidy's balance, by manifest and by a command."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from bursar.credit.checks import check_credit
from bursar.credit.models import LedgerAdjustment, LedgerEntry, Subsidy
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.provisioning.export import export
from testing.servers.cli import Cli
from tests.provisioning.test_credit import (
    ACME,
    DEPOSIT,
    LATER,
    SUBSIDY,
    applied,
    deposit,
    globex,
    policy,
    problems_of,
    stored,
    subsidy,
    whole,
)

FIRST = "00000000-0000-4000-8000-00000000000a"
SECOND = "00000000-0000-4000-8000-00000000000b"
PLACE = "enterprises[0].subsidies[0].adjustments"


def adjustment(**fields: Any) -> dict[str, Any]:
    plain = {"uuid": FIRST, "amount": -300, "date": "2026-02-02", "reason": "Entered twice."}
    return plain | fields


def adjusted(*adjustments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return whole(subsidies=[subsidy(adjustments=list(adjustments), **fields)])


def balance(database: Database) -> int:
    cents: int = stored(database, Subsidy, SUBSIDY).balance_cents
    return cents


def test_each_is_entered_once_with_its_reason_and_who_entered_it(database: Database) -> None:
    applied(database, whole())
    more = adjustment(uuid=SECOND, amount=50, reason="A gift.")
    assert applied(database, adjusted(adjustment(), more)).changed == 1
    assert balance(database) == 750
    assert applied(database, adjusted(adjustment(), more), now=LATER).changed == 0
    assert balance(database) == 750
    why = stored(database, LedgerAdjustment, FIRST)
    assert (why.reason, why.entered_by, why.enterprise_uuid) == (
        "Entered twice.",
        "bursar apply",
        UUID(ACME),
    )
    entry = stored(database, LedgerEntry, FIRST)
    assert (entry.kind, entry.amount_cents) == ("adjustment", -300)
    assert entry.effective_at.isoformat() == "2026-02-02T00:00:00+00:00"


def test_each_is_told(database: Database) -> None:
    applied(database, adjusted(adjustment(), deposits=[deposit()]))
    with database.read() as connection:
        statement = select(EventRecord.changes, EventRecord.data).where(
            EventRecord.type == "subsidy.adjusted"
        )
        event = connection.execute(statement).one()
    assert event.changes == {"current_balance": [1500, 1200]}
    assert event.data is not None
    assert event.data["subsidy"]["current_balance"] == 1200
    assert (event.data["adjustment"], event.data["amount"]) == (FIRST, -300)
    assert event.data["reason"] == "Entered twice."


def test_what_was_entered_never_changes(database: Database) -> None:
    applied(database, adjusted(adjustment(), deposits=[deposit()]))
    other = adjustment(amount=1, date="2026-02-03")
    assert problems_of(database, adjusted(other)) == [
        f"{PLACE}[0].amount: cannot be changed, it is -300",
        f"{PLACE}[0].date: cannot be changed, it is 2026-02-02T00:00:00+00:00",
    ]
    taken = f"{PLACE}[0].uuid: already used by another entry of a ledger"
    assert problems_of(database, adjusted(adjustment(uuid=DEPOSIT))) == [taken]
    assert balance(database) == 1200


def test_no_more_is_taken_than_there_is(database: Database) -> None:
    applied(database, whole())
    (problem,) = problems_of(database, adjusted(adjustment(amount=-1001)))
    assert problem == (
        f"{PLACE}: would leave -1 cents, and 0 are allocated: no more than 1000 can be taken"
    )
    applied(database, adjusted(adjustment(amount=-1000)))
    assert balance(database) == 0


def test_limits_know_what_was_corrected(database: Database) -> None:
    limited = {"policies": [policy(spend_limit=1000)]}
    applied(database, whole(**limited))
    (problem,) = problems_of(database, adjusted(adjustment()) | limited)
    assert "1000 cents together, but only 700 were" in problem
    more = {"policies": [policy(spend_limit=1200)]}
    applied(database, adjusted(adjustment(amount=200)) | more)


@pytest.mark.parametrize(
    ("field", "value"), [("amount", 0), ("amount", 1.5), ("reason", ""), ("reason", None)]
)
def test_what_is_wrong_is_named(database: Database, field: str, value: object) -> None:
    (problem,) = problems_of(database, adjusted(adjustment(**{field: value})))
    assert problem.startswith(f"{PLACE}[0].{field}: ")


def test_a_deposit_is_never_negative(database: Database) -> None:
    (problem,) = problems_of(database, whole(subsidies=[subsidy(deposits=[deposit(amount=-1)])]))
    assert problem.startswith("enterprises[0].subsidies[0].deposits[0].amount: ")
    applied(database, whole())
    entry = stored(database, Subsidy, SUBSIDY)
    wrong = {
        "uuid": UUID(FIRST),
        "enterprise_uuid": entry.enterprise_uuid,
        "subsidy_uuid": entry.uuid,
        "kind": "deposit",
        "amount_cents": -1,
        "effective_at": LATER,
        "created_at": LATER,
    }
    for change in ({}, {"kind": "adjustment", "amount_cents": 0}, {"kind": "gift"}):
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(insert(LedgerEntry).values(wrong | change))


def test_it_belongs_to_one_subsidy(database: Database) -> None:
    applied(database, adjusted(adjustment()))
    theirs = {**subsidy(uuid=SECOND), "adjustments": [adjustment()]}
    (problem,) = problems_of(database, globex(subsidies=[theirs]))
    assert "adjustments[0].uuid" in problem


def test_an_export_applied_again_changes_nothing(database: Database) -> None:
    applied(database, adjusted(adjustment()))
    with database.transaction() as session:
        exported = export(session, UUID(ACME))
    (enterprise,) = exported["enterprises"]
    assert enterprise["subsidies"][0]["adjustments"] == [adjustment(date="2026-02-02T00:00:00Z")]
    assert applied(database, enterprise, now=LATER).changed == 0


def test_the_check_finds_one_without_a_reason(database: Database) -> None:
    applied(database, adjusted(adjustment()))
    with database.transaction() as session:
        session.execute(delete(LedgerAdjustment))
    with database.transaction() as session:
        problems = list(check_credit(session))
    assert problems == [f"ledger_entries: {FIRST}: an adjustment without a reason"]


@pytest.mark.slow
def test_the_command_enters_one(database_url: str, tmp_path: Any) -> None:
    cli = Cli(tmp_path, database_url)
    cli.declare({"enterprises": [whole(policies=[policy(spend_limit=1000)])]})
    options = ["--enterprise", ACME, "--reason", "Entered twice."]
    finished = cli.run("subsidy", "adjust", SUBSIDY, "--amount", "-300", *options)
    assert finished.returncode == 0, finished
    assert finished.stderr == (
        "The limits of its policies add up to 1000 cents, and only 700 were paid in: lower them.\n"
    )
    with cli.database() as database:
        assert balance(database) == 700
        why = stored(database, LedgerAdjustment, finished.stdout.strip())
        assert why.reason == "Entered twice."
        assert why.entered_by.startswith("operator")
    (told,) = cli.refused("subsidy", "adjust", SUBSIDY, "--amount", "-701", *options)
    assert told.startswith("adjustments: would leave -1 cents")
    (told,) = cli.refused("subsidy", "adjust", FIRST, "--amount", "1", *options)
    assert told == f"this enterprise has no subsidy {FIRST}"
    (told,) = cli.refused("subsidy", "adjust", SUBSIDY, "--amount", "0", *options)
    assert told == "Give a reason, and an amount that is not 0."
    assert cli.ok("check") == ["everything holds"]
