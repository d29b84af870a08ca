"""`bursar console`: who may sign in to the console."""

from typing import Annotated
from uuid import UUID

import typer

from bursar import clock
from bursar.accounts import service
from bursar.accounts.refusals import AccountRefused, UnknownPerson
from bursar.accounts.service import ConsoleRole, Invite
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.cli.tables import print_table
from bursar.database.engine import Database
from bursar.emails import normalised
from bursar.identity.service import UnknownEnterprise
from bursar.settings import Settings

app = typer.Typer(help="Manage the people of the console.", no_args_is_help=True)

Enterprise = Annotated[UUID | None, typer.Option("--enterprise", help="The enterprise's uuid.")]


@app.command()
def invite(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    enterprise: Enterprise = None,
    role: Annotated[ConsoleRole | None, typer.Option("--role", help="In the enterprise.")] = None,
    as_operator: Annotated[
        bool, typer.Option("--operator", help="For all enterprises and the installation.")
    ] = False,
) -> None:
    """Give a person a role; print a link that signs them in once."""
    settings = settings_or_fail()
    if as_operator is not (enterprise is None) or (as_operator and role is not None):
        fail("name --enterprise with --role admin or viewer, or --operator alone", EXIT_INVALID)
    given = ConsoleRole.OPERATOR if as_operator else (role or ConsoleRole.VIEWER)
    try:
        command = Invite(email, enterprise, given)
        with opened_database(settings) as database:
            typer.echo(link_for(database, settings, command))
    except (UnknownEnterprise, ValueError) as refused:
        fail(str(refused), EXIT_INVALID)


@app.command("list")
def list_all(enterprise: Enterprise = None) -> None:
    """List the people of an enterprise, or the operators."""
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        people = service.list_people(connection, enterprise)
    print_table(
        ("email", "role", "second factor", "last seen"),
        (
            {
                "email": each.email,
                "role": each.role.value,
                "second factor": "on" if each.has_totp else "off",
                "last seen": each.seen_at and clock.format_instant(each.seen_at),
            }
            for each in people
        ),
    )


@app.command()
def remove(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    enterprise: Enterprise = None,
) -> None:
    """Take a person's role in an enterprise away, or that of an operator."""
    with opened_database(settings_or_fail()) as database:
        with database.read() as connection:
            people = service.list_people(connection, enterprise)
        found = next((each for each in people if each.email == normalised(email)), None)
        try:
            if found is None:
                raise UnknownPerson
            with database.transaction() as session:
                service.remove(session, operator(), found.user_uuid, enterprise, at=clock.now())
        except AccountRefused as refused:
            fail(str(refused), EXIT_INVALID)


@app.command("reset-totp")
def reset_totp(
    email: Annotated[str, typer.Argument(help="The person's e-mail address.")],
) -> None:
    """Turn a person's second factor off, and end their sessions."""
    with opened_database(settings_or_fail()) as database:
        try:
            with database.transaction() as session:
                service.reset_totp(session, operator(), email, at=clock.now())
        except AccountRefused as refused:
            fail(str(refused), EXIT_INVALID)
    typer.echo(f"{normalised(email)} has no second factor any more, and is signed out everywhere")


def link_for(database: Database, settings: Settings, command: Invite, *, root: str = "") -> str:
    """Raises UnknownEnterprise and ValueError."""
    with database.transaction() as session:
        secret = service.invite(session, operator(), command, at=clock.now())
    root = settings.public_url or root or "http://localhost:8000"
    return f"{root}/console/link/{secret}"
