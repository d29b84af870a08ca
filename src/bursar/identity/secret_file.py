"""The secrets that seal the signing keys of an installation."""

from pathlib import Path

from bursar.database.engine import Database
from bursar.database.private_files import secret_beside
from bursar.identity.sealing import Seal
from bursar.settings import Settings


def seal_of(database: Database, settings: Settings) -> Seal:
    """The secrets of BURSAR_SECRET_KEY.

    On SQLite without this setting, a secret in a file beside the database, which is made when it is
    missing. The file still opens keys after the setting came.
    """
    given = settings.secrets
    if not database.is_sqlite:
        return Seal(given)
    kept = secret_beside(Path(str(database.url.database)), make=not given)
    return Seal(given if kept is None else [*given, kept])
