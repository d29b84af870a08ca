"""What the sync does as a whole. Its changes to documents are events of their own."""

from dataclasses import dataclass
from typing import ClassVar

from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSynced(Event):
    """A run over the discovery service is done. `data` says what it found."""

    type: ClassVar[str] = "content.synced"
    object_type: ClassVar[str] = "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSyncStopped(Event):
    """A full sweep would have removed too much and changed nothing. `data` says how much."""

    type: ClassVar[str] = "content.sync_stopped"
    object_type: ClassVar[str] = "content"
