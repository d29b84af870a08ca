"""The scheduled tasks of assignments."""

from collections.abc import Mapping
from typing import Final

from bursar.credit.assignments.expiring import tell_expiring
from bursar.credit.assignments.expiry import expire_assignments
from bursar.credit.assignments.scrubbing import scrub_pii
from bursar.database.engine import Database
from bursar.jobs.tasks import Task
from bursar.settings import Settings


def _expire(database: Database, _settings: Settings) -> Mapping[str, int]:
    done = expire_assignments(database)
    return {"expired": done.expired, "refreshed": done.refreshed}


def _scrub(database: Database, _settings: Settings) -> Mapping[str, int]:
    done = scrub_pii(database)
    return {"scrubbed": done.scrubbed, "waiting for mail": done.waiting_for_mail}


def _tell_expiring(database: Database, _settings: Settings) -> Mapping[str, int]:
    return {"expiring": tell_expiring(database)}


TASKS: Final = (
    Task("expire-assignments", _expire, "7 * * * *"),
    # After the deadlines were brought up to date.
    Task("tell-expiring-assignments", _tell_expiring, "17 * * * *"),
    Task("scrub-pii", _scrub, "37 2 * * *"),
)
