"""Every table of every domain, imported in one place for migrations and tests."""

from bursar.accounts import models as accounts
from bursar.audit import models as audit
from bursar.bulk_changes import models as bulk_changes
from bursar.catalog.catalogs import models as catalogs
from bursar.catalog.content import models as content
from bursar.catalog.imports import models as content_imports
from bursar.catalog.membership import models as membership
from bursar.catalog.sync import models as content_sync
from bursar.claims import models as claims
from bursar.credit import models as credit
from bursar.database import commit_order, doors, standby
from bursar.database.base import Base
from bursar.delivery import models as delivery
from bursar.enrollment import models as enrollment
from bursar.enrollment.bulk import models as bulk_enrollment
from bursar.enrollment.direct import models as direct_enrollment
from bursar.enrollment.progress import models as progress
from bursar.events import models as events
from bursar.groups import models as groups
from bursar.identity import models as identity
from bursar.jobs import models as jobs
from bursar.learners import models as learners
from bursar.people import models as people
from bursar.processes import models as processes
from bursar.sandboxes import models as sandboxes
from bursar.scheduled_reports import models as scheduled_reports
from bursar.subscriptions.licenses import models as licenses
from bursar.subscriptions.plans import models as plans
from bursar.web import models as web
from bursar.webhooks import models as webhooks
from bursar.xapi import models as xapi

__all__ = [
    "accounts",
    "audit",
    "bulk_changes",
    "bulk_enrollment",
    "catalogs",
    "claims",
    "commit_order",
    "content",
    "content_imports",
    "content_sync",
    "credit",
    "delivery",
    "direct_enrollment",
    "doors",
    "enrollment",
    "events",
    "groups",
    "identity",
    "jobs",
    "learners",
    "licenses",
    "membership",
    "metadata",
    "people",
    "plans",
    "processes",
    "progress",
    "sandboxes",
    "scheduled_reports",
    "standby",
    "web",
    "webhooks",
    "xapi",
]

metadata = Base.metadata
