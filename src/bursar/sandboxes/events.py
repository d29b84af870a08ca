"""What happens to sandboxes."""

from typing import ClassVar

from bursar.events.event import Event


class SandboxReset(Event):
    """A test begins anew: what the one before has left beside the data is forgotten."""

    type: ClassVar[str] = "sandbox.reset"
    object_type: ClassVar[str] = "enterprise"
