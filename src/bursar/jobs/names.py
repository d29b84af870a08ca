"""What writers and workers must agree on."""

from typing import Final

APPLICATION: Final = "bursar"
QUEUE: Final = "bursar"
SCHEMA: Final = "dbos"
"""Of DBOS's tables on PostgreSQL; on SQLite they stand beside ours."""

APPLICATION_VERSION: Final = "1"
"""Workers take only jobs of their own version, so that this is not the release: it changes only
when the order of a workflow's steps changes in a way that a started job cannot follow."""
