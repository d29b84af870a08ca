"""The plans of an enterprise, their renewals, and how many licenses of which state they have."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from bursar.adopting.catalogs import ensure_catalog
from bursar.adopting.findings import Total
from bursar.adopting.license_manager import (
    AGREEMENT,
    LICENSE,
    PLAN,
    RENEWAL,
    STATUSES,
    AgreementFields,
    PlanFields,
    RenewalFields,
)
from bursar.adopting.licenses import LicenseRun
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.subscriptions.adopted import service as subscriptions
from bursar.subscriptions.adopted.service import AdoptedPlan, AdoptedRenewal, AdoptionRefused

_OBSTACLE: Final = "plan"
_EVERYTHING: Final = "assigned_and_activated"


@dataclass(slots=True)
class _Plans:
    """The plans of the enterprise that are adopted, for what follows them."""

    adopted: dict[UUID, Staged[PlanFields]] = field(default_factory=dict)
    left_out: set[UUID] = field(default_factory=set)


def adopt_plans(run: EnterpriseRun) -> None:
    plans = _Plans()
    for agreement in run.staging.of(AGREEMENT, run.enterprise_uuid):
        for plan in run.staging.of(PLAN, agreement.pk):
            _adopt_plan(run, plans, agreement.fields, plan)
    _adopt_renewals(run, plans)


def _adopt_plan(
    run: EnterpriseRun, plans: _Plans, agreement: AgreementFields, plan: Staged[PlanFields]
) -> None:
    catalog = plan.fields.enterprise_catalog_uuid or agreement.default_enterprise_catalog_uuid
    if not ensure_catalog(run, catalog, plan.name) or catalog is None:
        plans.left_out.add(plan.uuid)
        _total_of_left_out(run, plan)
        return
    if problem := _problem(plan.fields):
        run.findings.obstacle(_OBSTACLE, f"{plan.name}: {problem}")
        return
    try:
        outcome = subscriptions.put_plan(run.session, _adopted(run, plan, catalog))
    except AdoptionRefused as error:
        run.findings.obstacle(_OBSTACLE, f"{plan.name}: {error}")
        return
    run.count("plans", Counter([outcome]))
    plans.adopted[plan.uuid] = plan
    licenses = LicenseRun(run, plan, is_new=outcome == "created")
    has_news = licenses.adopt()
    if outcome in ("created", "changed") or has_news:
        subscriptions.finish_plan(
            run.session, run.actor, plan.uuid, is_new=outcome == "created", at=run.at
        )
    _compare(run, plan, licenses.theirs, licenses.by_choice)


def _problem(fields: PlanFields) -> str | None:
    if fields.start_date >= fields.expiration_date:
        return "it ends before it begins"
    if not 0 <= fields.revoke_max_percentage <= 100:
        return f"revoke_max_percentage is {fields.revoke_max_percentage}"
    return None


def _adopted(run: EnterpriseRun, plan: Staged[PlanFields], catalog: UUID) -> AdoptedPlan:
    fields = plan.fields
    is_over = fields.expiration_processed and fields.expiration_date <= run.at
    return AdoptedPlan(
        uuid=plan.uuid,
        enterprise_uuid=run.enterprise_uuid,
        title=fields.title,
        start_date=fields.start_date,
        expiration_date=fields.expiration_date,
        enterprise_catalog_uuid=catalog,
        is_active=fields.is_active,
        is_revocation_cap_enabled=fields.is_revocation_cap_enabled,
        revoke_max_percentage=fields.revoke_max_percentage,
        should_auto_apply_licenses=fields.should_auto_apply_licenses or False,
        wound_up_at=fields.expiration_date if is_over else None,
        created_at=fields.created,
        modified_at=fields.modified,
    )


def _total_of_left_out(run: EnterpriseRun, plan: Staged[PlanFields]) -> None:
    theirs: Counter[str] = Counter()
    for each in run.staging.of(LICENSE, plan.pk):
        theirs[STATUSES.get(each.fields.status, each.fields.status)] += 1
    for status, number in theirs.items():
        run.totals.append(Total(_about(plan), status, number, -number, 0))


def _compare(
    run: EnterpriseRun,
    plan: Staged[PlanFields],
    theirs: Mapping[str, int],
    by_choice: Mapping[str, int],
) -> None:
    ours = subscriptions.counted(run.session, plan.uuid)
    for status in dict.fromkeys(STATUSES.values()):
        number = ours[f"{status}_count"]
        total = Total(_about(plan), status, theirs.get(status, 0), by_choice.get(status, 0), number)
        run.totals.append(total)


def _about(plan: Staged[PlanFields]) -> str:
    return f"plan {plan.uuid} {plan.fields.title}"


def _adopt_renewals(run: EnterpriseRun, plans: _Plans) -> None:
    follows: dict[UUID, UUID] = {}
    for plan in plans.adopted.values():
        for renewal in run.staging.of(RENEWAL, plan.pk):
            adopted = _renewal(run, plans, plan, renewal)
            if adopted is None:
                continue
            if plan.uuid in follows:
                text = f"{renewal.name}: the plan {plan.uuid} is renewed twice"
                run.findings.obstacle("renewal", text)
                continue
            follows[plan.uuid] = adopted.renewed_plan_uuid
            if _comes_back(plan.uuid, follows):
                del follows[plan.uuid]
                text = f"{renewal.name}: the plan {plan.uuid} comes to follow itself"
                run.findings.obstacle("renewal", text)
                continue
            outcome = subscriptions.put_renewal(run.session, adopted)
            run.count("renewals", Counter([outcome]))


def _comes_back(plan_uuid: UUID, follows: Mapping[UUID, UUID]) -> bool:
    current: UUID | None = follows.get(plan_uuid)
    while current is not None and current != plan_uuid:
        current = follows.get(current)
    return current == plan_uuid


def _renewal(
    run: EnterpriseRun,
    plans: _Plans,
    plan: Staged[PlanFields],
    renewal: Staged[RenewalFields],
) -> AdoptedRenewal | None:
    fields = renewal.fields
    renewed = fields.renewed_subscription_plan
    if renewed is not None and renewed not in plans.adopted:
        if renewed in plans.left_out:
            run.findings.note("renewal", f"{renewal.name}: left out with the plan {renewed}")
        else:
            text = f"{renewal.name}: the plan {renewed} is none of this enterprise"
            run.findings.obstacle("renewal", text)
        return None
    if problem := _problem_of_renewal(fields, is_renewed=renewed is not None):
        run.findings.obstacle("renewal", f"{renewal.name}: {problem}")
        return None
    _note_about(run, renewal)
    return AdoptedRenewal(
        plan_uuid=plan.uuid,
        renewed_plan_uuid=renewed or uuid5(NAMESPACE_URL, f"renewal:{plan.uuid}"),
        enterprise_uuid=run.enterprise_uuid,
        title=fields.renewed_plan_title or plan.fields.title,
        effective_date=fields.effective_date,
        renewed_expiration_date=fields.renewed_expiration_date,
        number_of_licenses=fields.number_of_licenses,
        processed_at=(fields.processed_datetime or fields.modified) if fields.processed else None,
        created_at=fields.created,
        modified_at=fields.modified,
    )


def _problem_of_renewal(fields: RenewalFields, *, is_renewed: bool) -> str | None:
    if fields.effective_date >= fields.renewed_expiration_date:
        return "it ends before it begins"
    if fields.number_of_licenses < 0:
        return f"number_of_licenses is {fields.number_of_licenses}"
    if fields.processed and not is_renewed:
        return "it is processed, but names no plan that follows"
    return None


def _note_about(run: EnterpriseRun, renewal: Staged[RenewalFields]) -> None:
    fields = renewal.fields
    if not fields.processed and fields.license_types_to_copy != _EVERYTHING:
        text = (
            f"{renewal.name}: license_types_to_copy is {fields.license_types_to_copy}; here, a"
            " renewal copies assigned and activated licenses"
        )
        run.findings.note("renewal", text)
