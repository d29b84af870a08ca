"""The front door of moving: a dump is written, and taken over."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Table, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.reevaluation import reevaluate
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.moving import format as lines
from bursar.moving.clients import Clients
from bursar.moving.content import Content
from bursar.moving.dumping import dump
from bursar.moving.enterprises import Move, Taken, totals_of
from bursar.moving.events import EnterpriseMovedIn
from bursar.moving.people import People
from bursar.moving.places import Places, last_place
from bursar.moving.reading import Dump, DumpedRow, open_dump
from bursar.moving.refusals import DumpRefused
from bursar.moving.rest import Rest
from bursar.moving.tables import ENTERPRISES, SHOWN_IDS, table
from bursar.moving.writing import Writer, continue_ids

__all__ = ["Adoption", "Dump", "DumpRefused", "Taken", "adopt", "dump", "totals_of"]


@dataclass
class Adoption:
    taken: list[Taken] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    keeps_places: bool = True
    """Whether cursors of the log are good here."""
    moved_ids: dict[str, int] = field(default_factory=dict)
    """How many rows of which tables have other ids here."""


class _Undone(Exception):
    """Ends the transaction of a dry run."""


def adopt(
    database: Database,
    actor: Actor,
    path: Path,
    at: datetime,
    *,
    dry_run: bool = False,
    told: Callable[[Taken], None] = lambda _taken: None,
) -> Adoption:
    """Takes over what the file has. Raises DumpRefused; enterprises before stay taken over."""
    with database.read() as connection:
        here = last_place(connection)
        is_new = _is_new(connection)
        enterprises = set(connection.scalars(select(table(ENTERPRISES).c.uuid)))
    dumped = open_dump(path, frozenset() if here is None else frozenset({here[0]}))
    keeps = is_new or _is_continued(dumped, here)
    is_whole = dumped.header.enterprise_uuid is None and enterprises <= dumped.surveys.keys()
    taking = _Taking(actor, at, dumped, keeps, keeps and is_whole, told)
    if dry_run:
        try:
            with database.transaction() as session:
                taking.take_all(lambda: nullcontext(session))
                raise _Undone
        except _Undone:
            return taking.adoption
    taking.take_all(database.transaction)
    if taking.needs_evaluation:
        reevaluate(database)
    return taking.adoption


def _is_new(connection: Connection) -> bool:
    """Nothing was ever here that could contradict what comes."""
    empty: Iterable[Table] = map(table, (ENTERPRISES, "content_items", "event_positions"))
    return all(
        connection.execute(select(*found.primary_key.columns).limit(1)).first() is None
        for found in empty
    )


def _is_continued(dumped: Dump, here: tuple[int, UUID] | None) -> bool:
    """Whether the log here is the beginning of the log there. Both give places without a gap, so
    they agree everywhere if they agree at the last one."""
    return here is not None and dumped.places.get(here[0]) == here[1]


@dataclass
class _Taking:
    actor: Actor
    at: datetime
    dumped: Dump
    keeps: bool
    is_all: bool
    """Whether nothing is here that did not come from there. Only then the dump says who runs the
    installation, and with which passwords and secrets: it may be of somebody who does not."""
    told: Callable[[Taken], None]
    adoption: Adoption = field(default_factory=Adoption)
    needs_evaluation: bool = False

    def __post_init__(self) -> None:
        self.writer = Writer(self.dumped.header)
        self.clients = Clients(self.dumped.surveys.keys() if self.is_all else ())
        self.adoption.keeps_places = self.keeps

    def take_all(self, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        for section, rows in self.dumped.sections():
            with transaction() as session:
                # What is written beside the dump gets ids behind all of its own.
                continue_ids(session, self.dumped.header.highest)
                self.writer.start_section()
                self._take(session, section, rows)
                continue_ids(session, {})
        self.adoption.warnings += [
            f"The client {name} acts for others here too, and stays as it is."
            for name in sorted(self.clients.kept)
        ]
        moved = {name: len(self.writer.moved.get(name, ())) for name in SHOWN_IDS}
        self.adoption.moved_ids = {name: number for name, number in moved.items() if number}

    def _take(self, session: Session, section: lines.Section, rows: Iterator[DumpedRow]) -> None:
        if section.section == lines.SHARED:
            self._take_content(session, rows)
        elif section.enterprise_uuid is not None:
            self._take_enterprise(session, section.enterprise_uuid, rows)
        else:
            self.clients.owner = None
            Rest(session, self.writer, self._places(), self.clients, self.is_all).take(rows)

    def _take_content(self, session: Session, rows: Iterator[DumpedRow]) -> None:
        content = Content(People(trusted=self.is_all))
        content.take_over(
            session,
            self.writer,
            rows,
            exactly=self.keeps,
            enterprise=self.dumped.header.enterprise_uuid,
        )
        self.adoption.warnings += content.warnings
        if content.kept:
            self.adoption.warnings.append(
                f"{content.kept} documents are others here and stay so: import the same content "
                "to have the same catalogs."
            )
        self.needs_evaluation = content.needs_evaluation

    def _take_enterprise(self, session: Session, uuid: UUID, rows: Iterator[DumpedRow]) -> None:
        theirs = self.dumped.surveys[uuid]
        self.clients.owner = uuid
        move = Move(session, self.writer, self._places(), self.clients, uuid)
        taken = move.take(theirs, rows)
        self.adoption.taken.append(taken)
        if not taken.is_unchanged:
            continue_ids(session, self.dumped.header.highest)
            changes = {"rows": (0, theirs.rows.total())}
            event = EnterpriseMovedIn(object_id=uuid, enterprise_uuid=None, changes=changes)
            publish(session, self.actor, [event], at=self.at)
        self.told(taken)

    def _places(self) -> Places:
        return Places(self.keeps, self.dumped.header)
