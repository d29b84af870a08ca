"""What happens to enterprises as a whole."""

from typing import ClassVar

from bursar.events.event import Event


class EnterpriseDeleted(Event):
    """All of its data are gone. The event belongs to the installation, because no enterprise is
    left to which it could belong."""

    type: ClassVar[str] = "enterprise.deleted"
    object_type: ClassVar[str] = "enterprise"
