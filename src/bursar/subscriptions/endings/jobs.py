"""The job that ends the enrollments that licenses paid for. It tries again until the LMS
answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.enrollment.gateway import LmsGateway
from bursar.enrollment.patience import patiently
from bursar.identity.clocks import in_time_of
from bursar.jobs.context import JobContext
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.subscriptions.endings.service import end_batch
from bursar.subscriptions.licenses.events import LicenseRevoked
from bursar.subscriptions.plans.events import PlanExpired
from bursar.subscriptions.plans.models import SubscriptionPlan

END: Final = "subscriptions.end_enrollments"


@dataclass(frozen=True, slots=True)
class EnqueueEnding:
    """Subscribers that enqueue this job, in the transaction that marked the licenses."""

    queue: JobQueue

    def of_revoked(
        self, session: Session, _actor: Actor, events: Sequence[LicenseRevoked], _at: datetime
    ) -> None:
        """Enqueues a job for revoked licenses. Only activated ones can have paid for an
        enrollment."""
        plans = {event.data.subscription_plan_uuid for event in events if event.was_activated}
        for plan_uuid in sorted(plans):
            self.queue.enqueue(session, END, str(plan_uuid))

    def of_expired(
        self, session: Session, _actor: Actor, events: Sequence[PlanExpired], _at: datetime
    ) -> None:
        for event in events:
            if event.has_activated_licenses:
                self.queue.enqueue(session, END, str(event.data.uuid))


def workflows(gateway: LmsGateway) -> tuple[Workflow, ...]:
    """The workflows of a worker that uses this LMS."""

    def end(context: JobContext, plan_uuid: str, attempt: int = 0) -> int:
        """Returns the number of licenses."""

        def end_some() -> int:
            return end_batch(context.database, gateway, UUID(plan_uuid))

        total = 0
        of_plan = select(SubscriptionPlan.enterprise_uuid).where(
            SubscriptionPlan.uuid == UUID(plan_uuid)
        )
        with in_time_of(context.database, of_plan.scalar_subquery()):
            while number := patiently(
                context, END, "end a batch", end_some, plan_uuid, attempt=attempt
            ):
                total += number
                attempt = 0
        return total

    return (Workflow(END, end),)
