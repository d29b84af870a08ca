"""Every command, by name."""

from typing import Annotated, Final

import typer

from bursar import __version__
from bursar.cli.lazy import Command, LazyGroup

COMMANDS: Final = {
    "demo": Command("bursar.cli.demo", "demo", "Serve a ready enterprise with content, on SQLite."),
    "serve": Command(
        "bursar.cli.serve",
        "serve",
        "Serve the API. On SQLite it migrates and runs the background worker inside.",
    ),
    "worker": Command("bursar.cli.worker", "worker", "Run background work until told to stop."),
    "apply": Command(
        "bursar.cli.declare",
        "apply",
        "Bring the database to what a manifest says: all of it or nothing.",
    ),
    "export": Command(
        "bursar.cli.declare", "export", "Write an enterprise as a manifest (secrets left out)."
    ),
    "check": Command(
        "bursar.cli.declare",
        "check",
        "Prove the books: exit 0 when every stored total and invariant holds, else 1 and the rows.",
    ),
    "run": Command(
        "bursar.cli.run_task",
        "run",
        "Run a scheduled task now. The last line counts what it did.",
    ),
    "token": Command("bursar.cli.token", "token", "Print an access token."),
    "audit": Command("bursar.cli.audit", "audit", "List who did what, oldest first."),
    "import": Command("bursar.cli.imports", "app", "Bring in content and progress."),
    "db": Command("bursar.cli.database", "app", "The database's schema."),
    "clients": Command("bursar.cli.clients", "app", "API clients: who may call."),
    "keys": Command("bursar.cli.keys", "app", "Keys that sign access tokens."),
    "mail": Command("bursar.cli.mail", "app", "Mail: what was sent, and what was not."),
}
"""In the order of `bursar --help`."""


class BursarCommands(LazyGroup):
    lazy_commands = COMMANDS


app = typer.Typer(
    name="bursar",
    cls=BursarCommands,
    help="An open, self-hostable implementation of the edX Enterprise API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bursar {__version__}")
        raise typer.Exit


@app.callback()
def bursar(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Has no work of its own: it carries the options that come before a command."""
