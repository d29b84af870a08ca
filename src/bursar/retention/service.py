"""Forgets what is older than the settings say, in many small transactions.

Money, seats, learners and what they are enrolled in are never forgotten.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar import clock
from bursar.accounts.forgetting import forget_sign_ins
from bursar.audit.forgetting import forget_entries
from bursar.audit.operations import JobCancelled
from bursar.bulk_changes.events import BulkChangeRequested
from bursar.bulk_changes.forgetting import forget_changes, known_changes
from bursar.catalog.sync.forgetting import forget_syncs
from bursar.credit.policies.events import PolicyThresholdReached
from bursar.database.engine import Database
from bursar.database.forgetting import days_before
from bursar.delivery.events import DeliveryRetried, MailRetried
from bursar.delivery.forgetting import (
    forget_answers,
    forget_deliveries,
    forget_texts,
    known_deliveries,
)
from bursar.enrollment.bulk.events import BulkEnrollmentRequested
from bursar.enrollment.bulk.forgetting import forget_jobs, known_jobs
from bursar.enrollment.direct.events import DirectEnrollmentsRequested
from bursar.enrollment.direct.forgetting import forget_wishes
from bursar.enrollment.progress.forgetting import forget_pulled_runs
from bursar.events.forgetting import Kept, forget_events, forget_shown
from bursar.events.told import forget_told
from bursar.identity.events import ClientSecretRotated
from bursar.identity.service import list_enterprises
from bursar.scheduled_reports.forgetting import forget_runs
from bursar.settings import Settings

KEPT: Final = Kept(
    # Whether the secrets of a client come from a rotation is read from its events.
    each_kind={ClientSecretRotated.object_type},
    passing={
        BulkChangeRequested.object_type: known_changes,
        BulkEnrollmentRequested.object_type: known_jobs,
        DirectEnrollmentsRequested.object_type: None,
        JobCancelled.object_type: None,
        MailRetried.object_type: known_deliveries,
        DeliveryRetried.object_type: known_deliveries,
    },
)


def forget_old(database: Database, settings: Settings) -> Mapping[str, int]:
    """How many of what is forgotten. Bulk work and deliveries come first, because the last events
    about them are kept as long as they are."""
    now = clock.now()
    with database.read() as connection:
        enterprises = [each.uuid for each in list_enterprises(connection)]
    return {
        **_ended_work(database, days_before(now, settings.bulk_days), now),
        **_texts(database, days_before(now, settings.mail_days)),
        **_shown(database, days_before(now, settings.event_days)),
        **_trail(database, enterprises, days_before(now, settings.audit_days)),
        "sign-ins": forget_sign_ins(database, now),
        "pulled course runs": forget_pulled_runs(database, now),
    }


def _ended_work(database: Database, before: datetime | None, now: datetime) -> Mapping[str, int]:
    return {
        "bulk enrollments": forget_jobs(database, before, now) if before else 0,
        "bulk changes": forget_changes(database, before) if before else 0,
        "course enrollments": forget_wishes(database, before) if before else 0,
    }


def _texts(database: Database, before: datetime | None) -> Mapping[str, int]:
    return {
        "texts of mails": forget_texts(database, before) if before else 0,
        "answers": forget_answers(database, before) if before else 0,
    }


def _shown(database: Database, before: datetime | None) -> Mapping[str, int]:
    return {"data of events": forget_shown(database, before) if before else 0}


def _trail(
    database: Database, enterprises: Sequence[UUID], before: datetime | None
) -> Mapping[str, int]:
    return {
        "deliveries": forget_deliveries(database, enterprises, before) if before else 0,
        "report runs": forget_runs(database, before) if before else 0,
        "content syncs": forget_syncs(database, before) if before else 0,
        "events": forget_events(database, enterprises, before, KEPT) if before else 0,
        # What is told for each limit is told once for ever; the others have ends that have passed.
        "marks of what was told": forget_told(database, before, {PolicyThresholdReached.type})
        if before
        else 0,
        "audit entries": forget_entries(database, enterprises, before) if before else 0,
    }
