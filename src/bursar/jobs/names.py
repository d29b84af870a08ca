"""Names on which processes that enqueue jobs and workers must agree."""

from typing import Final

APPLICATION: Final = "bursar"
QUEUE: Final = "bursar"
MANY_QUEUE: Final = "bursar-many"
"""The queue of work for many learners at once. It has places of its own in each worker, so that
what one learner waits for never waits behind it."""
SCHEMA: Final = "dbos"
"""The schema of DBOS's tables on PostgreSQL. On SQLite they are beside ours."""

APPLICATION_VERSION: Final = "1"
"""The version that DBOS stores with jobs. Workers take only jobs of their own version, so this is
not the release of Bursar. Change it only when the steps of a workflow change in a way that jobs
which have already started cannot follow."""
