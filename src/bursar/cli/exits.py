"""How a command ends when it fails. Every command imports this module, so it imports little."""

from typing import Final, NoReturn

import typer

EXIT_FINDINGS: Final = 1
EXIT_INVALID: Final = 2
EXIT_SCHEMA: Final = 3


def fail(message: str, code: int = 1) -> NoReturn:
    """Prints the message to standard error and raises typer.Exit."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
