"""`bursar learner`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from bursar import clock, emails
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import looking_at, opened_database, operator, settings_or_fail
from bursar.people import service
from bursar.people.refusals import PersonRefused

app = typer.Typer(help="Show, export, rename or erase one person.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The person's address.")]
Enterprise = Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without it, it is only shown.")]


@app.command()
def show(email: Email, enterprise: Enterprise) -> None:
    """Print who the person is, and how many rows are about the person."""
    _print_json(_summary(email, enterprise))


@app.command()
def export(email: Email, enterprise: Enterprise) -> None:
    """Print all data of the person as JSON."""
    with (
        opened_database(settings_or_fail()) as database,
        looking_at(database) as session,
        _refusing(),
    ):
        exported = service.export_person(session, enterprise, email)
    _print_json(exported)


@app.command("change-email")
def change_email(
    email: Email,
    new_email: Annotated[str, typer.Argument(help="The new address.")],
    enterprise: Enterprise,
) -> None:
    """Give the person another address."""
    try:
        checked = emails.checked(new_email)
    except ValueError as error:
        fail(f"NEW_EMAIL: {error}", EXIT_INVALID)
    with (
        opened_database(settings_or_fail()) as database,
        _refusing(),
        database.transaction() as session,
    ):
        rows = service.change_email(session, operator(), enterprise, email, checked, at=clock.now())
    typer.echo(f"{sum(rows.values())} rows have the new address")


@app.command()
def erase(email: Email, enterprise: Enterprise, yes: Yes = False) -> None:
    """Take the person out of all data of the enterprise, for good."""
    if not yes:
        _print_json(_summary(email, enterprise))
        fail("Nothing was erased. This cannot be undone: say --yes to do it.", EXIT_INVALID)
    with (
        opened_database(settings_or_fail()) as database,
        _refusing(),
        database.transaction() as session,
    ):
        erased = service.erase_person(session, operator(), enterprise, email, clock.now())
    for tombstone in erased.tombstones:
        typer.echo(tombstone)
    typer.echo(f"{sum(erased.rows.values())} rows were about this person")


def _summary(email: str, enterprise: UUID) -> service.PersonSummary:
    with (
        opened_database(settings_or_fail()) as database,
        looking_at(database) as session,
        _refusing(),
    ):
        return service.summarize_person(session, enterprise, email)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except PersonRefused as error:
        fail(str(error), EXIT_INVALID)


def _print_json(value: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
