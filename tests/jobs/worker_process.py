"""A worker in a process of its own, with batches so small that it can be killed between two."""

import sys

from bursar.catalog.membership import service
from bursar.jobs.worker import Worker
from bursar.schema import metadata
from bursar.settings import Settings
from bursar.work import workflows_of
from testing.databases.composed import opener

if __name__ == "__main__":
    assert metadata.tables
    service.BATCH = 1
    workflows = workflows_of(Settings())
    Worker(
        opener(sys.argv[1]), workflows, reaping_seconds=0.3, polling_seconds=0.3
    ).run_until_signalled()
