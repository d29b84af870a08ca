"""Budgets with money and content, changed through the services that the endpoints call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, update

from bursar.actors import Actor
from bursar.credit.assignments import service as assignments
from bursar.credit.assignments.commands import (
    AllocateCourse,
    Allocation,
    CancelAssignments,
    RemindAssignments,
)
from bursar.credit.checks import check_credit
from bursar.credit.ledger.rules import Money
from bursar.credit.ledger.service import lock_budget
from bursar.credit.models import Assignment, AssignmentAction, SubsidyTransaction
from bursar.credit.policies.commands import DeclaredConfiguration, PutPolicy, PutSubsidy
from bursar.credit.policies.service import put_policy, put_subsidy
from bursar.credit.policy_types import ASSIGNED
from bursar.credit.redemption import service as redemption
from bursar.credit.redemption.commands import (
    CompleteRedemption,
    FailRedemption,
    RedeemCourse,
    ReverseRedemption,
)
from bursar.credit.redemption.jobs import _settle
from bursar.credit.redemption.views import TransactionItem
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.delivery.models import Delivery, DeliveryStatus
from bursar.enrollment.service import end_enrollments
from bursar.events.models import EventRecord
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import put_learners
from testing.worlds.catalog import CATALOG, ENTERPRISE, START, course, put, store

ACTOR = Actor("test", "request-1")
NOW = START + timedelta(hours=12)
DAY = timedelta(days=1)
COURSE, RUN = "edX+Any", "course-v1:edX+Any+1"
"""A course and its run, of which no price is known: it can be allocated at any."""
PRICED, PRICED_RUN = "edX+Priced", "course-v1:edX+Priced+1"
PRICE_CENTS = 10_000


def course_until(end: datetime | None, name: str = "Any", **run: Any) -> dict[str, Any]:
    """With one run that can be enrolled in until then."""
    key = f"course-v1:edX+{name}+1"
    only = {"key": key, "uuid": f"run-of-{name}", "status": "published", **run}
    if end is not None:
        only["enrollment_end"] = end.isoformat()
    return course(name, course_runs=[only], advertised_course_run_uuid=only["uuid"])


@dataclass(frozen=True)
class Budget:
    """Each method is a transaction of its own."""

    database: Database
    policy_uuid: UUID
    subsidy_uuid: UUID
    configuration_uuid: UUID | None

    def allocation(self, *emails: str, **fields: Any) -> AllocateCourse:
        """A command; with `price`, `key` and `catalog_uuid`."""
        return AllocateCourse(
            ENTERPRISE,
            self.policy_uuid,
            fields.get("key", COURSE),
            fields.get("price", 100),
            emails,
            fields.get("catalog_uuid", CATALOG),
        )

    def allocate(self, *emails: str, now: datetime = NOW, **fields: Any) -> Allocation:
        command = self.allocation(*emails, **fields)
        with self.database.transaction() as session:
            return assignments.allocate(session, ACTOR, command, tolerance_percent=5, at=now)

    def assign(self, email: str = "ana@example.com", **fields: Any) -> UUID:
        return self.allocate(email, **fields).created[0].uuid

    def cancel(self, *uuids: UUID, now: datetime = NOW) -> None:
        command = CancelAssignments(ENTERPRISE, self.configuration_uuid or uuid4(), uuids)
        with self.database.transaction() as session:
            assignments.cancel(session, ACTOR, command, at=now)

    def remind(self, *uuids: UUID, now: datetime = NOW) -> None:
        command = RemindAssignments(ENTERPRISE, self.configuration_uuid or uuid4(), uuids)
        with self.database.transaction() as session:
            assignments.remind(session, ACTOR, command, at=now)

    def redeem(
        self,
        email: str | None = "ana@example.com",
        *,
        key: str = COURSE,
        user: int | None = None,
        now: datetime = NOW,
    ) -> UUID:
        command = RedeemCourse(ENTERPRISE, self.policy_uuid, key, email, user)
        with self.database.transaction() as session:
            created = redemption.redeem(session, ACTOR, command, at=now)
        assert created.state == "created"
        return created.uuid

    def complete(self, transaction: UUID, now: datetime = NOW) -> None:
        with self.database.transaction() as session:
            command = CompleteRedemption(ENTERPRISE, transaction)
            redemption.complete(session, ACTOR, command, at=now)

    def fail(self, transaction: UUID, now: datetime = NOW, error: str = "no seat") -> None:
        with self.database.transaction() as session:
            command = FailRedemption(ENTERPRISE, transaction, error)
            redemption.fail(session, ACTOR, command, at=now)

    def reverse(self, transaction: UUID, now: datetime = NOW) -> None:
        with self.database.transaction() as session:
            command = ReverseRedemption(ENTERPRISE, transaction)
            redemption.reverse(session, ACTOR, command, at=now)

    def end_enrollment(self, transaction: UUID, now: datetime = NOW) -> None:
        """As the job does once the LMS has ended it."""
        with self.database.transaction() as session:
            end_enrollments(session, ACTOR, ENTERPRISE, transaction_uuids=[transaction], at=now)

    def settle(self, transaction: UUID, error: str | None = None) -> str:
        """As the job does once the LMS has answered; the new state."""
        return _settle(self.database, ENTERPRISE, transaction, error)

    def redeemed(self, email: str = "ana@example.com", **wish: Any) -> UUID:
        """A committed transaction."""
        transaction = self.redeem(email, **wish)
        self.complete(transaction)
        return transaction

    def expire(self, now: datetime) -> dict[str, int]:
        done = assignments.expire_assignments(self.database, at=now)
        return {"expired": done.expired, "refreshed": done.refreshed}

    def scrub(self, now: datetime) -> dict[str, int]:
        done = assignments.scrub_pii(self.database, at=now)
        return {"scrubbed": done.scrubbed, "waiting for mail": done.waiting_for_mail}

    def overwrite(self, **values: Any) -> None:
        """Columns of every assignment."""
        with self.database.transaction() as session:
            session.execute(update(Assignment).values(**values))

    def money(self) -> Money:
        with self.database.transaction() as session:
            return lock_budget(session, ENTERPRISE, self.policy_uuid).money

    @property
    def figures(self) -> tuple[int, int, int]:
        """Redeemed, allocated and still available, in cents."""
        money = self.money()
        return money.redeemed, money.allocated, money.available

    def rows(self) -> list[AnyRow]:
        with self.database.read() as connection:
            statement = select(*Assignment.__table__.c).where(
                Assignment.configuration_uuid == self.configuration_uuid
            )
            return list(connection.execute(statement.order_by(Assignment.learner_email)))

    def row(self, uuid: UUID) -> AnyRow:
        return next(row for row in self.rows() if row.uuid == uuid)

    def states(self) -> dict[str, str]:
        return {row.learner_email: row.state for row in self.rows()}

    def transaction(self, uuid: UUID) -> TransactionItem:
        with self.database.transaction() as session:
            return redemption.get_transaction(session, ENTERPRISE, uuid)

    def transactions(self) -> int:
        with self.database.read() as connection:
            counted = select(func.count()).select_from(SubsidyTransaction)
            return int(connection.execute(counted).scalar_one())

    def actions(self, uuid: UUID) -> list[AnyRow]:
        with self.database.read() as connection:
            columns = AssignmentAction.__table__.c
            statement = select(*columns).where(columns.assignment_uuid == uuid)
            return list(connection.execute(statement.order_by(columns.id)))

    def mails(self) -> list[AnyRow]:
        with self.database.read() as connection:
            return list(connection.execute(select(*Delivery.__table__.c).order_by(Delivery.id)))

    def finish_mails(self, status: DeliveryStatus = DeliveryStatus.DELIVERED) -> None:
        with self.database.transaction() as session:
            for each in session.scalars(select(Delivery)):
                each.status, each.finished_at = status.value, NOW

    def audited(self) -> list[tuple[str, str]]:
        """What happened to assignments and transactions: the type, and the object."""
        with self.database.read() as connection:
            statement = select(EventRecord.type, EventRecord.object_id).order_by(EventRecord.id)
            rows = [tuple(row) for row in connection.execute(statement)]
        return [(kind, uuid) for kind, uuid in rows if kind.split(".")[0] in _OURS]

    def events(self, *types: str) -> list[AnyRow]:
        """What was told, of these types."""
        with self.database.read() as connection:
            columns = EventRecord.__table__.c
            statement = select(*columns).where(columns.type.in_(types)).order_by(columns.id)
            return list(connection.execute(statement))

    def sibling(self, **fields: Any) -> "Budget":
        """Another policy of the same subsidy."""
        return _put_policy(self.database, self.subsidy_uuid, fields)

    def change_policy(self, **fields: Any) -> None:
        with self.database.transaction() as session:
            command = PutPolicy(uuid=self.policy_uuid, enterprise_uuid=ENTERPRISE, **fields)
            put_policy(session, ACTOR, command, at=NOW)

    def change_subsidy(self, now: datetime = NOW, **fields: Any) -> None:
        with self.database.transaction() as session:
            command = PutSubsidy(uuid=self.subsidy_uuid, enterprise_uuid=ENTERPRISE, **fields)
            put_subsidy(session, ACTOR, command, at=now)

    def know(self, learners: Sequence[tuple[str, int]]) -> None:
        """Their accounts; no assignment is linked by this."""
        declared = [DeclaredLearner(email=email, lms_user_id=user) for email, user in learners]
        with self.database.transaction() as session:
            put_learners(session, ACTOR, ENTERPRISE, declared, at=NOW)

    def publish(self, *documents: dict[str, Any], now: datetime = NOW) -> None:
        with self.database.transaction() as session:
            store(session, documents, now)

    def problems(self) -> list[str]:
        with self.database.snapshot() as connection:
            return list(check_credit(connection))


_OURS = {"assignment", "transaction"}


def open_budget(database: Database, *, deposit: int = 100_000, **fields: Any) -> Budget:
    """`subsidy_...` fields are the subsidy's, the others the policy's."""
    subsidy_uuid = uuid4()
    of_subsidy: dict[str, Any] = {
        "active_datetime": NOW - 100 * DAY,
        "expiration_datetime": NOW + 600 * DAY,
        "starting_balance": deposit,
    }
    of_subsidy |= {
        name.removeprefix("subsidy_"): fields.pop(name)
        for name in list(fields)
        if name.startswith("subsidy_")
    }
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        dollars = PRICE_CENTS / 100
        priced = course_until(None, "Priced", first_enrollable_paid_seat_price=dollars)
        store(session, [course_until(None), priced])
        command = PutSubsidy(uuid=subsidy_uuid, enterprise_uuid=ENTERPRISE, **of_subsidy)
        put_subsidy(session, ACTOR, command, at=NOW)
    return _put_policy(database, subsidy_uuid, fields)


def _put_policy(database: Database, subsidy_uuid: UUID, fields: dict[str, Any]) -> Budget:
    uuid, configuration_uuid = uuid4(), uuid4()
    wanted: dict[str, Any] = {
        "policy_type": ASSIGNED,
        "catalog_uuid": CATALOG,
        "subsidy_uuid": subsidy_uuid,
        "allow_unknown_price": True,
    }
    wanted |= fields
    is_assigned = wanted["policy_type"] == ASSIGNED
    if is_assigned:
        wanted["assignment_configuration"] = DeclaredConfiguration(configuration_uuid)
    with database.transaction() as session:
        command = PutPolicy(uuid=uuid, enterprise_uuid=ENTERPRISE, **wanted)
        put_policy(session, ACTOR, command, at=NOW)
    return Budget(database, uuid, subsidy_uuid, configuration_uuid if is_assigned else None)
