"""Runs are planned by the clock, made once, sent, tried again, and kept in the ledger."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import pysequoia
import pytest
from pydantic import SecretStr
from sqlalchemy import update

from bursar import clock, report_work
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.delivery.service import delivered, retry
from bursar.identity.models import Enterprise
from bursar.identity.sealing import Seal
from bursar.identity.service import set_suspended
from bursar.jobs.worker import Worker
from bursar.scheduled_reports import running, spooling
from bursar.scheduled_reports.planning import BeingSent, plan_due
from bursar.scheduled_reports.running import LEASE, send_due
from bursar.scheduled_reports.service import find_reports, plan_now
from bursar.settings import Settings
from testing.databases.composed import composed, opener
from testing.fakes.smtp import Sink
from testing.fakes.smtp import running as smtp_running
from testing.servers.sftp import SftpSink
from testing.shops.reports import ACME, SECRET, pgp_pair, pgp_public_text, public_text, ssh_key
from testing.together import at_once
from testing.waiting import wait_until
from tests.scheduled_reports.world import (
    DUE,
    EMAILS,
    NEXT,
    NOW,
    attempts,
    daily,
    declare,
    deliveries,
    furnish,
    means,
    runs,
    to_server,
    work,
)

NAME = "incoming/acme-licenses-20260301T060000Z"
LATER = DUE + timedelta(minutes=2)


@pytest.fixture
def acme(database: Database) -> Database:
    furnish(database)
    return database


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Where files are made; it must be empty afterwards."""
    path = tmp_path / "spool"
    path.mkdir()
    return str(path)


@pytest.fixture(autouse=True)
def _nothing_is_left(folder: str) -> Iterator[None]:
    yield
    assert list(Path(folder).iterdir()) == []


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_running(Sink()) as sink:
        yield sink


def at(database: Database, instant: datetime, folder: str, **fields: Any) -> Any:
    """What a worker does at this instant."""
    with clock.frozen_at(instant):
        return work(database, instant, means(folder, **fields))


def emails(file: bytes) -> list[str]:
    return [json.loads(line)["user_email"] for line in file.splitlines()]


def test_a_report_arrives_when_it_is_due_and_once(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    declare(acme, daily(format="ndjson", to=to_server(sftp)))
    at(acme, DUE - timedelta(seconds=1), folder)
    assert runs(acme) == []

    assert at(acme, LATER, folder).delivered == 1
    assert sftp.files == [f"{NAME}.ndjson"]
    assert emails(sftp.text(f"{NAME}.ndjson")) == list(EMAILS)
    (run,) = runs(acme)
    assert (run.planned_at, run.status, run.finished_at) == (DUE, "delivered", LATER)
    assert run.size == len(sftp.text(f"{NAME}.ndjson"))
    (delivery,) = deliveries(acme)
    assert delivery.recipient == f"sftp://127.0.0.1:{sftp.port}/incoming"
    assert (delivery.channel, delivery.kind) == ("report", "licenses")
    (attempt,) = attempts(acme)
    assert attempt.answer.startswith("written as /incoming/acme-licenses-2026")

    at(acme, LATER + timedelta(hours=20), folder)
    assert len(runs(acme)) == 1
    at(acme, NEXT, folder)
    assert [each.planned_at for each in runs(acme)] == [DUE, NEXT]


def test_of_the_runs_that_were_missed_the_newest_is_made_up_for(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    declare(acme, daily(to=to_server(sftp)))
    at(acme, DUE + timedelta(days=3, hours=1), folder)
    assert [each.planned_at for each in runs(acme)] == [DUE + timedelta(days=3)]


@pytest.mark.parametrize(
    ("timetable", "since", "due"),
    [
        # Berlin skips 02:30 on 29 March, and shows it twice on 25 October.
        ({"time": "02:30", "timezone": "Europe/Berlin"}, "2026-03-28T12:00", "2026-03-29T01:00"),
        ({"time": "02:30", "timezone": "Europe/Berlin"}, "2026-10-24T12:00", "2026-10-25T00:30"),
        ({"time": "06:00", "month_days": [29]}, "2028-02-01T00:00", "2028-02-29T06:00"),
        ({"time": "06:00", "month_days": [31]}, "2026-04-01T00:00", "2026-04-30T06:00"),
    ],
    ids=["gap", "overlap", "29 February", "31 April"],
)
def test_it_is_due_by_the_clock_on_the_wall(
    acme: Database, folder: str, timetable: Any, since: str, due: str
) -> None:
    begin, end = (datetime.fromisoformat(f"{text}Z") for text in (since, due))
    declare(acme, daily(at=timetable), at=begin)
    plan_due(acme, end - timedelta(seconds=1))
    assert runs(acme) == []
    for hour in range(5):
        plan_due(acme, end + timedelta(hours=hour))
    assert [each.planned_at for each in runs(acme)] == [end]


def test_mail_carries_the_file_to_each_recipient(acme: Database, sink: Sink, folder: str) -> None:
    declare(acme, daily(to={"email": ["hr@acme.example", "boss@acme.example"]}))
    assert at(acme, LATER, folder, smtp_url=sink.url).delivered == 2
    assert sorted(sink.recipients) == ["boss@acme.example", "hr@acme.example"]
    message = sink.deliveries[0].message
    assert message["Subject"] == "Report licenses of Acme"
    (attachment,) = message.iter_attachments()
    assert attachment.get_filename() == "acme-licenses-20260301T060000Z.csv"
    assert attachment.get_content_type() == "text/csv"
    assert EMAILS[0] in attachment.get_content()
    body = message.get_body(("plain",))
    assert body is not None
    assert "is attached: acme-licenses-20260301T060000Z.csv" in body.get_content()
    assert "planned for 1 March 2026, 06:00 UTC" in body.get_content()
    assert runs(acme)[0].status == "delivered"


def test_no_file_of_a_sandbox_is_mailed(acme: Database, sink: Sink, folder: str) -> None:
    declare(acme, daily(to={"email": ["hr@acme.example"]}))
    with acme.transaction() as session:
        session.execute(update(Enterprise).values(is_sandbox=True))
    assert at(acme, LATER, folder, smtp_url=sink.url).delivered == 1
    assert sink.recipients == []
    assert runs(acme)[0].status == "delivered"


def test_whoever_got_it_does_not_get_it_again_when_another_did_not(
    acme: Database, sink: Sink, folder: str
) -> None:
    sink.rcpt["boss"] = "450 later"
    declare(acme, daily(to={"email": ["hr@acme.example", "boss@acme.example"]}))
    counts = at(acme, LATER, folder, smtp_url=sink.url)
    assert (counts.delivered, counts.retrying) == (1, 1)
    assert runs(acme)[0].status == "pending"
    assert runs(acme)[0].error == "450 later"

    sink.rcpt.clear()
    at(acme, LATER + timedelta(minutes=1), folder, smtp_url=sink.url)
    assert sorted(sink.recipients) == ["boss@acme.example", "hr@acme.example"]
    assert runs(acme)[0].status == "delivered"
    assert runs(acme)[0].error is None


def test_what_is_encrypted_is_for_its_owner_only(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    declare(acme, daily(to=to_server(sftp), pgp_public_key=pgp_public_text(), format="ndjson"))
    at(acme, LATER, folder)
    assert sftp.files == [f"{NAME}.ndjson.pgp"]
    sent = sftp.text(f"{NAME}.ndjson.pgp")
    assert EMAILS[0].encode() not in sent
    opened = pysequoia.decrypt(sent, decryptor=pgp_pair().decryptor())
    assert opened.bytes is not None
    assert emails(opened.bytes) == list(EMAILS)


def test_another_host_key_ends_the_run_and_nothing_is_sent(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    wrong = public_text(ssh_key("another"))
    declare(acme, daily(to=to_server(sftp, host_key=wrong)))
    assert at(acme, LATER, folder).failed == 1
    assert (sftp.files, sftp.logins) == ([], [])
    (run,) = runs(acme)
    assert (run.status, run.finished_at) == ("failed", LATER)
    assert "another key than host_key says" in run.error


def test_a_failed_run_goes_on_when_it_is_retried_after_the_manifest_was_put_right(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    declare(acme, daily(to=to_server(sftp, host_key=public_text(ssh_key("another")))))
    at(acme, LATER, folder)
    declare(acme, daily(to=to_server(sftp)), at=LATER)
    with acme.transaction() as session:
        retry(session, Actor("test"), [deliveries(acme)[0].uuid], LATER)
    at(acme, LATER, folder)
    assert sftp.files == [f"{NAME}.csv"]
    assert runs(acme)[0].status == "delivered"


def test_a_report_never_overlaps_itself(acme: Database, sftp: SftpSink, folder: str) -> None:
    declare(
        acme, daily(to=to_server(sftp, host_key=public_text(ssh_key("another")))), daily("other")
    )
    at(acme, LATER, folder)
    (refused,) = (each.uuid for each in deliveries(acme) if each.status == "failed")
    with acme.transaction() as session:
        retry(session, Actor("test"), [refused], LATER)
    _plan_now(acme, LATER)
    leases = [running.take_next(acme, LATER) for _ in range(3)]
    # One of the two runs of a report is leased, and the run of the other report waits for a retry.
    assert [lease is None for lease in leases] == [False, True, True]


def test_a_full_disk_sends_nothing_and_is_tried_again(
    acme: Database, sftp: SftpSink, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(acme, daily(to=to_server(sftp)))
    with monkeypatch.context() as patched:
        patched.setattr(spooling, "_opened", full)
        assert at(acme, LATER, folder).retrying == 1
    assert (sftp.files, sftp.logins) == ([], [])
    assert "is full, so that nothing was sent" in runs(acme)[0].error

    assert at(acme, LATER + timedelta(seconds=59), folder).delivered == 0
    assert at(acme, LATER + timedelta(seconds=61), folder).delivered == 1
    assert sftp.files == [f"{NAME}.csv"]
    assert [each.outcome for each in attempts(acme)] == ["retrying", "delivered"]


def test_a_server_that_stays_away_is_given_up(acme: Database, sftp: SftpSink, folder: str) -> None:
    declare(acme, daily(at={"time": "06:00", "month_days": [1]}, to=to_server(sftp, password="no")))
    instant = LATER
    for pause in running.PAUSES:
        assert at(acme, instant, folder).retrying == 1
        instant += pause
    assert at(acme, instant, folder).failed == 1
    assert runs(acme)[0].status == "failed"


def test_a_newer_run_takes_the_place_of_one_that_waits(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    declare(acme, daily(to=to_server(sftp, password="no")))
    at(acme, LATER, folder)
    at(acme, NEXT, folder)
    first, second = runs(acme)
    assert (first.status, first.error) == ("dropped", "A newer run took its place.")
    assert (second.status, second.planned_at) == ("pending", NEXT)
    assert [each.status for each in deliveries(acme)] == ["dropped", "pending"]


def test_two_workers_at_once_run_it_once(
    acme: Database, database_url: str, sftp: SftpSink, folder: str
) -> None:
    declare(acme, *(daily(f"number {number}", to=to_server(sftp)) for number in range(3)))

    def worker() -> int:
        database = composed(database_url)
        try:
            delivered: int = work(database, LATER, means(folder)).delivered
            return delivered
        finally:
            database.dispose()

    with clock.frozen_at(LATER):
        assert sum(at_once([worker, worker])) == 3
    assert len(runs(acme)) == 3
    assert sorted(sftp.seen) == sorted(
        f".acme-number_{number}-20260301T060000Z.csv.part" for number in range(3)
    )


def full(_file: Path) -> IO[bytes]:
    return Path("/dev/full").open("wb")


class _Killed(BaseException):
    """As a process that is killed: nothing that comes after it is done."""


def test_a_worker_killed_between_sending_and_recording_may_repeat_and_loses_none(
    acme: Database, sftp: SftpSink, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(acme, daily(to=to_server(sftp)))

    def killed(*_: object) -> None:
        raise _Killed

    monkeypatch.setattr(running, "record", killed)
    with pytest.raises(_Killed):
        at(acme, LATER, folder)
    monkeypatch.undo()
    assert sftp.files == [f"{NAME}.csv"]
    assert deliveries(acme)[0].status == "pending"

    before = LATER + LEASE - timedelta(seconds=1)
    with pytest.raises(BeingSent):
        _plan_now(acme, before)
    assert at(acme, before, folder).delivered == 0
    assert at(acme, LATER + LEASE, folder).delivered == 1
    # It was sent again under the same name, and so took the place of what was there.
    assert sftp.files == [f"{NAME}.csv"]
    assert len(sftp.seen) == 2


def _plan_now(database: Database, instant: datetime) -> UUID:
    with database.read() as connection:
        (report,) = find_reports(connection, enterprise_uuid=UUID(ACME), name="licenses")
    with database.transaction() as session:
        return plan_now(session, Actor("test"), report.uuid, instant)


def test_a_run_that_is_due_while_one_is_sent_comes_afterwards(
    acme: Database, sftp: SftpSink, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(acme, daily(to=to_server(sftp)))
    _plan_now(acme, DUE - timedelta(minutes=1))
    planned: list[int] = []
    monkeypatch.setattr(running, "_uploaded", lambda *_: _sent(acme, planned, *_))
    with clock.frozen_at(DUE - timedelta(minutes=1)):
        send_due(acme, means(folder))
    assert planned == [0]
    assert plan_due(acme, LATER) == 1
    assert [each.planned_at for each in runs(acme)] == [DUE - timedelta(minutes=1), DUE]


def _sent(database: Database, planned: list[int], _to: Any, _file: Any, delivery: Any) -> Any:
    """Meanwhile the report becomes due."""
    planned.append(plan_due(database, LATER))
    return delivered(delivery, LATER)


def test_a_file_that_is_too_large_for_a_mail_is_not_sent(
    acme: Database, sink: Sink, folder: str
) -> None:
    declare(acme, daily())
    counts = at(acme, LATER, folder, smtp_url=sink.url, largest_mb=0)
    assert counts.failed == 1
    assert sink.deliveries == []
    assert "by mail go at most 0 (BURSAR_REPORT_MAIL_MB)" in runs(acme)[0].error


def test_without_a_mail_server_nobody_says_that_it_was_sent(acme: Database, folder: str) -> None:
    declare(acme, daily())
    assert at(acme, LATER, folder).retrying == 1
    assert "BURSAR_SMTP_URL names no mail server" in runs(acme)[0].error


def test_nothing_is_sent_for_a_suspended_enterprise_until_it_is_resumed(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    declare(acme, daily(to=to_server(sftp)))
    _suspend(acme, suspended=True)
    at(acme, LATER, folder)
    assert runs(acme) == []
    _suspend(acme, suspended=False)
    at(acme, LATER + timedelta(days=2), folder)
    assert [each.planned_at for each in runs(acme)] == [DUE + timedelta(days=2)]


def _suspend(database: Database, *, suspended: bool) -> None:
    with database.transaction() as session:
        set_suspended(session, Actor("test"), UUID(ACME), NOW, suspended=suspended)


def test_a_report_that_is_removed_is_not_sent(acme: Database, sftp: SftpSink, folder: str) -> None:
    declare(acme, daily(to=to_server(sftp)))
    plan_due(acme, LATER)
    declare(acme, at=LATER)
    at(acme, LATER, folder)
    assert sftp.files == []
    assert [each.status for each in runs(acme)] == ["dropped"]
    assert [each.status for each in deliveries(acme)] == ["dropped"]


def test_a_password_that_nobody_can_open_is_named(
    acme: Database, sftp: SftpSink, folder: str
) -> None:
    declare(acme, daily(to=to_server(sftp)))
    closed = means(folder)
    with clock.frozen_at(LATER):
        plan_due(acme, LATER)
        send_due(acme, replace(closed, seal=Seal(["another secret"])))
    assert "no secret of BURSAR_SECRET_KEY opens" in runs(acme)[0].error
    assert sftp.logins == []


@pytest.mark.slow
def test_a_worker_goes_on_while_one_server_hangs(
    acme: Database, database_url: str, sftp: SftpSink, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_work, "SECONDS", 0.05)
    silent = to_server(sftp, port=sftp.silent_port)
    declare(acme, daily("first", to=silent), daily("second", to=to_server(sftp)))
    settings = Settings(secret_key=SecretStr(SECRET), spool_folder=folder)
    worker = Worker(opener(database_url), [], loops=report_work.report_loops(settings))
    worker.start()
    try:
        wait_until(lambda: bool(sftp.files), "the other report arrived")
        assert "acme-second-" in sftp.files[0]
    finally:
        sftp.hang_up()
        worker.stop()
    wait_until(lambda: {run.status for run in runs(acme)} == {"delivered", "pending"}, "recorded")
