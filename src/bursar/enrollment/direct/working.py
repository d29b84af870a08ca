"""Fulfils wishes: they are looked at together, done in the LMS, and then recorded in one
transaction."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.bulk import bulk_update
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.delivery.service import enqueue
from bursar.enrollment.commands import NewEnrollment, Payer, Place
from bursar.enrollment.direct import queries
from bursar.enrollment.direct.commands import WishState
from bursar.enrollment.direct.events import DirectEnrollmentsSettled
from bursar.enrollment.direct.mail import mails_of
from bursar.enrollment.direct.models import DirectEnrollment
from bursar.enrollment.direct.rules import is_paid_by_others
from bursar.enrollment.gateway import LmsEnrollment, LmsGateway, LmsOutcome, require_answers
from bursar.enrollment.rehearsal import end_in_lms, enroll_in_lms
from bursar.enrollment.service import (
    end_enrollments,
    find_payers,
    held_elsewhere,
    record_enrollments,
)
from bursar.events.service import publish
from bursar.learners.accounts import lock_accounts
from bursar.learners.service import LearnerRecord, get_learners

ACTOR: Final = Actor("job:direct-enrollments", kind=ActorKind.TASK)
QueueAgain: TypeAlias = Callable[[Session, Sequence[int], datetime], None]
"""Queues wishes, by their ids, for another job, in the caller's transaction. The LMS may hold
enrollments of theirs."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """Some wishes of a batch, and what is to be done about them in the LMS."""

    batch_uuid: UUID
    rows: Sequence[AnyRow]
    enrollments: Mapping[int, LmsEnrollment]
    """By the id of the wish. Nothing is to be done where somebody else pays, and where there is
    nothing to end."""
    shared: AbstractSet[int]
    """The wishes to end seats that another address of the account holds too: they end for the one
    address, and stay in the LMS."""


@dataclass(frozen=True, slots=True)
class Working:
    """What the work needs of the composition."""

    database: Database
    gateway: LmsGateway
    queue_again: QueueAgain
    lms_public_url: str


def work_on(working: Working, batch_uuid: UUID, size: int) -> int:
    """How many wishes of the batch were settled; zero when none is left.

    It opens its own transactions, one before the LMS is called and one after, and is safe to
    repeat. A wish about which the LMS did not answer stays queued. Raises LmsUnavailable when there
    were no others.
    """
    with working.database.transaction() as session:
        looked = _look(session, batch_uuid, size)
    if not looked.rows:
        return 0
    outcomes = _do_in_lms(working.database, working.gateway, looked)
    unanswered = {each for each, outcome in outcomes.items() if outcome.is_unavailable}
    with working.database.transaction() as session:
        _record(session, working, looked, outcomes, clock.now())
    if len(unanswered) == len(looked.rows):
        require_answers(outcomes.values())
    return len(looked.rows) - len(unanswered)


def _look(session: Session, batch_uuid: UUID, size: int) -> Looked:
    rows = queries.queued_wishes(session, batch_uuid, size)
    if not rows:
        return Looked(batch_uuid, rows, {}, frozenset())
    learners = get_learners(session, list({row.learner_id for row in rows}))
    payers = find_payers(session, rows[0].enterprise_uuid, [_place(row) for row in rows])
    shared = _shared(session, rows)
    enrollments = {
        row.id: _in_lms(row, learners[row.learner_id])
        for row in rows
        if row.id not in shared
        and not is_paid_by_others(payers.get(_place(row)))
        and (row.is_active or row.in_lms)
    }
    # Noted before the LMS is called: whoever takes the wish back meanwhile has it ended there.
    begun = [row.id for row in rows if row.id in enrollments and row.is_active and not row.in_lms]
    queries.change_wishes(session, begun, {"in_lms": True})
    return Looked(batch_uuid, rows, enrollments, shared)


def _shared(session: Session, rows: Sequence[AnyRow]) -> set[int]:
    """The wishes to end what another address of the account holds too. Of several that are to end
    here, the last one ends it in the LMS."""
    ending = {_place(row): row.id for row in rows if not row.is_active}
    shared: set[int] = set()
    for held in held_elsewhere(session, list(ending)):
        mine = ending[held.learner_id, held.courserun_key]
        if mine < ending.get((held.other_id, held.courserun_key), sys.maxsize):
            shared.add(mine)
    return shared


def _place(row: AnyRow) -> Place:
    return row.learner_id, row.courserun_key


def _in_lms(row: AnyRow, learner: LearnerRecord) -> LmsEnrollment:
    return LmsEnrollment(
        row.enterprise_uuid,
        learner.email,
        learner.lms_user_id,
        learner.username,
        row.courserun_key,
        row.mode,
    )


def _do_in_lms(database: Database, gateway: LmsGateway, looked: Looked) -> dict[int, LmsOutcome]:
    """The outcome for each wish about which something was to be done."""
    outcomes: dict[int, LmsOutcome] = {}
    for is_active, act in ((True, enroll_in_lms), (False, end_in_lms)):
        ids = [
            row.id
            for row in looked.rows
            if row.is_active is is_active and row.id in looked.enrollments
        ]
        if ids:
            done = act(database, gateway, [looked.enrollments[each] for each in ids])
            outcomes.update(zip(ids, done, strict=True))
    return outcomes


def _record(
    session: Session,
    working: Working,
    looked: Looked,
    outcomes: Mapping[int, LmsOutcome],
    now: datetime,
) -> None:
    people = lock_accounts(session, list({row.learner_id for row in looked.rows}))
    mine = queries.still_queued(session, looked.batch_uuid, [row.id for row in looked.rows])
    rows = [row for row in looked.rows if row.id in mine and _is_answered(outcomes, row)]
    # Who shared a seat may have left it meanwhile: then it has to end in the LMS too.
    alone = looked.shared & mine - _shared(session, rows)
    rows = [row for row in rows if row.id not in alone]
    enrolled = [row for row in rows if row.is_active and _is_good(outcomes, row)]
    _record_enrollments(session, enrolled, now)
    ended = [
        row
        for row in rows
        if not row.is_active and (_is_good(outcomes, row) or row.id in looked.shared)
    ]
    _record_ends(session, ended, now)
    changes = [_settled(row, outcomes.get(row.id), now) for row in rows]
    bulk_update(session, DirectEnrollment, changes)
    to_notify = [(row, people[row.learner_id].email) for row in enrolled if row.notify]
    enqueue(session, mails_of(session, to_notify, working.lms_public_url), now)
    _tell(session, looked, changes, now)
    # Whoever changed a wish while the LMS was called may have been quicker there than that call.
    if lost := sorted((outcomes.keys() - mine) | alone):
        working.queue_again(session, lost, now)


def _is_answered(outcomes: Mapping[int, LmsOutcome], row: AnyRow) -> bool:
    return row.id not in outcomes or not outcomes[row.id].is_unavailable


def _is_good(outcomes: Mapping[int, LmsOutcome], row: AnyRow) -> bool:
    return row.id in outcomes and outcomes[row.id].is_good


def _record_enrollments(session: Session, rows: Sequence[AnyRow], now: datetime) -> None:
    enrollments = [
        NewEnrollment(
            row.enterprise_uuid, row.learner_id, row.courserun_key, Payer.API, mode=row.mode
        )
        for row in rows
    ]
    record_enrollments(session, ACTOR, enrollments, at=now)


def _record_ends(session: Session, rows: Sequence[AnyRow], now: datetime) -> None:
    if rows:
        places = [_place(row) for row in rows]
        end_enrollments(session, ACTOR, rows[0].enterprise_uuid, places=places, at=now)


def _settled(row: AnyRow, outcome: LmsOutcome | None, now: datetime) -> dict[str, Any]:
    """The columns of a wish after it was worked on. Without an outcome, nothing was to be done."""
    state, error = WishState.DONE, None
    if outcome is not None and outcome.needs_account and row.is_active:
        state = WishState.WAITING
    elif outcome is not None and not outcome.is_good:
        state, error = WishState.FAILED, outcome.error
        _log.warning(
            "the LMS refused a direct enrollment",
            courserun_key=row.courserun_key,
            is_active=row.is_active,
            reason=error,
        )
    return {
        "id": row.id,
        "state": state.value,
        "error": error,
        "in_lms": outcome is not None
        and _stays_in_lms(row, state, will_be_done=outcome.will_be_done),
        "modified_at": now,
    }


def _stays_in_lms(row: AnyRow, state: WishState, *, will_be_done: bool) -> bool:
    """Whether it has to be ended there when the wish is taken back."""
    if state is WishState.FAILED:
        return bool(row.in_lms)
    if state is WishState.WAITING:
        return will_be_done
    return state is WishState.DONE and bool(row.is_active)


def _tell(
    session: Session, looked: Looked, changes: Iterable[Mapping[str, Any]], now: datetime
) -> None:
    counts = Counter(change["state"] for change in changes)
    if not counts:
        return
    event = DirectEnrollmentsSettled(
        object_id=looked.batch_uuid,
        enterprise_uuid=looked.rows[0].enterprise_uuid,
        changes={state: (None, count) for state, count in sorted(counts.items())},
        batch_uuid=looked.batch_uuid,
    )
    publish(session, ACTOR, [event], at=now)
