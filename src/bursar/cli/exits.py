"""How a command ends when it cannot do what it was asked. Light: every command imports it."""

from typing import Final, NoReturn

import typer

EXIT_INVALID: Final = 2
EXIT_SCHEMA: Final = 3


def fail(message: str, code: int = 1) -> NoReturn:
    """Raises typer.Exit after the message was written to standard error."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
