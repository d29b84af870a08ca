"""Groups of the two enterprises: one that is in use, and one that was deleted."""

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.groups.models import Group
from bursar.groups.service import ChangeMembers, change_members
from bursar.groups.writing import add_group
from testing.worlds.contract_credit import named

MEMBER: Final = "member@example.org"


def open_groups(session: Session, enterprise: UUID) -> None:
    now = clock.now()
    used = add_group(session, named(enterprise, "group"), enterprise, "Data team", now)
    members = ChangeMembers(add=[MEMBER])
    change_members(session, Actor("operator:test"), used.uuid, members, at=now)
    session.add(
        Group(
            uuid=named(enterprise, "deleted group"),
            enterprise_uuid=enterprise,
            name="",
            created_at=now,
            modified_at=now,
            deleted_at=now,
        )
    )
    session.flush()
