"""The assignments of a policy, with what was done about them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from bursar.adopting.enterprise_access import (
    ACTION,
    ASSIGNMENT,
    ActionFields,
    AssignmentFields,
)
from bursar.adopting.policies import TakenPolicy
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.batches import batched
from bursar.credit.adopted import service as credit
from bursar.credit.adopted.service import (
    AdoptedAction,
    AdoptedAssignment,
    AssignmentAdoption,
    CreditAdoptionRefused,
    PaidTransaction,
)
from bursar.credit.states import AssignmentState, TransactionState
from bursar.declarations import AdoptionOutcome
from bursar.emails import is_tombstone, normalised, retired_address

BATCH: Final = 5_000
_OBSTACLE: Final = "assignment"
_KEPT_ACTIONS: Final = frozenset(
    {"learner_linked", "notified", "reminded", "redeemed", "cancelled", "expired", "reversed"}
)
_ERRORS: Final = frozenset({"email_error", "internal_api_error", "enrollment_error"})
_ORDER: Final = ("accepted", "allocated")


class AssignmentRun:
    """The assignments of one policy. The numbers are complete after `adopt`."""

    def __init__(self, run: EnterpriseRun, policy: TakenPolicy, configuration: UUID) -> None:
        self._run = run
        self._policy = policy
        self._configuration = configuration
        self._door = AssignmentAdoption(
            run.session,
            run.enterprise_uuid,
            configuration,
            policy.subsidy.adopted.expiration_datetime,
        )
        self._losers: set[str] = set()
        self._other_actions = 0
        self.theirs: Counter[str] = Counter()
        self.by_choice: Counter[str] = Counter()

    def adopt(self) -> bool:
        """Whether anything was made or changed."""
        self._settle_duplicates()
        outcomes: Counter[AdoptionOutcome] = Counter()
        staged = self._run.staging.of(ASSIGNMENT, self._configuration)
        try:
            for batch in batched(staged, BATCH):
                paid = credit.find_transactions(
                    self._run.session,
                    self._run.enterprise_uuid,
                    [uuid for each in batch if (uuid := each.fields.transaction_uuid) is not None],
                )
                outcomes += self._door.put(list(self._assignments(batch, paid)))
        except CreditAdoptionRefused as error:
            self._run.findings.obstacle(_OBSTACLE, f"{self._policy.dumped.name}: {error}")
        self._run.count("assignments", outcomes)
        if self._other_actions:
            text = f"{self._other_actions} actions of kinds that Bursar does not have are left out"
            self._run.findings.note(_OBSTACLE, text)
        return bool(outcomes["created"] or outcomes["changed"])

    def _settle_duplicates(self) -> None:
        for several in self._run.staging.repeated(ASSIGNMENT, self._configuration):
            if is_tombstone(several[0].fields.learner_email):
                continue
            names = ", ".join(each.pk for each in several)
            text = f"{self._policy.dumped.name}: assignments {names} are of one address and content"
            self._run.findings.decide("duplicate_assignment", self._policy.dumped.uuid, text)
            first = min(several, key=_rank)
            self._losers.update(each.pk for each in several if each.pk != first.pk)

    def _assignments(
        self, batch: Sequence[Staged[AssignmentFields]], paid: Mapping[UUID, PaidTransaction]
    ) -> Iterator[AdoptedAssignment]:
        for each in batch:
            try:
                said = AssignmentState(each.fields.state)
            except ValueError:
                text = f"{each.name}: there is no state {each.fields.state}"
                self._run.findings.obstacle(_OBSTACLE, text)
                continue
            if each.fields.content_quantity > 0:
                text = f"{each.name}: content_quantity is positive"
                self._run.findings.obstacle(_OBSTACLE, text)
                continue
            self.theirs[said.value] += 1
            state, payment = self._fitting(each, said, paid)
            if state != said:
                self.by_choice[said.value] -= 1
                self.by_choice[state.value] += 1
            yield self._adopted(each, state, payment)

    def _fitting(
        self,
        each: Staged[AssignmentFields],
        said: AssignmentState,
        paid: Mapping[UUID, PaidTransaction],
    ) -> tuple[AssignmentState, PaidTransaction | None]:
        """The state that goes with the transaction."""
        uuid = each.fields.transaction_uuid
        payment = None if uuid is None else paid.get(uuid)
        if payment is not None and payment.assignment_uuid != each.uuid:
            payment = None
        if payment is not None and payment.policy_uuid != self._policy.dumped.uuid:
            text = f"{each.name}: its transaction {uuid} is of another policy"
            self._run.findings.obstacle(_OBSTACLE, text)
        must_be = _state_by(payment, said)
        if must_be == said:
            if each.pk in self._losers and payment is None:
                return AssignmentState.CANCELLED, None
            return said, payment
        told = "no transaction" if payment is None else f"a transaction that is {payment.state}"
        text = f"{each.name}: it is {said}, with {told}"
        self._run.findings.decide("assignment_state", each.uuid, text)
        return must_be, payment

    def _adopted(
        self,
        each: Staged[AssignmentFields],
        state: AssignmentState,
        payment: PaidTransaction | None,
    ) -> AdoptedAssignment:
        fields = each.fields
        is_nobody = each.pk in self._losers or is_tombstone(fields.learner_email)
        email = normalised(fields.learner_email)
        tombstone = self._run.tombstone_of(email)
        quantity = fields.content_quantity
        if payment is not None and payment.quantity != quantity:
            text = (
                f"{each.name}: {-quantity} cents were assigned, and {-payment.quantity} were paid,"
                " which counts"
            )
            self._run.findings.note(_OBSTACLE, text)
            quantity = payment.quantity
        return AdoptedAssignment(
            uuid=each.uuid,
            learner_email=retired_address(each.uuid) if is_nobody else tombstone or email,
            lms_user_id=None if each.pk in self._losers or tombstone else fields.lms_user_id,
            content_key=fields.content_key,
            content_title=fields.content_title or fields.content_key,
            content_quantity=quantity,
            state=state,
            transaction_uuid=None if payment is None else fields.transaction_uuid,
            allocated_at=fields.allocated_at or fields.created,
            scrubbed_at=fields.modified if is_nobody else None,
            created_at=fields.created,
            modified_at=fields.modified,
            actions=tuple(self._actions(each.pk)),
        )

    def _actions(self, assignment: str) -> Iterator[AdoptedAction]:
        staged = list(self._run.staging.of(ACTION, assignment))
        for each in sorted(staged, key=lambda action: (action.fields.created, action.pk)):
            if each.fields.action_type not in _KEPT_ACTIONS:
                self._other_actions += 1
                continue
            yield _action(each)


def _action(each: Staged[ActionFields]) -> AdoptedAction:
    fields = each.fields
    error = fields.error_reason or None
    return AdoptedAction(
        uuid=each.uuid,
        action_type=fields.action_type,
        completed_at=fields.completed_at,
        error_reason=error if error is None or error in _ERRORS else "internal_api_error",
        created_at=fields.created,
        modified_at=fields.modified,
    )


def _state_by(payment: PaidTransaction | None, said: AssignmentState) -> AssignmentState:
    if payment is not None:
        is_reversed = payment.state is TransactionState.REVERSED
        return AssignmentState.REVERSED if is_reversed else AssignmentState.ACCEPTED
    if said in (AssignmentState.ACCEPTED, AssignmentState.REVERSED):
        return AssignmentState.ERRORED
    return said


def _rank(each: Staged[AssignmentFields]) -> tuple[int, float, str]:
    """The lowest stays."""
    state = each.fields.state
    order = _ORDER.index(state) if state in _ORDER else len(_ORDER)
    return order, -each.fields.modified.timestamp(), each.pk
