"""What happens when an enterprise moves."""

from typing import ClassVar

from bursar.events.event import Event


class EnterpriseMovedIn(Event):
    """Its rows came from a dump of another installation. It belongs to this installation: the log
    of the enterprise stays the one that came."""

    type: ClassVar[str] = "enterprise.moved_in"
    object_type: ClassVar[str] = "enterprise"
