"""Moving in from dumps of the services before Bursar, and how it is told."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from bursar.adopting.choices import Choices, ChoicesRefused, load_choices
from bursar.adopting.dumps import DumpRefused
from bursar.adopting.findings import Total
from bursar.adopting.service import SHAPES, EnterpriseResult, adopt, not_read
from bursar.adopting.staging import Staging
from bursar.catalog.catalogs.refresh import refresh_pending
from bursar.cli.exits import EXIT_FINDINGS, EXIT_INVALID, fail
from bursar.cli.import_reports import listening
from bursar.cli.support import opened_database, operator, settings_or_fail
from bursar.cli.tables import print_table
from bursar.memory import collect_garbage_rarely

_COLUMNS = ("what", "state", "theirs", "by choice", "ours", "difference")


def adopt_dumps(files: Sequence[Path], choices: Path | None, *, dry_run: bool) -> None:
    settings = settings_or_fail()
    chosen = _chosen(choices)
    with opened_database(settings) as database, Staging(SHAPES, chosen) as staging:
        collect_garbage_rarely()
        _read(staging, files)
        results = []
        for result in adopt(
            database,
            operator(),
            staging,
            chosen,
            refresh_inline_limit=settings.refresh_inline_limit,
            dry_run=dry_run,
        ):
            _tell(result, dry_run=dry_run)
            results.append(result)
        if not dry_run:
            # A job does this in any case. Doing it here too makes catalogs complete at once.
            refresh_pending(database)
        for line in not_read(staging):
            typer.echo(line)
    _end(results)


def _chosen(path: Path | None) -> Choices:
    try:
        return Choices() if path is None else load_choices(path)
    except ChoicesRefused as error:
        fail(str(error), EXIT_INVALID)


def _read(staging: Staging, files: Sequence[Path]) -> None:
    try:
        for path in files:
            with listening(path) as listener:
                staging.read(path, listener.progress)
        staging.finish()
    except DumpRefused as error:
        fail(f"{error}\nNothing was changed.", EXIT_INVALID)


def _tell(result: EnterpriseResult, *, dry_run: bool) -> None:
    verb = ("would be adopted" if dry_run else "adopted") if result.is_adopted else "NOT adopted"
    typer.echo(f"enterprise {result.uuid}: {verb}")
    for line in result.run.tally.lines() if result.is_adopted else ():
        typer.echo(f"  {line}")
    for finding in result.run.findings:
        mark = "!" if finding.is_obstacle else "-"
        typer.echo(f"  {mark} {finding.kind}: {finding.text}")


def _end(results: Sequence[EnterpriseResult]) -> None:
    adopted = [result for result in results if result.is_adopted]
    totals = [total for result in adopted for total in result.run.totals]
    _print_totals(total for total in totals if total.theirs or total.ours)
    tallies = [result.run.tally for result in adopted]
    typer.echo(
        ", ".join(
            f"{sum(tally.total(outcome) for tally in tallies)} {outcome}"
            for outcome in ("created", "changed", "unchanged")
        )
    )
    if not adopted:
        fail("Nothing was adopted." if results else "The files name no enterprise.", EXIT_INVALID)
    differences = sum(1 for total in totals if total.difference)
    refused = len(results) - len(adopted)
    if differences or refused:
        fail(f"{refused} enterprises not adopted, {differences} totals differ", EXIT_FINDINGS)


def _print_totals(totals: Iterable[Total]) -> None:
    rows = [
        {
            "what": total.about,
            "state": total.state,
            "theirs": total.theirs,
            "by choice": total.by_choice,
            "ours": total.ours,
            "difference": total.difference,
        }
        for total in totals
    ]
    if rows:
        print_table(_COLUMNS, rows)
