"""The subsidies of an enterprise, without their ledgers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bursar.adopting.enterprise_subsidy import SUBSIDY, SubsidyFields
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.clock import FOREVER
from bursar.credit.adopted import service as credit
from bursar.credit.adopted.service import AdoptedSubsidy, CreditAdoptionRefused
from bursar.declarations import AdoptionOutcome

_UNIT: Final = "usd_cents"
_OBSTACLE: Final = "subsidy"


@dataclass(frozen=True, slots=True)
class TakenSubsidy:
    dumped: Staged[SubsidyFields]
    adopted: AdoptedSubsidy
    outcome: AdoptionOutcome


def adopt_subsidies(run: EnterpriseRun) -> Iterator[TakenSubsidy]:
    for subsidy in run.staging.of(SUBSIDY, run.enterprise_uuid):
        if subsidy.fields.unit != _UNIT:
            text = f"{subsidy.name}: its unit is {subsidy.fields.unit}, and here it is US cents"
            run.findings.decide("subsidy_unit", subsidy.uuid, text)
            continue
        adopted = _adopted(run, subsidy)
        try:
            outcome = credit.put_subsidy(run.session, adopted)
        except CreditAdoptionRefused as error:
            run.findings.obstacle(_OBSTACLE, f"{subsidy.name}: {error}")
            continue
        yield TakenSubsidy(subsidy, adopted, outcome)


def _adopted(run: EnterpriseRun, subsidy: Staged[SubsidyFields]) -> AdoptedSubsidy:
    fields = subsidy.fields
    end = fields.expiration_datetime or FOREVER
    begin = fields.active_datetime
    if begin is None:
        run.findings.note(_OBSTACLE, f"{subsidy.name}: it is not active, and has no beginning")
        begin = end - timedelta(seconds=1)
    if fields.is_soft_deleted:
        run.findings.note(_OBSTACLE, f"{subsidy.name}: it was deleted there, and has ended")
        end = min(end, fields.modified)
    if begin >= end:
        if not fields.is_soft_deleted:
            run.findings.obstacle(_OBSTACLE, f"{subsidy.name}: it ends before it begins")
        end = begin + timedelta(seconds=1)
    return AdoptedSubsidy(
        uuid=subsidy.uuid,
        enterprise_uuid=run.enterprise_uuid,
        title=fields.title or "",
        active_datetime=begin,
        expiration_datetime=end,
        created_at=fields.created,
        modified_at=fields.modified,
    )
