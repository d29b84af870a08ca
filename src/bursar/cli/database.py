"""`bursar db`."""

from pathlib import Path
from typing import Annotated

import typer

from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import migrate, reached_database, settings_or_fail
from bursar.database.backup import back_up

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.command("upgrade")
def upgrade_database() -> None:
    """Migrate the database to this version's schema."""
    with reached_database(settings_or_fail()) as database:
        migrate(database)
    typer.echo("the schema is current")


@app.command("backup")
def back_up_database(
    file: Annotated[Path, typer.Argument(help="The copy, which must not be there yet.")],
) -> None:
    """Copy a SQLite database while it is used; for PostgreSQL there is pg_dump."""
    with reached_database(settings_or_fail()) as database:
        if not database.is_sqlite:
            fail("This database is on PostgreSQL: use pg_dump.", EXIT_INVALID)
        try:
            back_up(Path(str(database.url.database)), file)
        except FileExistsError:
            fail(f"{file} is there already.", EXIT_INVALID)
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}")
    typer.echo(f"{file}")
