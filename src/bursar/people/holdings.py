"""Every table that holds people."""

from typing import Final

from bursar.audit import holdings as audit
from bursar.bulk_changes import holdings as changes
from bursar.credit import holdings as credit
from bursar.database.holdings import Holding
from bursar.delivery import holdings as delivery
from bursar.enrollment import holdings as enrollment
from bursar.enrollment.bulk import holdings as bulk
from bursar.enrollment.direct import holdings as direct
from bursar.groups import holdings as groups
from bursar.learners import holdings as learners
from bursar.scheduled_reports import holdings as reports
from bursar.subscriptions.licenses import holdings as licenses

HOLDINGS: Final[tuple[Holding, ...]] = (
    *learners.HOLDINGS,
    *groups.HOLDINGS,
    *enrollment.HOLDINGS,
    *credit.HOLDINGS,
    *licenses.HOLDINGS,
    *bulk.HOLDINGS,
    *direct.HOLDINGS,
    *changes.HOLDINGS,
    *delivery.HOLDINGS,
    *reports.HOLDINGS,
    *audit.HOLDINGS,
)
"""In the order of the export."""
