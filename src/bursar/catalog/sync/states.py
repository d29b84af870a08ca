from enum import StrEnum


class SyncState(StrEnum):
    OPEN = "open"
    """Under way, or waiting to be resumed."""
    DONE = "done"
    GUARDED = "guarded"
    """It would have removed too much, so nothing was changed. Its pages are kept for `--force`."""
    DROPPED = "dropped"
    """Another run took its place before it was done; nothing goes on with its pages."""
