from datetime import timedelta
from uuid import uuid4

from bursar.database.engine import Database
from bursar.delivery.service import (
    NewMail,
    drop_pending,
    enqueue,
    pending_subjects,
    replace_recipients,
)
from testing.databases.statements import statements_of
from tests.delivery.world import ACME, CONTEXT, KIND, NOW, change, mail, post, statuses


def test_a_mail_waits_from_the_moment_its_transaction_commits(acme: Database) -> None:
    (uuid,) = post(acme, "ann@example.org")
    stored = mail(acme, uuid)
    assert (stored.status, stored.attempts) == ("pending", 0)
    assert stored.next_attempt_at == stored.created_at == NOW
    assert stored.context == CONTEXT
    assert (stored.claimed_until, stored.finished_at, stored.error) == (None, None, None)


def test_a_thousand_mails_are_one_statement(acme: Database) -> None:
    new = [NewMail(KIND, ACME, uuid4(), f"{n}@example.org", CONTEXT) for n in range(1000)]
    with acme.transaction() as session, statements_of(acme) as executed:
        enqueue(session, new, NOW)
    # COPY goes past SQLAlchemy.
    assert sum("deliveries" in statement for statement in executed) <= 1
    assert statuses(acme) == ["pending"] * 1000


def test_no_mails_are_no_statement(acme: Database) -> None:
    with acme.transaction() as session:
        enqueue(session, [], NOW)
        drop_pending(session, [], [KIND], NOW, reason="None.")
        replace_recipients(session, {})
        assert pending_subjects(session, []) == set()


def test_subjects_with_a_waiting_mail_are_found(acme: Database) -> None:
    waiting, done, strange = uuid4(), uuid4(), uuid4()
    post(acme, "ann@example.org", subject_uuid=waiting)
    (uuid,) = post(acme, "bob@example.org", subject_uuid=done)
    change(acme, uuid, status="failed")
    many = [waiting, done, strange, *(uuid4() for _ in range(20_001))]
    with acme.transaction() as session:
        assert pending_subjects(session, many) == {waiting}


def test_waiting_mails_of_the_named_kinds_are_dropped(acme: Database) -> None:
    subject = uuid4()
    (dropped,) = post(acme, "ann@example.org", subject_uuid=subject)
    (other_kind,) = post(acme, "ann@example.org", subject_uuid=subject, kind="other")
    (delivered,) = post(acme, "ann@example.org", subject_uuid=subject)
    change(acme, delivered, status="delivered")
    (other,) = post(acme, "bob@example.org")
    later = NOW + timedelta(hours=1)
    with acme.transaction() as session:
        drop_pending(session, [subject], [KIND], later, reason="Allocated again.")
    gone = mail(acme, dropped)
    assert (gone.status, gone.finished_at, gone.error) == ("dropped", later, "Allocated again.")
    assert [mail(acme, uuid).status for uuid in (other_kind, delivered, other)] == [
        "pending",
        "delivered",
        "pending",
    ]


def test_finished_mails_forget_whom_they_went_to_and_what_they_said(acme: Database) -> None:
    first, second = uuid4(), uuid4()
    (finished,) = post(acme, "ann@example.org", subject_uuid=first)
    change(acme, finished, status="delivered")
    (waiting,) = post(acme, "ann@example.org", subject_uuid=first)
    (also,) = post(acme, "bob@example.org", subject_uuid=second)
    change(acme, also, status="failed")
    (other,) = post(acme, "cat@example.org")
    change(acme, other, status="delivered")
    with acme.transaction() as session:
        replace_recipients(session, {first: "one@retired.invalid", second: "two@retired.invalid"})
    assert mail(acme, finished).recipient == "one@retired.invalid"
    assert mail(acme, finished).context == {}
    assert mail(acme, also).recipient == "two@retired.invalid"
    assert mail(acme, waiting).recipient == "ann@example.org"
    assert mail(acme, other).recipient == "cat@example.org"
