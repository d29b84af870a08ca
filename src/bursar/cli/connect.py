"""`bursar connect`."""

import typer

from bursar import logs
from bursar.cli.connection_checks import check_connections
from bursar.cli.exits import fail
from bursar.cli.findings import Verdict
from bursar.cli.support import settings_or_fail

app = typer.Typer(help="Check the connections to other systems.", no_args_is_help=True)


@app.callback()
def connect() -> None:
    """Keeps `test` the name of a command, although it is the only one."""


@app.command()
def test() -> None:
    """Check each connection: a token, rights, and a read. It changes nothing there."""
    settings = settings_or_fail()
    logs.configure(settings)
    wrong = 0
    for finding in check_connections(settings):
        typer.echo(f"{finding.verdict:5}  {finding.about}: {finding.text}")
        wrong += finding.verdict == Verdict.WRONG
    if wrong:
        fail(f"{wrong} things are missing" if wrong > 1 else "one thing is missing")
