"""Sends statements in a process of its own, until it is killed."""

import sys
from threading import Event

from bursar.schema import metadata
from testing.databases.composed import composed
from tests.xapi.world import prepare, send

if __name__ == "__main__":
    assert metadata.tables
    print("ready", flush=True)
    send(prepare(composed(sys.argv[1])), Event())
