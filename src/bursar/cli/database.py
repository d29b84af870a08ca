"""`bursar db`."""

from pathlib import Path
from typing import Annotated

import typer

from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import migrate, reached_database, settings_or_fail
from bursar.database.backup import back_up

app = typer.Typer(help="Migrate or back up the database.", no_args_is_help=True)


@app.command("upgrade")
def upgrade_database() -> None:
    """Migrate the database to the schema of this version."""
    with reached_database(settings_or_fail()) as database:
        migrate(database)
    typer.echo("the schema is current")


@app.command("backup")
def back_up_database(
    file: Annotated[Path, typer.Argument(help="The file to create, which must not exist.")],
) -> None:
    """Copy a SQLite database while it is in use. On PostgreSQL, use pg_dump."""
    with reached_database(settings_or_fail()) as database:
        if not database.is_sqlite:
            fail("This database is on PostgreSQL. Use pg_dump to back it up.", EXIT_INVALID)
        try:
            back_up(Path(str(database.url.database)), file)
        except FileExistsError:
            fail(f"{file} already exists.", EXIT_INVALID)
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}")
    typer.echo(f"{file}")
