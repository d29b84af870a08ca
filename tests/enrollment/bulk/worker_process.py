"""A worker of bulk enrolments in a process of its own, with small chunks."""

import sys

from bursar.enrollment.bulk.jobs import WORKFLOWS
from bursar.enrollment.bulk.tasks import TASKS
from bursar.jobs.tasks import scheduled
from bursar.jobs.worker import Worker
from bursar.schema import metadata
from testing.databases.composed import opener

if __name__ == "__main__":
    assert metadata.tables
    tasks = [scheduled(task) for task in TASKS]
    Worker(opener(sys.argv[1]), [*WORKFLOWS, *tasks], reaping_seconds=0.3).run_until_signalled()
