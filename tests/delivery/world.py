"""A domain that sends mail, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.delivery.channel import Attempt, MailKind, QueuedDelivery
from bursar.delivery.models import Delivery
from bursar.delivery.sending import DeliveryCounts, deliver_due
from bursar.delivery.service import NewMail, enqueue
from bursar.identity.models import Enterprise
from bursar.mail_transport import mail_transport
from bursar.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
KIND = "test-mail"
UNTRUE = "Chess is no longer played."
CONTEXT: dict[str, Any] = {"title": "Chess", "deadline": "2026-04-01T00:00:00Z"}


@dataclass
class Domain:
    unwanted: set[UUID] = field(default_factory=set)
    recorded: list[Attempt] = field(default_factory=list)
    asked: list[UUID] = field(default_factory=list)
    poison: set[UUID] = field(default_factory=set)
    """Mails that it cannot record."""
    riddles: set[UUID] = field(default_factory=set)
    """Mails of which it cannot say whether they are wanted."""

    def why_untrue(self, session: Session, mails: Sequence[QueuedDelivery]) -> dict[UUID, str]:
        uuids = {mail.uuid for mail in mails}
        if uuids & self.riddles:
            raise RuntimeError("no idea about learner@example.org")
        self.asked.extend(uuids)
        return dict.fromkeys(uuids & self.unwanted, UNTRUE)

    def record(self, session: Session, attempts: Sequence[Attempt], now: datetime) -> None:
        # Written before the failure, so that a lasting trace would show.
        for attempt in attempts:
            change = update(Enterprise).values(country=attempt.outcome.value)
            session.execute(change.where(Enterprise.uuid == attempt.delivery.enterprise_uuid))
            if attempt.delivery.uuid in self.poison:
                raise RuntimeError(f"cannot write about {attempt.delivery.recipient}")
        self.recorded.extend(attempts)

    @property
    def kinds(self) -> dict[str, MailKind]:
        return {KIND: MailKind(KIND, "tests.delivery", self.why_untrue, self.record)}

    def outcomes(self, uuid: UUID) -> list[str]:
        return [each.outcome.value for each in self.recorded if each.delivery.uuid == uuid]


def settle(database: Database, contact_email: str | None = "hr@acme.example") -> None:
    with database.transaction() as session:
        enterprise = Enterprise(uuid=ACME, name="Acme", slug="acme", contact_email=contact_email)
        enterprise.created_at = enterprise.modified_at = NOW
        session.add(enterprise)


def post(database: Database, *recipients: str, now: datetime = NOW, **fields: Any) -> list[UUID]:
    """Their uuids, in order."""
    plain: dict[str, Any] = {"kind": KIND, "enterprise_uuid": ACME, "context": CONTEXT}
    mails = [
        NewMail(recipient=recipient, **(plain | {"subject_uuid": uuid4()} | fields))
        for recipient in recipients
    ]
    with database.transaction() as session:
        enqueue(session, mails, now)
    return [mail.uuid for mail in mails]


def mail(database: Database, uuid: UUID) -> AnyRow:
    with database.read() as connection:
        return connection.execute(select(*Delivery.__table__.c).where(Delivery.uuid == uuid)).one()


def statuses(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(select(Delivery.status).order_by(Delivery.id)))


def change(database: Database, uuid: UUID, **values: Any) -> None:
    with database.transaction() as session:
        session.execute(update(Delivery).where(Delivery.uuid == uuid).values(**values))


def deliver(
    database: Database, domain: Domain, smtp_url: str = "", **settings: Any
) -> DeliveryCounts:
    values = {"smtp_url": smtp_url, "smtp_timeout": 5, **settings}
    return deliver_due(database, mail_transport(Settings(**values)), domain.kinds)
