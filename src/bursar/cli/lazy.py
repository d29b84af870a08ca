"""Commands that are imported only when they run or show their own help.

`bursar --help` lists twenty commands, and most of them need the database, the domains or the web
server. Importing all of that took most of a second, which every other command paid as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer.main
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is found."""

    module: str
    attribute: str
    """The name, in the module, of the function of a command or of the Typer application of
    several."""
    summary: str
    """The first line of the command's help, repeated here because reading it there would import
    the module. A test compares the two."""


class LazyCommand(TyperCommand):
    """Stands in the list of commands for one that is not imported yet."""

    def __init__(self, name: str, command: Command) -> None:
        super().__init__(name, help=command.summary)
        self._command = command

    def load(self) -> TyperCommand | TyperGroup:
        found = getattr(import_module(self._command.module), self._command.attribute)
        return _group(found) if isinstance(found, typer.Typer) else _single(self.name, found)

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """The context of the real command.

        Typer makes a context of a command before it parses its arguments, completes them or
        shows its help, and goes on with the command that it finds in the context.
        """
        return self.load().make_context(*arguments, **more)


class LazyGroup(TyperGroup):
    """The commands of a class that names them in `lazy_commands`."""

    lazy_commands: ClassVar[Mapping[str, Command]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, command in self.lazy_commands.items():
            self.add_command(LazyCommand(name, command))


def _single(name: str | None, function: Callable[..., Any]) -> TyperCommand | TyperGroup:
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    application.command(name)(function)
    command = typer.main.get_command(application)
    assert isinstance(command, TyperCommand)  # noqa: S101 - an application of one command is one
    return command


def _group(application: typer.Typer) -> TyperGroup:
    return typer.main.get_group(application)
