"""`python -m proof.sabotaged serve ...`: Bursar with the deliberate defects that a variable names,
which a proof must find. The package knows nothing of it: the defects are patched in before a
process begins."""

# Each defect imports what it changes, because an import made earlier would keep the old function.
# ruff: noqa: PLC0415

import os
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from proof.sabotage import DEFECTS
from testing.waiting import let_pass


def _replace(owner: object, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
    """`make` gets the function that stood there, and returns the one that stands there now."""
    setattr(owner, name, make(getattr(owner, name)))


def _do_nothing(*_: object, **__: object) -> None:
    """Takes the place of something that ought to be done."""


def drop_allocation_mails() -> None:
    from bursar.credit.assignments import mail

    _replace(mail, "of_allocated", lambda _: lambda *_: _do_nothing)


def never_enqueue_bulk_mails() -> None:
    from bursar.enrollment.bulk.mail import EnqueueEnrolled

    _replace(EnqueueEnrolled, "__call__", lambda _: _do_nothing)


def never_tell_lms_of_enrollments() -> None:
    from bursar.connectors.openedx.adapter import OpenEdxGateway
    from bursar.enrollment.gateway import EmbeddedGateway

    _replace(OpenEdxGateway, "enroll", lambda _: EmbeddedGateway.enroll)


def never_tell_lms_of_reversals() -> None:
    from bursar.connectors.openedx.adapter import OpenEdxGateway
    from bursar.enrollment.gateway import EmbeddedGateway

    _replace(OpenEdxGateway, "end", lambda _: EmbeddedGateway.end)


def only_claim_to_send_mails() -> None:
    from bursar.delivery.smtp import Reply, SmtpConnection

    _replace(SmtpConnection, "send", lambda _: lambda *_args: Reply(250, "claimed"))


def record_mails_before_sending() -> None:
    from bursar import clock
    from bursar.delivery import sending
    from bursar.delivery.rules import delivered

    def send_each(self: Any, lease: Any) -> None:
        enterprises = self._mails.enterprises_of(lease.deliveries)
        self._mails.record(lease, [delivered(mail, clock.now()) for mail in lease.deliveries])
        for mail in lease.deliveries:
            self._attempt(mail, enterprises[mail.enterprise_uuid])

    _replace(sending._Sending, "_send_each", lambda _: send_each)


def repeat_retried_requests() -> None:
    from bursar.web import idempotency

    numbers = count()

    def never_the_same(scope_of: Callable[..., str]) -> Callable[..., str]:
        return lambda *parts: scope_of(*parts[:-1], f"{parts[-1]}-{next(numbers)}")

    _replace(idempotency, "scope_of", never_the_same)


def forget_jobs_of_dead_workers() -> None:
    from bursar.jobs.recovery import Presence

    _replace(Presence, "_reap", lambda _: _do_nothing)


def enqueue_three_jobs_of_four() -> None:
    from bursar.credit.redemption import jobs

    numbers = count(1)

    def sometimes(enqueue: Callable[..., None]) -> Callable[..., None]:
        return lambda *given: enqueue(*given) if next(numbers) % 4 else None

    _replace(jobs, "_enqueue", sometimes)


def read_limits_without_lock() -> None:
    from bursar.credit.ledger import service

    service._LOCK_BY_POLICY._for_update_arg = None

    def slowly(read: Callable[..., Any]) -> Callable[..., Any]:
        def read_and_wait(*given: Any) -> Any:
            found = read(*given)
            # Others get the time to read the same, which on a quick machine is rarely enough.
            let_pass(0.1)
            return found

        return read_and_wait

    _replace(service, "_lock", slowly)


def leave_out_ledger_entries() -> None:
    from bursar.credit.redemption import service

    def without_entry(post: Callable[..., None]) -> Callable[..., None]:
        def posted(session: Any, budget: Any, delta: Any, **when: Any) -> None:
            delta.entry = None
            post(session, budget, delta, **when)

        return posted

    _replace(service, "post", without_entry)


def lose_last_row_of_reports() -> None:
    from bursar.api import learner_progress

    def shortened(store: Callable[..., Any]) -> Callable[..., Any]:
        def stored(session: Any, actor: Any, enterprise: Any, rows: Any, **named: Any) -> Any:
            return store(session, actor, enterprise, rows[:-1], **named)

        return stored

    _replace(learner_progress, "store_reported", shortened)


PATCHES: Final[Mapping[str, Callable[[], None]]] = {
    patch.__name__: patch
    for patch in (
        drop_allocation_mails,
        never_enqueue_bulk_mails,
        never_tell_lms_of_enrollments,
        never_tell_lms_of_reversals,
        only_claim_to_send_mails,
        record_mails_before_sending,
        repeat_retried_requests,
        forget_jobs_of_dead_workers,
        enqueue_three_jobs_of_four,
        read_limits_without_lock,
        leave_out_ledger_entries,
        lose_last_row_of_reports,
    )
}


def main() -> None:
    from bursar.cli.main import main as bursar

    bursar()


# Web processes are spawned: each imports this module again, under the second name.
if __name__ in {"__main__", "__mp_main__"}:
    for defect in os.environ[DEFECTS].split(","):
        PATCHES[defect]()
if __name__ == "__main__":
    main()
