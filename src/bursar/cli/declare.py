"""`bursar apply`, `export` and `check`."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT
from bursar.catalog.catalogs.refresh import refresh_pending
from bursar.catalog.catalogs.warnings import FilterWarning, filter_warnings
from bursar.catalog.content.service import lock_content
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import looking_at, opened_database, operator, settings_or_fail
from bursar.credit.check_seats import check_seats
from bursar.credit.checks import check_credit
from bursar.database.doors import check_doors
from bursar.database.engine import Database
from bursar.enrollment.bulk.checks import check_bulk_enrollment
from bursar.enrollment.checks import check_enrollments
from bursar.enrollment.direct.checks import check_direct_enrollments
from bursar.identity.keys import UNSEALED
from bursar.identity.sealing import Seal
from bursar.identity.secret_file import seal_of
from bursar.learners.checks import check_learners
from bursar.people.checks import check_addresses, check_erased
from bursar.provisioning.apply import Plan
from bursar.provisioning.apply import apply as apply_manifests
from bursar.provisioning.export import export as export_enterprise
from bursar.provisioning.export import to_yaml
from bursar.provisioning.manifest import Manifest, ManifestError, load
from bursar.provisioning.warnings import declared_filter_warnings
from bursar.provisioning.weak_secrets import weak_secrets
from bursar.subscriptions.checks import check_subscriptions

_HOW_WEAK_IS_ALLOWED: Final = (
    "BURSAR_ALLOW_WEAK_SECRETS=true permits shorter secrets, for demonstrations and tests"
)
CHECKS: Final = (
    check_catalogs,
    check_credit,
    check_seats,
    check_subscriptions,
    check_bulk_enrollment,
    check_direct_enrollments,
    check_enrollments,
    check_learners,
    check_addresses,
    check_erased,
    check_doors,
)


class _DryRun(Exception):
    def __init__(self, plan: Plan) -> None:
        self.plan = plan


def apply(
    file: Annotated[
        list[Path], typer.Option("-f", "--file", help="A manifest, YAML or JSON; repeatable.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the plan, change nothing.")
    ] = False,
) -> None:
    """Apply manifests to the database, completely or not at all."""
    settings = settings_or_fail()
    try:
        manifests = load(file)
        _check_secrets(manifests, are_weak_allowed=settings.allow_weak_secrets)
        with opened_database(settings) as database:
            plan = apply_to(
                database,
                manifests,
                refresh_inline_limit=settings.refresh_inline_limit,
                seal=seal_of(database, settings),
                dry_run=dry_run,
            )
    except ManifestError as error:
        fail("\n".join(error.problems), EXIT_INVALID)
    for line in plan.lines if dry_run else ():
        typer.echo(line)
    _warn(plan.warnings)
    typer.echo(plan.summary)


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def _check_secrets(manifests: list[Manifest], *, are_weak_allowed: bool) -> None:
    weak = list(weak_secrets(manifests))
    if weak and not are_weak_allowed:
        raise ManifestError([*weak, _HOW_WEAK_IS_ALLOWED])
    _warn(weak)


def apply_to(
    database: Database,
    manifests: list[Manifest],
    *,
    refresh_inline_limit: int = REFRESH_INLINE_LIMIT,
    seal: Seal = UNSEALED,
    dry_run: bool = False,
) -> Plan:
    """Applies manifests in one transaction.

    Filters over more documents than the limit are evaluated after the transaction, before this
    returns. Raises ManifestError, after which nothing is changed.
    """
    try:
        with database.transaction() as session:
            plan = apply_manifests(
                session,
                operator(),
                manifests,
                now=lock_content(session),
                refresh_inline_limit=refresh_inline_limit,
                seal=seal,
            )
            if dry_run:
                plan.warnings = declared_filter_warnings(session, manifests)
                raise _DryRun(plan)
    except _DryRun as run:
        return run.plan
    # A job does this in any case. Doing it here too makes the change visible when the command
    # returns.
    refresh_pending(database)
    with looking_at(database) as session:
        plan.warnings = declared_filter_warnings(session, manifests)
    return plan


def export(
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
) -> None:
    """Print an enterprise as a manifest, without secrets."""
    with opened_database(settings_or_fail()) as database, looking_at(database) as session:
        try:
            manifest = export_enterprise(session, enterprise)
        except LookupError:
            fail(f"No enterprise {enterprise}.", EXIT_INVALID)
    typer.echo(to_yaml(manifest), nl=False)


def check() -> None:
    """Check that everything that is stored twice agrees; print the rows that differ.

    Filters that select nothing are only warned about."""
    found = 0
    with opened_database(settings_or_fail()) as database, looking_at(database) as session:
        for problem in chain.from_iterable(prove(session) for prove in CHECKS):
            typer.echo(problem)
            found += 1
        _warn(map(_of_catalog, filter_warnings(session)))
    if found:
        fail(f"{found} problems found")
    typer.echo("everything holds")


def _of_catalog(warning: FilterWarning) -> str:
    first, *others = warning.catalogs
    more = f" and {len(others)} more with this filter" if others else ""
    key = f".{warning.key}" if warning.key else ""
    return f"catalog {first}{more}: content_filter{key}: {warning.message}"
