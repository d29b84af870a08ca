"""Reports of a test's own: rows written as they are stored, and what should be shown of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bursar.catalog.content.models import RunFacts
from bursar.database.engine import Database
from bursar.enrollment.models import Enrollment, EnrollmentDay
from bursar.identity.models import Enterprise
from bursar.learners.models import Learner

NOW: Final = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
TODAY: Final = NOW.date()
Row = dict[str, Any]


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def at(day: date, hour: int = 9) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


@dataclass
class World:
    """One enterprise with its report."""

    database: Database
    uuid: UUID = field(default_factory=uuid4)
    learners: dict[str, Row] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    facts: dict[str, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            session.add(
                Enterprise(
                    uuid=self.uuid,
                    name="Acme, Inc.",
                    slug=str(self.uuid),
                    country=None,
                    contact_email=None,
                    created_at=NOW,
                    modified_at=NOW,
                )
            )

    def write(self, learners: Iterable[Row], facts: Iterable[Row], rows: Sequence[Row]) -> "World":
        """A row names its learner by `email`; see `row` and `learner`."""
        with self.database.transaction() as session:
            self._write_learners(session, learners)
            self._write_facts(session, facts)
            self._write_rows(session, rows)
        return self

    def _write_learners(self, session: Session, learners: Iterable[Row]) -> None:
        for given in learners:
            stored = {"enterprise_uuid": self.uuid, "modified_at": NOW, **given}
            session.execute(insert(Learner).values(**stored))
            found = select(Learner.id).where(
                Learner.enterprise_uuid == self.uuid, Learner.email == given["email"]
            )
            self.learners[given["email"]] = given | {"id": session.scalar(found)}

    def _write_facts(self, session: Session, facts: Iterable[Row]) -> None:
        for given in facts:
            session.execute(insert(RunFacts).values(course_id=None, is_own=False, **given))
            self.facts[given["run_key"]] = given

    def _write_rows(self, session: Session, rows: Sequence[Row]) -> None:
        days: Counter[int] = Counter()
        for given in rows:
            stored = {name: value for name, value in given.items() if name != "email"}
            stored["enterprise_uuid"] = self.uuid
            stored["learner_id"] = self.learners[given["email"]]["id"]
            active = given["last_activity_date"] if given["is_consented"] else None
            stored["activity_day"] = 0 if active is None else active.toordinal()
            session.execute(insert(Enrollment).values(**stored))
            found = select(Enrollment.id).where(
                Enrollment.learner_id == stored["learner_id"],
                Enrollment.courserun_key == given["courserun_key"],
            )
            self.rows.append(given | {"id": session.scalar(found)})
            days[stored["activity_day"]] += 1
        for day, number in days.items():
            session.execute(
                insert(EnrollmentDay).values(
                    enterprise_uuid=self.uuid, activity_day=day, row_count=number
                )
            )

    def expected(self) -> list[Row]:
        """What the report should show, in the order of the ids."""
        shown = [
            shown_of(row, self.learners[row["email"]], self.facts.get(row["courserun_key"], {}))
            for row in sorted(self.rows, key=lambda row: row["id"])
        ]
        common = {"enterprise_customer_uuid": str(self.uuid), "enterprise_name": "Acme, Inc."}
        return [row | common for row in shown]


def learner(email: str, **others: Any) -> Row:
    return {
        "email": email,
        "lms_user_id": None,
        "username": None,
        "sso_uid": None,
        "country": None,
        "consent": True,
        "created_at": NOW,
        **others,
    }


_REPORTED: Final = (
    "is_consent_granted",
    "amount_learner_paid",
    "contract_id",
    "coupon_code",
    "coupon_name",
    "course_duration",
    "course_end",
    "course_key",
    "course_list_price",
    "course_max_effort",
    "course_min_effort",
    "course_pacing_type",
    "course_primary_program",
    "course_primary_subject",
    "course_start",
    "course_title",
    "current_grade",
    "has_passed",
    "is_refunded",
    "last_activity_date",
    "letter_grade",
    "offer_name",
    "offer_type",
    "paid_by",
    "passed_date",
    "seat_delivery_method",
)


def row(email: str, courserun_key: str, *, consented: bool = True, **others: Any) -> Row:
    payer = others.get("payer", "reported")
    return {
        "email": email,
        "courserun_key": courserun_key,
        "mode": "verified",
        "payer": payer,
        "license_uuid": uuid4() if payer == "license" else None,
        "transaction_uuid": uuid4() if payer == "credit" else None,
        "enrolled_at": NOW,
        "unenrolled_at": None,
        "created_at": NOW,
        "is_consented": consented,
        "changed_at": NOW,
        **dict.fromkeys(_REPORTED),
        **others,
    }


_FROM_FACTS: Final = {
    "course_duration": "weeks_to_complete",
    "course_end": "end_date",
    "course_key": "course_key",
    "course_list_price": "list_price",
    "course_max_effort": "max_effort",
    "course_min_effort": "min_effort",
    "course_pacing_type": "pacing_type",
    "course_primary_program": "primary_program",
    "course_primary_subject": "primary_subject",
    "course_start": "start_date",
    "course_title": "course_title",
}
HIDDEN: Final = (
    "has_passed",
    "last_activity_date",
    "progress_status",
    "passed_date",
    "current_grade",
    "letter_grade",
    "enterprise_user_id",
    "user_email",
    "user_account_creation_date",
    "user_country",
    "user_username",
    "enterprise_sso_uid",
)


def shown_of(row: Row, person: Row, facts: Mapping[str, Any]) -> Row:
    """As the reference and its page say, read by somebody else than the program."""
    shown = {name: row[name] for name in _REPORTED}
    for name, fact in _FROM_FACTS.items():
        shown[name] = row[name] if row[name] is not None else facts.get(fact)
    by_enterprise = row["payer"] != "reported"
    enrolled = row["enrolled_at"] and row["enrolled_at"].date()
    shown |= {
        "is_consent_granted": row["is_consented"],
        "course_api_url": None,
        "courserun_key": row["courserun_key"],
        "created": row["changed_at"] if row["is_consented"] else _last_seen_of(row),
        "enrollment_date": enrolled,
        "enrollment_id": row["id"],
        "enterprise_enrollment_id": row["id"],
        "enterprise_sso_uid": person["sso_uid"],
        "enterprise_user_id": person["lms_user_id"],
        "is_refunded": bool(row["is_refunded"]),
        "unenrollment_date": row["unenrolled_at"] and row["unenrolled_at"].date(),
        "user_account_creation_date": person["created_at"],
        "user_country": person["country"],
        "user_current_enrollment_mode": row["mode"],
        "user_email": person["email"],
        "user_username": person["username"],
    }
    if shown["amount_learner_paid"] is None and by_enterprise:
        shown["amount_learner_paid"] = 0.0
    if shown["paid_by"] is None and by_enterprise:
        shown["paid_by"] = "Enterprise"
    if shown["seat_delivery_method"] is None:
        shown["seat_delivery_method"] = {"license": "Subscription", "credit": "Learner Credit"}.get(
            row["payer"]
        )
    shown["progress_status"] = _progress(row["has_passed"], shown["course_end"])
    shown["unenrollment_end_within_date"] = None
    if row["unenrolled_at"] is None and enrolled is not None:
        begin = max(enrolled, shown["course_start"] or enrolled)
        if begin <= date.max - timedelta(days=14):
            shown["unenrollment_end_within_date"] = begin + timedelta(days=14)
    return shown if row["is_consented"] else shown | dict.fromkeys(HIDDEN)


def _progress(has_passed: bool | None, course_end: date | None) -> str:
    if has_passed:
        return "Passed"
    return "Failed" if course_end is not None and course_end < TODAY else "In Progress"


def _last_seen_of(row: Row) -> datetime:
    seen = [instant for instant in (row["enrolled_at"], row["unenrolled_at"]) if instant]
    latest: datetime = max(seen, default=row["created_at"])
    return latest
