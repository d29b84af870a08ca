"""What happens to groups."""

from dataclasses import dataclass
from typing import ClassVar

from bursar.events.event import Event
from bursar.groups.views import GroupChange


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupEvent(Event):
    object_type: ClassVar[str] = "group"
    is_public: ClassVar[bool] = True

    data: GroupChange


class GroupChanged(GroupEvent):
    """The group was created or renamed, or has other members."""

    type: ClassVar[str] = "group.changed"


class GroupDeleted(GroupEvent):
    type: ClassVar[str] = "group.deleted"
