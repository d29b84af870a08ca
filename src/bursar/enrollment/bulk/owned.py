"""The jobs that requests can name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam

from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.identity.models import Enterprise
from bursar.tenancy import Owned

_enterprises, _jobs = Enterprise.__table__, BulkEnrollmentJob.__table__


@dataclass(frozen=True, slots=True)
class EnterpriseTarget:
    enterprise_uuid: UUID


@dataclass(frozen=True, slots=True)
class JobTarget:
    """A job with its counts, so that its status needs no further statement."""

    enterprise_uuid: UUID
    uuid: UUID
    total: int
    state: str
    succeeded_count: int
    pending_count: int
    failed_count: int
    created_at: datetime
    finished_at: datetime | None


_STATUS: Final = (
    _jobs.c.uuid,
    _jobs.c.total,
    _jobs.c.state,
    _jobs.c.succeeded_count,
    _jobs.c.pending_count,
    _jobs.c.failed_count,
    _jobs.c.created_at,
    _jobs.c.finished_at,
)
_IS_KEPT: Final = _jobs.c.forgotten_at.is_(None)
ENTERPRISE: Final = Owned(
    EnterpriseTarget,
    source=_enterprises,
    enterprise=_enterprises.c.uuid,
    condition=_enterprises.c.uuid == bindparam("enterprise_customer_uuid"),
)
JOB: Final = Owned(
    JobTarget,
    source=_jobs,
    enterprise=_jobs.c.enterprise_uuid,
    condition=(_jobs.c.uuid == bindparam("job_id")) & _IS_KEPT,
    columns=_STATUS,
)
JOB_OF_ENTERPRISE: Final = Owned(
    JobTarget,
    source=_jobs,
    enterprise=_jobs.c.enterprise_uuid,
    condition=(_jobs.c.uuid == bindparam("bulk_enrollment_job_uuid"))
    & (_jobs.c.enterprise_uuid == bindparam("enterprise_customer_uuid"))
    & _IS_KEPT,
    columns=_STATUS,
)
