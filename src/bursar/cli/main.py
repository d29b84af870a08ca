"""The command line: `bursar --help`."""


def main() -> None:
    # Web processes import this module when they are spawned, and need no commands.
    from bursar.cli.commands import app  # noqa: PLC0415

    app()
