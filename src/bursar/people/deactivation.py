"""Somebody has left: what was promised goes back, and nothing new can be given.

Every function expects the caller's transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.assignments.commands import CancelAssignments, LearnerSelection
from bursar.credit.assignments.service import assignments_of_learner, cancel
from bursar.credit.policies.service import lock_enterprise
from bursar.credit.states import AssignmentState
from bursar.events.service import publish
from bursar.learners.accounts import lock_accounts
from bursar.learners.events import LearnerDeactivated, LearnerReactivated
from bursar.learners.renaming import set_deactivated, view_of_learner
from bursar.learners.service import LearnerRecord
from bursar.learners.views import DeactivatedLearner
from bursar.pages import PageRequest
from bursar.subscriptions.licenses import service as licenses
from bursar.subscriptions.licenses.commands import PersonSelection, RevokeLicenses
from bursar.subscriptions.licenses.states import LIVE
from bursar.subscriptions.plans.service import lock_enterprise_plans

_AT_ONCE: Final = 10_000
"""Nobody has as many licenses or assignments."""


def lock_what_is_given(session: Session, enterprise_uuid: UUID) -> None:
    """Nothing of the enterprise is assigned, redeemed or taken back by others until the transaction
    ends. In the order of everybody who locks several."""
    lock_enterprise(session, enterprise_uuid)
    lock_enterprise_plans(session, enterprise_uuid)


def deactivate_person(session: Session, actor: Actor, learner_id: int, *, at: datetime) -> None:
    """Cancels what is allocated to the person and revokes the licenses, as far as the caps of the
    plans allow. The event says what they do not allow. Doing it twice changes nothing.

    The caller has called `lock_what_is_given`.
    """
    learners = lock_accounts(session, [learner_id])
    if learner_id not in learners or learners[learner_id].deactivated_at is not None:
        return
    everybody = list(learners.values())
    cancelled = sum(_cancel(session, actor, learner, at) for learner in everybody)
    revoked, kept = _revoke(session, actor, everybody, at)
    set_deactivated(session, list(learners), at, is_gone=True)
    learner = learners[learner_id]
    told = LearnerDeactivated(
        object_id=str(learner_id),
        enterprise_uuid=learner.enterprise_uuid,
        changes={
            "active": (True, False),
            "cancelled_assignments": (None, cancelled),
            "revoked_licenses": (None, revoked),
            "kept_licenses": (None, ", ".join(map(str, kept)) or None),
        },
        data=DeactivatedLearner(view_of_learner(learner), cancelled, revoked, kept),
    )
    publish(session, actor, [told], at=at)


def reactivate_person(session: Session, actor: Actor, learner_id: int, *, at: datetime) -> None:
    """Gives nothing back. Doing it twice changes nothing."""
    learners = lock_accounts(session, [learner_id])
    if learner_id not in learners or learners[learner_id].deactivated_at is None:
        return
    set_deactivated(session, list(learners), at, is_gone=False)
    learner = learners[learner_id]
    told = LearnerReactivated(
        object_id=str(learner_id),
        enterprise_uuid=learner.enterprise_uuid,
        changes={"active": (False, True)},
        data=view_of_learner(learner),
        learner_id=learner_id,
        email=learner.email,
    )
    publish(session, actor, [told], at=at)


def _cancel(session: Session, actor: Actor, learner: LearnerRecord, at: datetime) -> int:
    """How many assignments. One that is being redeemed goes on: the seat may be taken already."""
    selection = LearnerSelection(learner.enterprise_uuid, learner_email=learner.email)
    _, found = assignments_of_learner(session.connection(), selection, PageRequest(_AT_ONCE))
    mine = defaultdict[UUID, list[UUID]](list)
    for each in found:
        if each.state is AssignmentState.ALLOCATED and each.transaction_uuid is None:
            mine[each.assignment_configuration].append(each.uuid)
    for configuration, uuids in sorted(mine.items()):
        command = CancelAssignments(learner.enterprise_uuid, configuration, tuple(uuids))
        cancel(session, actor, command, at=at)
    return sum(map(len, mine.values()))


def _revoke(
    session: Session, actor: Actor, learners: Iterable[LearnerRecord], at: datetime
) -> tuple[int, list[UUID]]:
    """How many licenses were revoked, and which were not."""
    revoked, kept = 0, list[UUID]()
    for learner in learners:
        held = _licenses_of(session, learner)
        for plan_uuid, license_uuid in held:
            command = RevokeLicenses(learner.enterprise_uuid, plan_uuid, [learner.email])
            done = licenses.revoke_what_can_be(session, actor, command, at=at)
            revoked += len(done.revoked)
            kept += [license_uuid] if done.refused else []
    return revoked, sorted(kept)


def _licenses_of(session: Session, learner: LearnerRecord) -> Sequence[tuple[UUID, UUID]]:
    """Plan and license of each live one, in one order."""
    selection = PersonSelection(learner.enterprise_uuid, user_email=learner.email)
    _, found = licenses.licenses_of_person(session.connection(), selection, PageRequest(_AT_ONCE))
    return sorted((each.subscription_plan_uuid, each.uuid) for each in found if each.status in LIVE)
