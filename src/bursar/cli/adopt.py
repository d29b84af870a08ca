"""`bursar adopt`: moving in, from dumps of the services before Bursar, or of another Bursar."""

from pathlib import Path
from typing import Annotated

import typer

from bursar.cli.exits import EXIT_INVALID, fail


def adopt(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Django dumps, JSON or JSON lines, gz or not.", exists=True, dir_okay=False
        ),
    ] = None,
    *,
    from_bursar: Annotated[
        str,
        typer.Option(
            "--from-bursar",
            help="What `bursar dump` wrote: a file, gz or not, an http(s) address, or - for "
            "standard input.",
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made, change nothing.")
    ] = False,
    choices: Annotated[
        Path | None,
        typer.Option(
            "--choices",
            help="What to do with what cannot be adopted as it is, YAML.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Move in from Open edX, or from another Bursar: take over what was dumped there."""
    if bool(files) == bool(from_bursar) or (from_bursar and choices is not None):
        fail("Name files, or what --from-bursar is to read.", EXIT_INVALID)
    if from_bursar:
        # Only this way of moving in needs it.
        from bursar.cli.adopt_bursar import adopt_bursar  # noqa: PLC0415

        adopt_bursar(from_bursar, dry_run=dry_run)
    else:
        # Only this way of moving in needs it.
        from bursar.cli.adopt_dumps import adopt_dumps  # noqa: PLC0415

        adopt_dumps(files or [], choices, dry_run=dry_run)
