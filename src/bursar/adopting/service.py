"""The front door: goes through the enterprises of the dumps, each in one transaction.

An enterprise is adopted whole or not at all. What was adopted before is brought up to date, so a
run that was stopped goes on when it is started again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from bursar.actors import Actor
from bursar.adopting import (
    edx_enterprise,
    enterprise_access,
    enterprise_catalog,
    enterprise_subsidy,
    license_manager,
)
from bursar.adopting.catalogs import adopt_catalogs
from bursar.adopting.choices import Choices
from bursar.adopting.credit import adopt_credit
from bursar.adopting.enrollments import adopt_enrollments
from bursar.adopting.enterprises import adopt_enterprise, enterprises_of
from bursar.adopting.events import EnterpriseAdopted
from bursar.adopting.findings import Findings
from bursar.adopting.groups import adopt_groups
from bursar.adopting.learners import adopt_people
from bursar.adopting.plans import adopt_plans
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staging
from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT
from bursar.catalog.content.service import lock_content
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.people.erased import tombstones_of

SHAPES: Final = (
    *edx_enterprise.SHAPES,
    *license_manager.SHAPES,
    *enterprise_catalog.SHAPES,
    *enterprise_subsidy.SHAPES,
    *enterprise_access.SHAPES,
)
NOT_READ: Final = {
    **edx_enterprise.NOT_READ,
    **license_manager.NOT_READ,
    **enterprise_catalog.NOT_READ,
    **enterprise_subsidy.NOT_READ,
    **enterprise_access.NOT_READ,
}
OURS: Final = (
    "enterprise",
    "subscriptions",
    "catalog",
    "subsidy",
    "openedx_ledger",
    "subsidy_access_policy",
    "content_assignments",
)
"""The applications of which every model should be known."""


@dataclass(frozen=True, slots=True)
class EnterpriseResult:
    uuid: UUID
    run: EnterpriseRun
    is_adopted: bool
    """False: an obstacle stood in the way, and nothing was changed."""


class _Undone(Exception):
    """Ends a transaction of which nothing is to stay."""


def adopt(
    database: Database,
    actor: Actor,
    staging: Staging,
    choices: Choices,
    *,
    refresh_inline_limit: int = REFRESH_INLINE_LIMIT,
    dry_run: bool = False,
) -> Iterator[EnterpriseResult]:
    """One enterprise after the other. `dry_run`: everything is tried, and nothing stays."""
    for uuid in enterprises_of(staging):
        findings = Findings(choices)
        run: EnterpriseRun | None = None
        try:
            with database.transaction() as session:
                at = lock_content(session)
                run = EnterpriseRun(
                    session,
                    actor,
                    staging,
                    uuid,
                    at,
                    findings,
                    refresh_inline_limit,
                    tombstones_of(session, uuid),
                )
                _adopt_one(run)
                if dry_run or findings.has_obstacles:
                    raise _Undone
        except _Undone:
            pass
        except IntegrityError as error:
            reason = str(error.orig).partition("\n")[0]
            findings.obstacle("database", f"the database refuses it: {reason}")
        assert run is not None  # noqa: S101 - else it has raised
        yield EnterpriseResult(uuid, run, is_adopted=not findings.has_obstacles)


def not_read(staging: Staging) -> Sequence[str]:
    """A line for each model that the files hold and that was not read."""
    return [
        f"not read: {number} of {model}{_reason(model)}"
        for model, number in sorted(staging.not_read.items())
    ]


def _reason(model: str) -> str:
    if model in NOT_READ:
        return f": {NOT_READ[model]}"
    app, _, name = model.partition(".")
    if app in OURS and not name.startswith("historical"):
        return ": this version of Bursar has nothing of the kind"
    return ""


def _adopt_one(run: EnterpriseRun) -> None:
    if not adopt_enterprise(run):
        return
    adopt_catalogs(run)
    adopt_people(run)
    adopt_groups(run)
    adopt_plans(run)
    adopt_credit(run)
    adopt_enrollments(run)
    _publish(run)


def _publish(run: EnterpriseRun) -> None:
    changes = {
        f"{what} {outcome}": (0, number)
        for (what, outcome), number in run.tally.counts.items()
        if outcome != "unchanged"
    }
    if changes:
        event = EnterpriseAdopted(
            object_id=run.enterprise_uuid, enterprise_uuid=run.enterprise_uuid, changes=changes
        )
        publish(run.session, run.actor, [event], at=run.at)
