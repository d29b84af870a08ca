"""Where people are in groups."""

from typing import Final, cast

from sqlalchemy import Table

from bursar.database.holdings import Holding
from bursar.groups.models import GroupMember

_MEMBERS: Final = cast("Table", GroupMember.__table__)

HOLDINGS: Final = (
    Holding(
        table=_MEMBERS,
        address=_MEMBERS.c.email,
        since=_MEMBERS.c.created_at,
        once_in=(_MEMBERS.c.group_uuid,),
        is_deleted=True,
    ),
)
