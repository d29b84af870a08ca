"""What happens to an enterprise that moves in."""

from typing import ClassVar

from bursar.events.event import Event


class EnterpriseAdopted(Event):
    """Its data came from the services before. The changes say how many objects of which kind were
    made or changed: the objects themselves make no news of their past."""

    type: ClassVar[str] = "enterprise.adopted"
    object_type: ClassVar[str] = "enterprise"
