"""`bursar run`: one scheduled task now, in this process."""

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Final

import typer

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import opened_database, settings_or_fail
from bursar.work import TASK_NAMES, gateway_of, tasks_of

EARLIEST_YEAR: Final = 1970
LATEST_YEAR: Final = 9900


def run(
    task: Annotated[str, typer.Argument(help=f"One of: {', '.join(TASK_NAMES)}.")],
    now: Annotated[
        str, typer.Option("--now", help="An ISO 8601 instant to use as the current time.")
    ] = "",
) -> None:
    """Run a scheduled task now. The last line counts what was done."""
    if task not in TASK_NAMES:
        fail(f"No task {task!r}; there are: {', '.join(TASK_NAMES)}", EXIT_INVALID)
    time, settings = _clock_at(now), settings_or_fail()
    with time, opened_database(settings) as database:
        counts = tasks_of(gateway_of(settings))[task].function(database, settings)
    typer.echo(", ".join(f"{number} {name}" for name, number in counts.items()))


def _clock_at(text: str) -> AbstractContextManager[None]:
    if not text:
        return nullcontext()
    try:
        instant = clock.parse_instant(text)
    except ValueError:
        fail(f"--now: {text!r} is no instant", EXIT_INVALID)
    # Tasks calculate dates before and after now, which must stay within the range of dates.
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        fail(f"--now: {text!r} is not between {EARLIEST_YEAR} and {LATEST_YEAR}", EXIT_INVALID)
    return clock.frozen_at(instant)
