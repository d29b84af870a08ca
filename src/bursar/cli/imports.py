"""`bursar import`."""

import typer

from bursar.cli.content import content
from bursar.cli.enrollments import enrollments

app = typer.Typer(help="Import content and progress.", no_args_is_help=True)
app.command()(content)
app.command()(enrollments)
