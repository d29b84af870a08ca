"""Every command, by name."""

from typing import Annotated, Final

import typer

from bursar import __version__
from bursar.cli.lazy import Command, LazyGroup

COMMANDS: Final = {
    "demo": Command(
        "bursar.cli.demo", "demo", "Serve two invented companies with data, on SQLite."
    ),
    "serve": Command(
        "bursar.cli.serve",
        "serve",
        "Serve the API. On SQLite, also migrate the database and do background work.",
    ),
    "worker": Command("bursar.cli.worker", "worker", "Do background work until told to stop."),
    "apply": Command(
        "bursar.cli.declare",
        "apply",
        "Apply manifests to the database, completely or not at all.",
    ),
    "export": Command(
        "bursar.cli.declare", "export", "Print an enterprise as a manifest, without secrets."
    ),
    "check": Command(
        "bursar.cli.declare",
        "check",
        "Check that everything that is stored twice agrees; print the rows that differ.",
    ),
    "adopt": Command(
        "bursar.cli.adopt",
        "adopt",
        "Move in from Open edX, or from another Bursar: take over what was dumped there.",
    ),
    "dump": Command(
        "bursar.cli.dump",
        "dump",
        "Print everything, or an enterprise with its whole history, for another installation.",
    ),
    "doctor": Command(
        "bursar.cli.doctor",
        "doctor",
        "Check the settings and everything that the installation stands on.",
    ),
    "run": Command(
        "bursar.cli.run_task",
        "run",
        "Run a scheduled task now. The last line counts what was done.",
    ),
    "token": Command("bursar.cli.token", "token", "Print an access token."),
    "audit": Command("bursar.cli.audit", "audit", "List who did what, oldest first."),
    "events": Command("bursar.cli.events", "app", "Show the log of events."),
    "import": Command("bursar.cli.imports", "app", "Import content and progress."),
    "connect": Command("bursar.cli.connect", "app", "Check the connections to other systems."),
    "compare": Command(
        "bursar.cli.compare",
        "compare",
        "Ask two services the same questions, and print where they differ.",
    ),
    "sync": Command("bursar.cli.sync", "app", "Pull content from other services."),
    "db": Command("bursar.cli.database", "app", "Migrate or back up the database."),
    "clients": Command("bursar.cli.clients", "app", "Manage API clients."),
    "keys": Command("bursar.cli.keys", "app", "Manage the keys that sign access tokens."),
    "mail": Command(
        "bursar.cli.mail", "app", "Show mails that were or will be sent, and send some again."
    ),
    "reports": Command("bursar.cli.reports", "app", "Show scheduled reports, and run one now."),
    "deliveries": Command(
        "bursar.cli.deliveries",
        "app",
        "Show what was or will be sent by any channel, and send some again.",
    ),
    "explain": Command("bursar.cli.explain", "app", "Say why something did or did not happen."),
    "enterprise": Command(
        "bursar.cli.enterprise", "app", "List, suspend, resume or delete enterprises."
    ),
    "console": Command("bursar.cli.console", "app", "Manage the people of the console."),
    "subsidy": Command("bursar.cli.subsidy", "app", "Correct the balance of a subsidy."),
    "learner": Command("bursar.cli.learner", "app", "Show, export, rename or erase one person."),
    "webhooks": Command(
        "bursar.cli.webhooks", "app", "Manage the webhook endpoints of enterprises."
    ),
    "hooks": Command(
        "bursar.cli.hooks", "app", "Manage the addresses at which an LMS tells of progress."
    ),
    "jobs": Command("bursar.cli.jobs", "app", "Show, retry and cancel background jobs."),
}
"""The commands in the order of `bursar --help`."""


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
    """Takes the options that come before a command, and does nothing else."""
