"""What the rows of an enterprise must not do: hang on rows of another one, or run in a circle."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.moving.refusals import DumpRefused
from bursar.moving.surveys import Survey
from bursar.moving.tables import ENTERPRISES, rows_of, table, tables_of_enterprises

_OWNER: Final = "enterprise_uuid"


def refuse_circles(theirs: Survey) -> None:
    """A plan that comes to follow itself would never end. Raises DumpRefused."""
    known: set[object] = set()
    for start in theirs.renewals:
        path: set[object] = set()
        plan: object = start
        while plan in theirs.renewals and plan not in known:
            if plan in path:
                raise DumpRefused(f"The plan {plan} comes to follow itself.")
            path.add(plan)
            plan = theirs.renewals[plan]
        known |= path


def refuse_foreign_parents(session: Session, uuid: UUID) -> None:
    """Once they are written: a key of the database only knows that there is such a row. Raises
    DumpRefused."""
    for name in tables_of_enterprises():
        child = table(name)
        for key in child.foreign_keys:
            parent = key.column.table
            if parent.name == ENTERPRISES or _OWNER not in parent.c or key.column.name == _OWNER:
                continue
            foreign = (
                select(key.column)
                .join_from(child, parent, key.parent == key.column)
                .where(rows_of(name, uuid), parent.c[_OWNER] != uuid)
                .limit(1)
            )
            if (found := session.execute(foreign).first()) is not None:
                raise DumpRefused(
                    f"Among the rows of {uuid}, {name} has one that belongs to {found[0]} of "
                    f"{parent.name}, which is another enterprise's."
                )
