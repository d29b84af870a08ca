"""People of the console, who are recognised by their addresses, and their roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from bursar.moving.tables import PEOPLE, WITHHELD, table
from bursar.moving.values import Row
from bursar.moving.writing import Writer, refusing

_PASSWORD = WITHHELD[1]


@dataclass
class People:
    trusted: bool
    """Whether passwords are taken over. Else one that somebody else has chosen could open more than
    what was moved, once its owner is given other roles here."""
    without_password: int = 0
    """Those who are new here and cannot sign in yet."""

    def take(self, session: Session, writer: Writer, rows: Sequence[Row]) -> None:
        people = table(PEOPLE)
        here = {
            row.email: row.uuid
            for row in session.execute(
                select(people.c.email, people.c.uuid).where(
                    people.c.email.in_([row["email"] for row in rows])
                )
            )
        }
        for row in rows:
            known = here.get(str(row["email"]))
            if known is None:
                self._add(session, writer, row)
                continue
            writer.note(PEOPLE, row["uuid"], known)
            if self.trusted and row[_PASSWORD] is not None:
                news = {_PASSWORD: row[_PASSWORD], "modified_at": row["modified_at"]}
                session.execute(update(people).where(people.c.uuid == known).values(news))

    def _add(self, session: Session, writer: Writer, row: Row) -> None:
        people = table(PEOPLE)
        is_taken = session.scalar(select(people.c.uuid).where(people.c.uuid == row["uuid"]))
        uuid = uuid4() if is_taken else row["uuid"]
        with refusing(PEOPLE):
            password = row[_PASSWORD] if self.trusted else None
            news = {**row, "uuid": uuid, _PASSWORD: password}
            session.execute(insert(people).values(news))
        writer.note(PEOPLE, row["uuid"], uuid)
        self.without_password += not self.trusted


def forget_who_has_no_role(session: Session) -> None:
    people, grants = table(PEOPLE), table("console_grants").c
    session.execute(delete(people).where(people.c.uuid.not_in(select(grants.user_uuid))))
