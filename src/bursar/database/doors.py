"""The doors in the tables that triggers guard: who may do there what others may not.

Triggers refuse every change of the log, the audit trail and the ledger, and every state that a
license, an assignment or a transaction cannot come to, unless the transaction has opened the right
door: a row of `open_doors` that the same transaction takes away again. No other transaction ever
sees that row, so a door is never open for anybody else.

- `erasure` lets a person be taken out of events and old audit entries. The ledger has no people.
- `retention` lets events and old audit entries be deleted when their time has passed, and before
  that the `data` of events be emptied. No other column changes through it.
- `deletion` lets the rows of a deleted enterprise go, those of the ledger included.
- `adoption` lets licenses, assignments and transactions be written in any state: they had their
  history elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bursar.database.base import Base


class Door(StrEnum):
    ERASURE = "erasure"
    RETENTION = "retention"
    DELETION = "deletion"
    ADOPTION = "adoption"


class OpenDoor(Base):
    """A door that a transaction has opened. Outside of such a transaction the table is empty."""

    __tablename__ = "open_doors"

    name: Mapped[str] = mapped_column(primary_key=True)


@contextmanager
def opened(session: Session, door: Door) -> Iterator[None]:
    """Opens a door for the statements of the block. On PostgreSQL, a second transaction that opens
    the same door waits for the first to end."""
    session.execute(insert(OpenDoor).values(name=door.value))
    yield
    session.execute(delete(OpenDoor).where(OpenDoor.name == door.value))


def check_doors(session: Session) -> Iterator[str]:
    """One line for each door that was left open, through which history could be changed."""
    for name in session.scalars(select(OpenDoor.name).order_by(OpenDoor.name)):
        yield f"open_doors: {name}: an append-only table can be changed: delete this row"
