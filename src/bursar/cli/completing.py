"""`bursar import content --complete`: what the files lack is deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from bursar.catalog.imports.completion import check_missing, delete_missing
from bursar.catalog.imports.refusals import TooMuchMissing
from bursar.catalog.imports.survey import Survey, survey
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.cli.support import looking_at, operator
from bursar.database.engine import Database


class NothingDeleted(Exception):
    """What is missing in the files stays stored."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was deleted: {reason}")


@dataclass(slots=True)
class Completion:
    """Decides before anything is imported, and deletes after everything was."""

    surveyed: Survey
    force: bool
    keep_going: bool
    deleted: int = 0

    @classmethod
    def begun(
        cls, database: Database, files: Sequence[Path], *, force: bool, keep_going: bool
    ) -> "Completion":
        """Ends the command when too much would be deleted."""
        surveyed = survey(files)
        if not force:
            with looking_at(database) as session:
                try:
                    check_missing(session, surveyed.keys)
                except TooMuchMissing as error:
                    fail(str(error), EXIT_INVALID)
        return cls(surveyed, force, keep_going)

    def delete(self, session: Session) -> None:
        """In the caller's transaction. Raises NothingDeleted, which says why."""
        if self.surveyed.rejected and not self.keep_going:
            # A line that cannot be read may be the document that seems to be missing.
            raise NothingDeleted("lines were rejected (--keep-going: delete all the same)")
        if changed := self.surveyed.changed_file:
            raise NothingDeleted(f"{changed} was changed while it was imported")
        try:
            self.deleted = delete_missing(session, operator(), self.surveyed.keys, force=self.force)
        except TooMuchMissing as error:
            raise NothingDeleted(str(error)) from error
