"""`bursar keys`: the keys that sign access tokens."""

from typing import Annotated

import typer

from bursar import clock
from bursar.accounts.service import seal_totp_again
from bursar.cli.exits import EXIT_FINDINGS, EXIT_INVALID, fail
from bursar.cli.key_care import refuse_unsafe_rotation
from bursar.cli.support import opened_database, opening_keys, operator, settings_or_fail
from bursar.identity.keys import (
    create_signing_key,
    load_keys,
    revoke_signing_key,
    seal_again,
)
from bursar.identity.secret_file import seal_of
from bursar.processes.service import running_processes
from bursar.scheduled_reports.service import seal_again as seal_reports_again
from bursar.webhooks.sealed import seal_secrets_again
from bursar.xapi.service import seal_connections_again

app = typer.Typer(help="Manage the keys that sign access tokens.", no_args_is_help=True)


@app.command("list")
def list_keys() -> None:
    """List the live keys; the first that can be opened is the one that signs."""
    settings = settings_or_fail()
    with opened_database(settings) as database, database.read() as connection:
        keys = load_keys(connection, seal_of(database, settings))
    for key in keys.usable:
        closed = "" if key.can_sign else "  cannot be opened"
        typer.echo(f"{key.kid}  {clock.format_instant(key.created_at)}{closed}")
    for kid in set(keys.closed) - {key.kid for key in keys.usable}:
        typer.echo(f"{kid}  cannot be opened, and its tokens cannot be verified")
    if keys.closed:
        fail("No secret of BURSAR_SECRET_KEY opens what cannot be opened.", EXIT_FINDINGS)


@app.command()
def rotate() -> None:
    """Sign with a new key. Tokens of the old keys stay valid until they expire.

    All live keys, and the secrets of webhooks, scheduled reports, xAPI and second factors, are then
    encrypted with the first secret of BURSAR_SECRET_KEY. It is refused while a running process does
    not hold this secret: give it to all of them first.
    """
    settings = settings_or_fail()
    with opened_database(settings) as database, opening_keys():
        seal, now = seal_of(database, settings), clock.now()
        with database.transaction() as session:
            refuse_unsafe_rotation(seal, running_processes(session.connection(), at=now))
            seal_again(session, seal)
            seal_reports_again(session, seal)
            seal_secrets_again(session, seal)
            seal_connections_again(session, seal)
            seal_totp_again(session, seal)
            kid = create_signing_key(session, operator(), at=now, seal=seal)
    typer.echo(kid)


@app.command()
def revoke(kid: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Invalidate every token that a key signed, within half a minute."""
    with opened_database(settings_or_fail()) as database, database.transaction() as session:
        known = revoke_signing_key(session, operator(), kid, at=clock.now())
    if not known:
        fail(f"there is no live key {kid}", EXIT_INVALID)
    typer.echo(f"{kid} is revoked")
