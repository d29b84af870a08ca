"""`bursar keys`: the keys that sign access tokens."""

from typing import Annotated

import typer

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, opening_keys, operator, settings_or_fail
from bursar.identity.keys import (
    create_signing_key,
    load_keys,
    revoke_signing_key,
    seal_again,
)
from bursar.identity.sealing import Seal

app = typer.Typer(help="Manage the keys that sign access tokens.", no_args_is_help=True)


@app.command("list")
def list_keys() -> None:
    """List the live keys; the first is the one that signs."""
    settings = settings_or_fail()
    with opened_database(settings) as database, opening_keys(), database.read() as connection:
        for key in load_keys(connection, Seal(settings.secrets)):
            typer.echo(f"{key.kid}  {clock.format_instant(key.created_at)}")


@app.command()
def rotate() -> None:
    """Sign with a new key. Tokens of the old keys stay valid until they expire.

    All live keys are then encrypted with the first secret of BURSAR_SECRET_KEY.
    """
    settings = settings_or_fail()
    seal = Seal(settings.secrets)
    with opened_database(settings) as database, opening_keys(), database.transaction() as session:
        seal_again(session, seal)
        kid = create_signing_key(session, operator(), at=clock.now(), seal=seal)
    typer.echo(kid)


@app.command()
def revoke(kid: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Invalidate every token that a key signed, within half a minute."""
    with opened_database(settings_or_fail()) as database, database.transaction() as session:
        known = revoke_signing_key(session, operator(), kid, at=clock.now())
    if not known:
        fail(f"there is no live key {kid}", EXIT_INVALID)
    typer.echo(f"{kid} is revoked")
