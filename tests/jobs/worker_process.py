"""A worker in a process of its own, with batches so small that it can be killed between two."""

import sys

from bursar.catalog.catalogs import service
from bursar.jobs.worker import Worker
from bursar.schema import metadata
from bursar.work import WORKFLOWS
from testing.databases.composed import opener

if __name__ == "__main__":
    assert metadata.tables
    service.BATCH = 1
    Worker(opener(sys.argv[1]), WORKFLOWS, reaping_seconds=0.3).run_until_signalled()
