"""A worker of bulk enrollments in a process of its own, with small chunks."""

import sys

from bursar.enrollment.bulk.jobs import workflows
from bursar.enrollment.bulk.tasks import tasks
from bursar.enrollment.gateway import EmbeddedGateway
from bursar.jobs.tasks import scheduled
from bursar.jobs.worker import Worker
from bursar.schema import metadata
from bursar.settings import Settings
from testing.databases.composed import opener

if __name__ == "__main__":
    assert metadata.tables
    settings, gateway = Settings(), EmbeddedGateway()
    work = [
        *workflows(gateway),
        *(scheduled(task, settings) for task in tasks(gateway)),
    ]
    Worker(
        opener(sys.argv[1]), work, reaping_seconds=0.3, polling_seconds=0.3
    ).run_until_signalled()
