"""A bulk enrollment and a bulk change of each of the two enterprises: both are done, and the
enrollment has a pair of each outcome."""

from uuid import UUID

from sqlalchemy.orm import Session

from bursar import clock
from bursar.bulk_changes.models import BulkChange
from bursar.database.bulk import bulk_insert
from bursar.enrollment.bulk.models import (
    BulkEnrollmentChunk,
    BulkEnrollmentJob,
    BulkEnrollmentRow,
)
from bursar.enrollment.bulk.rules import MISSING_SUBSCRIPTION, PENDING_ACTIVATION
from testing.worlds.contract import NESTED_RUN_KEY
from testing.worlds.contract_credit import named
from testing.worlds.contract_licenses import HOLDER, USER

NOBODY = "nobody@example.org"
PAIRS = [
    (USER, "success", "", f"license of {USER}"),
    (HOLDER, "pending", PENDING_ACTIVATION, f"license of {HOLDER}"),
    (NOBODY, "failed", MISSING_SUBSCRIPTION, None),
]


def enroll_in_bulk(session: Session, enterprise: UUID) -> None:
    """For licenses that were handed out before."""
    uuid, now = named(enterprise, "job"), clock.now()
    job = {
        "uuid": uuid,
        "enterprise_uuid": enterprise,
        "notify": False,
        "emails": [email for email, *_ in PAIRS],
        "course_run_keys": [NESTED_RUN_KEY],
        "total": len(PAIRS),
        "chunk_size": 1_000,
        "state": "done",
        **dict.fromkeys(("succeeded_count", "pending_count", "failed_count"), 1),
        "client_id": "test",
        "request_id": None,
        **dict.fromkeys(("created_at", "started_at", "finished_at"), now),
    }
    bulk_insert(session, BulkEnrollmentJob, [job])
    bulk_insert(session, BulkEnrollmentChunk, [{"job_uuid": uuid, "number": 0, "done_at": now}])
    rows = [
        {
            "job_uuid": uuid,
            "number": number,
            "enterprise_uuid": enterprise,
            "email": email,
            "course_run_key": NESTED_RUN_KEY,
            "status": status,
            "notes": notes,
            "license_uuid": None if license_name is None else named(enterprise, license_name),
            "created_at": now,
            "modified_at": now,
        }
        for number, (email, status, notes, license_name) in enumerate(PAIRS)
    ]
    bulk_insert(session, BulkEnrollmentRow, rows)
    change = {
        "uuid": named(enterprise, "change"),
        "enterprise_uuid": enterprise,
        "kind": "licenses.remind",
        "subject_uuid": named(enterprise, "plan"),
        "selection": {},
        "total": 2_000,
        "done_count": 2_000,
        "state": "done",
        "client_id": "test",
        **dict.fromkeys(("created_at", "finished_at"), now),
    }
    bulk_insert(session, BulkChange, [change])
