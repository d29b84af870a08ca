"""`bursar dump`: an enterprise, or everything, as JSON lines."""

import sys
from typing import Annotated
from uuid import UUID

import typer

from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, settings_or_fail
from bursar.moving.service import DumpRefused
from bursar.moving.service import dump as dumped


def dump(
    enterprise: Annotated[
        UUID | None, typer.Option("--enterprise", help="Only this enterprise, by its uuid.")
    ] = None,
) -> None:
    """Print everything, or an enterprise with its whole history, for another installation."""
    with opened_database(settings_or_fail()) as database:
        try:
            for line in dumped(database, enterprise):
                sys.stdout.buffer.write(line)
        except DumpRefused as error:
            fail(str(error), EXIT_INVALID)
        except BrokenPipeError:
            fail("Nobody reads the dump any more; what was read is not whole.")
