"""The command line: `bursar --help`."""


def main() -> None:
    # Web processes import this module again when they start, and need none of the commands.
    from bursar.cli.commands import app  # noqa: PLC0415

    app()
