"""What the clock makes necessary in one sandbox whose clock was advanced, of all domains."""

from typing import Final

from bursar.credit.assignments.expiring import tell_expiring
from bursar.credit.assignments.service import expire_assignments
from bursar.credit.policies import tasks as policies
from bursar.sandboxes.due import DueWork
from bursar.subscriptions.endings import tasks as endings
from bursar.subscriptions.plans import tasks as plans
from bursar.subscriptions.renewals import tasks as renewals

DUE_IN_SANDBOX: Final = DueWork(
    (
        # A plan that follows exists before the end of the one before it is told.
        renewals.process_renewals,
        expire_assignments,
        tell_expiring,
        policies.tell_expiring,
        plans.tell_expiring,
        endings.mark_expired,
    )
)
