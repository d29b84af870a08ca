"""Learners of an enterprise, by e-mail. Every function expects the caller's transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.bulk import found_by_each, insert_missing, is_any_of, is_any_of_given
from bursar.declarations import given
from bursar.emails import normalised
from bursar.events.event import Changes, Event
from bursar.events.service import publish
from bursar.learners.commands import DeclaredLearner
from bursar.learners.events import (
    LearnerChanged,
    LearnerConsentChanged,
    LearnerCreated,
    LearnerLinked,
)
from bursar.learners.models import Learner
from bursar.learners.views import LearnerView

BATCH: Final = 10_000
"""E-mails of one statement: SQLite takes some thirty thousand parameters."""

FIELDS: Final = {
    "lms_user_id": "lms_user_id",
    "username": "username",
    "sso_uid": "sso_uid",
    "country": "country",
    "consent": "consent",
    "created": "created_at",
}
"""The fields of a `DeclaredLearner` but for the e-mail, and the column of each."""


@dataclass(frozen=True, slots=True)
class LearnerRecord:
    id: int
    enterprise_uuid: UUID
    email: str
    lms_user_id: int | None
    username: str | None
    sso_uid: str | None
    country: str | None
    consent: bool
    created_at: datetime
    deactivated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PutResult:
    created: int
    changed: int
    unchanged: int


_learners = Learner.__table__.c
_COLUMNS: Final = (
    _learners.id,
    _learners.enterprise_uuid,
    _learners.email,
    _learners.lms_user_id,
    _learners.username,
    _learners.sso_uid,
    _learners.country,
    _learners.consent,
    _learners.created_at,
    _learners.deactivated_at,
)
_SELECT: Final[Select[Any]] = select(*_COLUMNS)
_OF_ENTERPRISE: Final = _SELECT.where(_learners.enterprise_uuid == bindparam("enterprise_uuid"))
_LISTED: Final = _OF_ENTERPRISE.order_by(_learners.email)
_OLDEST: Final = _OF_ENTERPRISE.order_by(_learners.id).limit(1)
_BY_EMAIL: Final = _OLDEST.where(_learners.email == bindparam("email"))
_BY_ACCOUNT: Final = _OLDEST.where(_learners.lms_user_id == bindparam("lms_user_id"))
_UPDATE: Final = (
    update(Learner)
    .where(Learner.id == bindparam("learner_id"))
    .values({column: bindparam(f"new_{column}") for column in (*FIELDS.values(), "modified_at")})
)


def find_learners(
    session: Session, enterprise_uuid: UUID, emails: Sequence[str]
) -> dict[str, LearnerRecord]:
    """By normalised e-mail; unknown ones are left out. One statement for 10,000."""
    return _find(session, enterprise_uuid, emails, locked=False)


def find_learner(
    session: Session,
    enterprise_uuid: UUID,
    *,
    email: str | None = None,
    lms_user_id: int | None = None,
) -> LearnerRecord | None:
    """By e-mail when there is one, else the oldest with the account."""
    values: dict[str, Any] = {"enterprise_uuid": enterprise_uuid}
    if email is not None:
        row = session.execute(_BY_EMAIL, values | {"email": normalised(email)}).first()
    else:
        row = session.execute(_BY_ACCOUNT, values | {"lms_user_id": lms_user_id}).first()
    return None if row is None else LearnerRecord(*row)


def find_learners_by_account(
    session: Session, enterprise_uuid: UUID, accounts: Sequence[int]
) -> dict[int, LearnerRecord]:
    """By lms_user_id, of each the oldest learner who has it; unknown ones are left out. One
    statement for 10,000."""
    found: dict[int, LearnerRecord] = {}
    for batch in batched(set(accounts), BATCH):
        statement = _OF_ENTERPRISE.where(is_any_of(session, Learner.lms_user_id, batch))
        values = {"enterprise_uuid": enterprise_uuid}
        for row in session.connection().execute(statement.order_by(_learners.id), values):
            found.setdefault(row.lms_user_id, LearnerRecord(*row))
    return found


def get_learners(session: Session, ids: Sequence[int]) -> dict[int, LearnerRecord]:
    """By id; of whichever enterprise. One statement for 10,000."""
    found: dict[int, LearnerRecord] = {}
    for batch in batched(ids, BATCH):
        statement = _SELECT.where(is_any_of(session, Learner.id, batch))
        found.update((row.id, LearnerRecord(*row)) for row in session.execute(statement))
    return found


def list_learners(session: Session, enterprise_uuid: UUID) -> list[LearnerRecord]:
    """Ordered by e-mail."""
    rows = session.execute(_LISTED, {"enterprise_uuid": enterprise_uuid})
    return [LearnerRecord(*row) for row in rows]


def ensure_learners(
    session: Session, enterprise_uuid: UUID, emails: Sequence[str], now: datetime
) -> dict[str, LearnerRecord]:
    """By normalised e-mail; those that were unknown exist afterwards, without an account."""
    wanted = _distinct(emails)
    found = find_learners(session, enterprise_uuid, wanted)
    missing = [email for email in wanted if email not in found]
    if not missing:
        return found
    _insert(session, enterprise_uuid, {email: {} for email in missing}, now)
    return found | find_learners(session, enterprise_uuid, missing)


def lock_learners(
    session: Session, enterprise_uuid: UUID, emails: Sequence[str], now: datetime
) -> dict[str, LearnerRecord]:
    """As `ensure_learners`, and until the transaction ends nobody else changes them or writes
    enrollments of theirs. Whoever holds a budget or a plan too has taken that before."""
    wanted = sorted(_distinct(emails))
    found = _find(session, enterprise_uuid, wanted, locked=True)
    missing = [email for email in wanted if email not in found]
    created = _insert(session, enterprise_uuid, {email: {} for email in missing}, now)
    for email, learner_id in created.items():
        found[email] = LearnerRecord(
            id=learner_id,
            enterprise_uuid=enterprise_uuid,
            email=email,
            lms_user_id=None,
            username=None,
            sso_uid=None,
            country=None,
            consent=False,
            created_at=now,
        )
    others = [email for email in missing if email not in created]
    return found | _find(session, enterprise_uuid, others, locked=True)


def lock_known_learners(session: Session, ids: Sequence[int]) -> dict[int, LearnerRecord]:
    """As `lock_learners`, by id; of whichever enterprise."""
    connection = session.connection()
    found: dict[int, LearnerRecord] = {}
    for batch in batched(ids, BATCH):
        rows = connection.execute(_held_by_id(connection.dialect.name), {"ids": batch})
        found.update((row.id, LearnerRecord(*row)) for row in rows)
    return found


@lru_cache
def _held_by_id(dialect: str) -> Select[Any]:
    statement = _SELECT.where(is_any_of_given(dialect, _learners.id, "ids"))
    return _locked(statement.order_by(_learners.enterprise_uuid, _learners.email))


def put_learners(
    session: Session,
    actor: Actor,
    enterprise_uuid: UUID,
    learners: Sequence[DeclaredLearner],
    *,
    at: datetime | None = None,
) -> PutResult:
    """Creates learners, or brings them to what is declared. Of equal e-mails, the last counts.

    It takes a constant number of statements for each ten thousand learners.
    """
    at = at or clock.now()
    wanted = _declared(learners)
    stored = _find(session, enterprise_uuid, list(wanted), locked=True)
    missing = {email: fields for email, fields in wanted.items() if email not in stored}
    created = _insert(session, enterprise_uuid, missing, at)
    # What another transaction has created in these moments is there, and not by us.
    stored |= _find(session, enterprise_uuid, list(missing.keys() - created.keys()), locked=True)
    differences = {email: _difference(stored[email], wanted[email]) for email in stored}
    changes = {email: fields for email, fields in differences.items() if fields}
    _update(session, [(stored[email], fields) for email, fields in changes.items()], at)
    publish(
        session,
        actor,
        [
            *_news_of_created(enterprise_uuid, created, wanted),
            *_news_of_changed({email: (stored[email], changes[email]) for email in changes}),
        ],
        at=at,
    )
    return PutResult(len(created), len(changes), len(stored) - len(changes))


def _news_of_created(
    enterprise_uuid: UUID, created: Mapping[str, int], wanted: Mapping[str, Mapping[str, Any]]
) -> Iterator[Event]:
    for email, learner_id in created.items():
        fields = wanted[email]
        yield LearnerCreated(
            object_id=str(learner_id),
            enterprise_uuid=enterprise_uuid,
            changes=_changes({}, fields, consent=fields.get("consent", False)),
            data=_view(learner_id, email, fields),
            is_first=True,
            learner_id=learner_id,
            email=email,
        )
        if fields.get("lms_user_id") is not None:
            yield _linked(enterprise_uuid, learner_id, email, fields)


def _news_of_changed(
    changed: Mapping[str, tuple[LearnerRecord, Mapping[str, Any]]],
) -> Iterator[Event]:
    for email, (learner, fields) in changed.items():
        before = {name: getattr(learner, name) for name in FIELDS.values()}
        after = {**before, **fields}
        common: dict[str, Any] = {
            "object_id": str(learner.id),
            "enterprise_uuid": learner.enterprise_uuid,
            "data": _view(learner.id, email, after),
            "learner_id": learner.id,
            "email": email,
        }
        consent = {name: fields[name] for name in ("consent",) if name in fields}
        others = {name: value for name, value in fields.items() if name != "consent"}
        if others:
            changes = _changes(before, others, consent=after["consent"])
            yield LearnerChanged(changes=changes, **common)
        if consent:
            yield LearnerConsentChanged(changes=_changes(before, consent, consent=True), **common)
        if fields.get("lms_user_id") is not None:
            yield _linked(learner.enterprise_uuid, learner.id, email, after)


def _linked(
    enterprise_uuid: UUID, learner_id: int, email: str, fields: Mapping[str, Any]
) -> LearnerLinked:
    return LearnerLinked(
        object_id=str(learner_id),
        enterprise_uuid=enterprise_uuid,
        data=_view(learner_id, email, fields),
        learner_id=learner_id,
        email=email,
        lms_user_id=fields["lms_user_id"],
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], *, consent: bool) -> Changes:
    """Without consent, which fields changed, but not what they hold: the log is kept for long."""
    return {
        name: (before.get(column), after[column]) if consent else (None, None)
        for name, column in FIELDS.items()
        if column in after
    }


def _view(learner_id: int, email: str, fields: Mapping[str, Any]) -> LearnerView:
    consent = bool(fields.get("consent", False))
    if not consent:
        return LearnerView(learner_id, consent)
    return LearnerView(
        learner_id,
        consent,
        email,
        fields.get("lms_user_id"),
        fields.get("username"),
        fields.get("sso_uid"),
        fields.get("country"),
        fields.get("created_at"),
    )


def _find(
    session: Session, enterprise_uuid: UUID, emails: Sequence[str], *, locked: bool
) -> dict[str, LearnerRecord]:
    found: dict[str, LearnerRecord] = {}
    distinct = _distinct(emails)
    connection = session.connection()
    statement = _by_email(connection.dialect.name, locked=locked)
    for batch in batched(distinct, BATCH):
        rows = connection.execute(statement, {"enterprise_uuid": enterprise_uuid, "emails": batch})
        found.update((row.email, LearnerRecord(*row)) for row in rows)
    return found


@lru_cache
def _by_email(dialect: str, *, locked: bool) -> Select[Any]:
    if locked:  # in one order
        return _locked(_LISTED.where(is_any_of_given(dialect, _learners.email, "emails")))
    conditions = (_learners.enterprise_uuid == bindparam("enterprise_uuid"),)
    return found_by_each(dialect, _COLUMNS, conditions, _learners.email, "emails")


def _locked(statement: Select[Any]) -> Select[Any]:
    """Not against those who only name a learner: nobody's id ever changes."""
    return statement.with_for_update(key_share=True)


def _insert(
    session: Session,
    enterprise_uuid: UUID,
    learners: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> dict[str, int]:
    """The ids of those that did not exist."""
    if not learners:
        return {}
    defaults = dict.fromkeys(FIELDS.values()) | {
        "enterprise_uuid": enterprise_uuid,
        "consent": False,
        "created_at": now,
        "modified_at": now,
    }
    # In one order everywhere: two transactions never wait for each other in a circle.
    rows = [{**defaults, "email": email, **learners[email]} for email in sorted(learners)]
    returned = insert_missing(session, Learner, rows, ("email", "id"))
    return {row.email: row.id for row in returned}


def _update(
    session: Session, changes: Sequence[tuple[LearnerRecord, Mapping[str, Any]]], now: datetime
) -> None:
    if not changes:
        return
    rows = [
        {
            f"new_{column}": fields.get(column, getattr(learner, column))
            for column in FIELDS.values()
        }
        | {"learner_id": learner.id, "new_modified_at": now}
        for learner, fields in changes
    ]
    # On the connection: a session would take this for an update by primary key.
    session.connection().execute(_UPDATE, rows)


def _declared(learners: Sequence[DeclaredLearner]) -> dict[str, dict[str, Any]]:
    """The columns to set, by normalised e-mail."""
    declared: dict[str, dict[str, Any]] = {}
    for learner in learners:
        fields = given(learner)
        email = normalised(fields.pop("email"))
        columns = {FIELDS[name]: value for name, value in fields.items()}
        declared[email] = _without_impossible_nulls(columns)
    return declared


def _without_impossible_nulls(columns: dict[str, Any]) -> dict[str, Any]:
    if columns.get("consent", False) is None:
        columns["consent"] = False
    if columns.get("created_at", ...) is None:
        del columns["created_at"]
    return columns


def _difference(stored: LearnerRecord, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if getattr(stored, name) != value}


def _distinct(emails: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(normalised(email) for email in emails))
