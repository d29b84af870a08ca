"""`bursar subsidy`."""

from typing import Annotated
from uuid import UUID, uuid4

import typer

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import instant_or_fail, opened_database, operator, settings_or_fail
from bursar.credit.policies.service import (
    Adjustment,
    PutSubsidy,
    lock_enterprise,
    overcommitted,
    owners_of_subsidies,
    put_subsidy,
)
from bursar.declarations import DeclarationRefused

app = typer.Typer(help="Correct the balance of a subsidy.", no_args_is_help=True)


@app.callback()
def subsidy() -> None:
    """Correct the balance of a subsidy."""


@app.command()
def adjust(
    uuid: Annotated[UUID, typer.Argument(help="The subsidy's uuid.")],
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    amount: Annotated[int, typer.Option("--amount", help="Cents; negative to take money.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for whoever reads the books.")],
    date: Annotated[
        str, typer.Option("--date", help="The ISO 8601 instant of the correction; else now.")
    ] = "",
) -> None:
    """Enter a correction of either sign into the ledger; print its uuid."""
    if not reason.strip() or amount == 0:
        fail("Give a reason, and an amount that is not 0.", EXIT_INVALID)
    now = clock.now()
    correction = Adjustment(uuid4(), amount, instant_or_fail("--date", date) or now, reason.strip())
    command = PutSubsidy(uuid=uuid, enterprise_uuid=enterprise, adjustments=[correction])
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                lock_enterprise(session, enterprise)
                if owners_of_subsidies(session, [uuid]).get(uuid) != enterprise:
                    fail(f"this enterprise has no subsidy {uuid}", EXIT_INVALID)
                put_subsidy(session, operator(), command, at=now)
                too_high = overcommitted(session, [uuid])
        except DeclarationRefused as refused:
            fail("\n".join(f"{name}: {why}" for name, why in refused.problems), EXIT_INVALID)
    for one in too_high:
        typer.echo(
            f"The limits of its policies add up to {one.limits} cents, and only {one.deposits} "
            "were paid in: lower them.",
            err=True,
        )
    typer.echo(str(correction.uuid))
