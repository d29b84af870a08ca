"""What happens to sandboxes."""

from typing import ClassVar

from bursar.events.event import Event


class SandboxReset(Event):
    """A test begins anew: what the one before has left beside the data is forgotten."""

    type: ClassVar[str] = "sandbox.reset"
    object_type: ClassVar[str] = "enterprise"


class SandboxClockAdvanced(Event):
    """In a sandbox it is later than it was."""

    type: ClassVar[str] = "sandbox.clock_advanced"
    object_type: ClassVar[str] = "enterprise"


class SandboxFaultsChanged(Event):
    """A test has something go wrong, or right again."""

    type: ClassVar[str] = "sandbox.faults_changed"
    object_type: ClassVar[str] = "enterprise"
