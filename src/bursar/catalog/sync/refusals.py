"""Why a sync does not begin, or does not go on."""

from datetime import datetime

from bursar import clock


class AlreadyRunning(Exception):
    """Another process works on a run."""

    def __init__(self, until: datetime | None = None) -> None:
        told = f", and holds the run until {clock.format_instant(until)}" if until else ""
        super().__init__(f"another process is syncing{told}")


class LostHold(Exception):
    """The process was stopped for so long that another one has taken the run over."""

    def __init__(self) -> None:
        super().__init__("another process has taken this run over")


class SyncStopped(Exception):
    """The process ends. Its run is resumed by the next one."""
