"""`bursar doctor`."""

import os

import typer
from pydantic import ValidationError

from bursar import logs
from bursar.cli.examination import examine
from bursar.cli.exits import fail
from bursar.cli.findings import Finding, Verdict
from bursar.cli.support import setting_problem
from bursar.settings import Settings, get_settings
from bursar.unsafe_settings import given_names, unsafe_settings


def doctor() -> None:
    """Check the settings and everything that the installation stands on."""
    wrong = 0
    for finding in _findings():
        typer.echo(f"{finding.verdict:5}  {finding.about}: {finding.text}")
        wrong += finding.verdict == Verdict.WRONG
    if wrong:
        fail(f"{wrong} things are wrong" if wrong > 1 else "one thing is wrong")


def _findings() -> list[Finding]:
    try:
        settings = get_settings()
    except ValidationError as error:
        # The message never quotes a value, because it may be a password.
        problems = map(setting_problem, error.errors(include_input=False))
        return [Finding(Verdict.WRONG, *line.split(": ", 1)) for line in problems]
    except ValueError as error:
        return [Finding(Verdict.WRONG, "settings", str(error))]
    logs.configure(settings)
    return [*_settings(settings), *examine(settings)]


def _settings(settings: Settings) -> list[Finding]:
    unsafe = unsafe_settings(settings, given_names(os.environ))
    if not unsafe:
        return [Finding(Verdict.OK, "settings", "all can be read, and none is unsafe")]
    return [Finding(Verdict.WRONG, each.name, each.problem) for each in unsafe]
