"""A mail about a license looks again before it leaves."""

from uuid import UUID, uuid4

from bursar.database.engine import Database
from bursar.delivery.channel import QueuedDelivery
from bursar.subscriptions.licenses.mail import MAIL_KINDS
from testing.worlds.subscriptions import ENTERPRISE, NOW, activate, assign, emails, revoke


def wanted(database: Database, kind: str, licenses: list[UUID]) -> list[bool]:
    (found,) = (each for each in MAIL_KINDS if each.name == kind)
    mails = [
        QueuedDelivery(
            id=1,
            uuid=uuid4(),
            enterprise_uuid=ENTERPRISE,
            kind=kind,
            subject_uuid=uuid,
            recipient="a@b.example",
            context={},
            attempts=0,
            created_at=NOW,
        )
        for uuid in licenses
    ]
    with database.transaction() as session:
        untrue = found.why_untrue(session, mails)
    return [mail.uuid not in untrue for mail in mails]


def test_it_leaves_when_what_it_says_is_true(acme: Database) -> None:
    with acme.transaction() as session:
        uuids = [uuid for _, uuid in assign(session, emails(3)).licenses]
        activate(session, emails(2))
        revoke(session, emails(1))
    assert wanted(acme, "license-assigned", [*uuids, uuid4()]) == [False, True, True, False]
    assert wanted(acme, "license-reminder", [*uuids, uuid4()]) == [False, False, True, False]
