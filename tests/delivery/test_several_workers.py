"""Workers side by side, and workers that die."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery import sending
from bursar.delivery.sending import DeliveryCounts, deliver_due
from bursar.jobs.context import JobContext
from bursar.jobs.loops import Loop
from bursar.jobs.worker import Worker
from bursar.mail_transport import mail_transport
from bursar.settings import Settings
from testing.databases.composed import composed, opener
from testing.fakes.smtp import Sink
from testing.waiting import wait_until
from tests.delivery.world import KIND, Domain, deliver, post, statuses

COUNT = 60


def recipients() -> list[str]:
    return [f"{number}@example.org" for number in range(COUNT)]


@pytest.mark.usefixtures("at_now")
@pytest.mark.parametrize("with_server", [True, False], ids=["smtp", "kept"])
def test_threads_side_by_side_send_each_mail_once(
    acme: Database,
    database_url: str,
    sink: Sink,
    with_server: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "BATCH", 7)
    monkeypatch.setattr(sending, "KEPT_BATCH", 7)
    post(acme, *recipients())
    domains = [Domain() for _ in range(4)]

    def work(domain: Domain) -> int:
        database = composed(database_url)
        try:
            return deliver(database, domain, sink.url if with_server else "").delivered
        finally:
            database.dispose()

    with ThreadPoolExecutor(len(domains)) as threads:
        counts = list(threads.map(work, domains))
    assert sum(counts) == COUNT
    assert statuses(acme) == ["delivered"] * COUNT
    told = [attempt.delivery.uuid for domain in domains for attempt in domain.recorded]
    assert len(told) == len(set(told)) == COUNT
    if with_server:
        assert (len(sink.deliveries), set(sink.copies.values())) == (COUNT, {1})


@contextmanager
def process(url: str, sink: Sink, manner: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.delivery.sending_process", url, sink.url, manner]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def set_off(*processes: subprocess.Popen[str]) -> None:
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()


@pytest.mark.slow
def test_processes_side_by_side_send_each_mail_once(
    acme: Database, database_url: str, sink: Sink
) -> None:
    post(acme, *(recipients() * 5), now=clock.now())
    with ExitStack() as stack:
        workers = [stack.enter_context(process(database_url, sink, "good")) for _ in range(3)]
        set_off(*workers)
        assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert statuses(acme) == ["delivered"] * COUNT * 5
    assert (len(sink.deliveries), set(sink.copies.values())) == (COUNT * 5, {1})


@pytest.mark.slow
def test_a_worker_killed_before_it_could_record_repeats_that_mail_and_loses_none(
    acme: Database, database_url: str, sink: Sink, domain: Domain
) -> None:
    begun = clock.now()
    uuids = post(acme, *(f"{number}@example.org" for number in range(5)), now=begun)
    with process(database_url, sink, "killed") as killed:
        set_off(killed)
        assert killed.wait(60) == -9
    assert sink.recipients == ["0@example.org", "1@example.org"]
    assert statuses(acme) == ["delivered"] + ["pending"] * 4
    assert deliver(acme, domain, sink.url) == DeliveryCounts()
    with clock.frozen_at(begun + timedelta(minutes=11)):
        assert deliver(acme, domain, sink.url).delivered == 4
    assert statuses(acme) == ["delivered"] * 5
    assert [sink.copies[f"<{uuid}@localhost>"] for uuid in uuids] == [1, 2, 1, 1, 1]


@pytest.mark.slow
def test_a_worker_delivers_what_is_enqueued_while_it_runs(
    acme: Database, database_url: str, sink: Sink, domain: Domain
) -> None:
    transport = mail_transport(Settings(smtp_url=sink.url))

    def deliver_all(context: JobContext) -> None:
        deliver_due(context.database, transport, domain.kinds, stopping=context.stopping)

    worker = Worker(opener(database_url), [], loops=[Loop("mail", deliver_all, 0.05)])
    worker.start()
    try:
        for number in range(3):
            post(acme, f"{number}@example.org", now=clock.now())
            wait_until(lambda n=number: len(sink.deliveries) == n + 1, "it arrived")  # type: ignore[misc]
    finally:
        worker.stop()
    post(acme, "late@example.org", now=clock.now())
    assert statuses(acme) == ["delivered"] * 3 + ["pending"]
    assert {attempt.delivery.kind for attempt in domain.recorded} == {KIND}
