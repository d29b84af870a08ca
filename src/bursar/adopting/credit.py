"""Learner credit of an enterprise: subsidies with their ledgers, policies, assignments."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from bursar.adopting.assignments import AssignmentRun
from bursar.adopting.enterprise_access import CONFIGURATION
from bursar.adopting.findings import Total
from bursar.adopting.ledgers import LedgerRun
from bursar.adopting.policies import TakenPolicy, adopt_policies
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.subsidies import adopt_subsidies
from bursar.credit.adopted import service as credit
from bursar.credit.adopted.service import CreditAdoptionRefused
from bursar.credit.policies.service import lock_enterprise
from bursar.credit.states import AssignmentState
from bursar.declarations import AdoptionOutcome

_CENTS: Final = "cents"


def adopt_credit(run: EnterpriseRun) -> None:
    lock_enterprise(run.session, run.enterprise_uuid)
    subsidies = {taken.dumped.uuid: taken for taken in adopt_subsidies(run)}
    run.count("subsidies", Counter(taken.outcome for taken in subsidies.values()))
    policies = list(adopt_policies(run, subsidies))
    run.count("policies", Counter(policy.outcome for policy in policies))
    _note_left_out(run, policies)
    if not subsidies and not policies:
        return
    seats: set[int] = set()
    ledgers = [LedgerRun(run, taken, seats) for taken in subsidies.values()]
    moved = {each.subsidy.dumped.uuid for each in ledgers if each.adopt()}
    assigned = _adopt_assignments(run, policies)
    try:
        credit.add_up(run.session, run.enterprise_uuid)
    except CreditAdoptionRefused as error:
        run.findings.obstacle("credit", str(error))
        return
    _compare(run, ledgers, policies, assigned)
    for policy in policies:
        credit.refresh_deadlines(run.session, run.enterprise_uuid, policy.dumped.uuid, run.at)
    credit.tell(
        run.session,
        run.actor,
        {uuid: _told(taken.outcome, uuid in moved) for uuid, taken in subsidies.items()},
        {each.dumped.uuid: each.outcome for each in policies},
        run.at,
    )


def _told(outcome: AdoptionOutcome, has_moved: bool) -> AdoptionOutcome:
    return "changed" if outcome == "unchanged" and has_moved else outcome


def _adopt_assignments(
    run: EnterpriseRun, policies: Sequence[TakenPolicy]
) -> dict[UUID, AssignmentRun]:
    """By configuration."""
    assigned = {
        policy.configuration_uuid: AssignmentRun(run, policy, policy.configuration_uuid)
        for policy in policies
        if policy.configuration_uuid is not None
    }
    for each in assigned.values():
        each.adopt()
    return assigned


def _note_left_out(run: EnterpriseRun, policies: Sequence[TakenPolicy]) -> None:
    taken = {policy.configuration_uuid for policy in policies}
    for configuration in run.staging.of(CONFIGURATION, run.enterprise_uuid):
        if configuration.uuid not in taken:
            text = f"{configuration.name}: left out with its assignments: no policy has it here"
            run.findings.note("assignment", text)


def _compare(
    run: EnterpriseRun,
    ledgers: Sequence[LedgerRun],
    policies: Sequence[TakenPolicy],
    assigned: Mapping[UUID, AssignmentRun],
) -> None:
    balances = credit.balances(run.session, run.enterprise_uuid)
    for ledger in ledgers:
        uuid, title = ledger.subsidy.dumped.uuid, ledger.subsidy.adopted.title
        run.totals.append(
            Total(
                f"subsidy {uuid} {title}",
                f"balance, {_CENTS}",
                ledger.theirs,
                ledger.by_choice,
                balances.get(uuid, 0),
            )
        )
    spent = credit.spent(run.session, run.enterprise_uuid)
    for policy in policies:
        uuid = policy.dumped.uuid
        about = f"budget {uuid} {policy.dumped.fields.display_name or ''}"
        run.totals.append(
            Total(
                about,
                f"spent, {_CENTS}",
                sum(ledger.spent[uuid] for ledger in ledgers),
                sum(ledger.spent_by_choice[uuid] for ledger in ledgers),
                spent.get(uuid, 0),
            )
        )
        if policy.configuration_uuid is not None:
            _compare_assignments(run, about, policy.configuration_uuid, assigned)


def _compare_assignments(
    run: EnterpriseRun, about: str, configuration: UUID, assigned: Mapping[UUID, AssignmentRun]
) -> None:
    ours = credit.assignment_counts(run.session, configuration)
    theirs = assigned[configuration]
    for state in AssignmentState:
        run.totals.append(
            Total(
                about,
                state.value,
                theirs.theirs[state.value],
                theirs.by_choice[state.value],
                ours.get(state.value, 0),
            )
        )
