"""The public types of events: what the log shows, and what webhooks can be asked for.

This is the only table of them. A test compares it with the classes of the domains, with the
OpenAPI document and with docs/reference/event-types.md.
"""

from collections.abc import Mapping
from typing import Final

_LEDGER: Final = "org.openedx.enterprise.subsidy_ledger_transaction"

PUBLIC_TYPES: Final[Mapping[str, str]] = {
    "catalog.changed": "A catalog was created, or its fields or its filter became others.",
    "catalog.content_added": "A catalog has come to list documents.",
    "catalog.content_removed": "A catalog lists documents no more.",
    "learner.created": "A learner became known.",
    "learner.linked": "The account of a learner became known, or is another one than before.",
    "learner.changed": "Fields of a learner changed.",
    "learner.consent_changed": "A learner gave or took back the consent to share progress.",
    "learner.deactivated": "An identity provider says that a person has left.",
    "learner.reactivated": "A deactivated person may be given something again.",
    "learner.erased": "A person was taken out of the enterprise's data.",
    "group.changed": "A group was created or renamed, or has other members.",
    "group.deleted": "A group was deleted.",
    "subsidy.created": "A subsidy was created.",
    "subsidy.changed": "The title or the dates of a subsidy changed.",
    "subsidy.deposited": "Money was paid into a subsidy.",
    "subsidy.adjusted": "The balance of a subsidy was corrected.",
    "subsidy.expiring": "A subsidy ends within 30 days, and within 7 days: once each.",
    "subsidy.expired": "A subsidy has ended.",
    "policy.created": "A policy was created.",
    "policy.changed": "Fields of a policy changed.",
    "policy.retired": "A policy was retired.",
    "policy.threshold_reached": "80, 90 or 100 % of a policy's limit are spent: once each.",
    "assignment.allocated": "Money was reserved for a learner and a course.",
    "assignment.notified": "The mail about an allocation was delivered.",
    "assignment.notification_failed": "The mail about an allocation was refused or given up.",
    "assignment.reminded": "An administrator asked for a reminder.",
    "assignment.accepted": "An assignment was redeemed: the learner is enrolled.",
    "assignment.errored": "The redemption of an assignment failed.",
    "assignment.cancelled": "An administrator took an assignment back.",
    "assignment.expiring": "The deadline of an assignment is at most 14 days ahead.",
    "assignment.expired": "An assignment has expired.",
    "assignment.reversed": "The redemption of an assignment was reversed.",
    "transaction.created": "Money was taken; the learner is to be enrolled.",
    "transaction.committed": "The learner is enrolled.",
    "transaction.failed": "The learner could not be enrolled; the money went back.",
    "transaction.reversed": "The money went back; the enrollment is to end.",
    "plan.created": "A subscription plan was created.",
    "plan.changed": "The terms, the size or the renewal of a plan changed.",
    "plan.renewed": "The learners of a plan hold their licenses in the plan that follows as well.",
    "plan.seats_low": "Less than a tenth of a plan's licenses is left, and it was more before.",
    "plan.expiring": "A plan without a renewal ends within 30 days, and within 7 days: once each.",
    "plan.expired": "A plan has expired without a renewal.",
    "license.assigned": "A learner got a license.",
    "license.reminded": "A learner is to be reminded of a license.",
    "license.activated": "A license was activated.",
    "license.revoked": "A license was revoked.",
    "license.renewed": "A learner got a license of the plan that follows.",
    "enrollment.created": "A learner was enrolled in a course run.",
    "enrollment.progressed": "Progress of a learner who has consented was reported anew.",
    "enrollment.passed": "It was reported that a learner who has consented has passed.",
    "enrollment.failed": "A course run has ended, and a learner who has consented has not passed.",
    "enrollment.ended": "An enrollment has ended.",
    "job.finished": "A job is done.",
    "client.created": "An API client was created.",
    "client.granted": "An API client may act for an enterprise.",
    "client.role_changed": "An API client has another role.",
    "client.secret_replaced": "A declared secret has ended all others.",
    "client.secret_rotated": "A new secret is live beside the newest of the old ones.",
    "client.disabled": "An API client was disabled.",
    "client.enabled": "An API client works again.",
    "client.format_changed": "An API client has another default format.",
    "endpoint.disabled": "A webhook endpoint failed for too long, or said that it is gone.",
    "ping": "Somebody tries out a webhook endpoint; only this endpoint is sent it.",
}
"""By type, what happened."""

ALSO_KNOWN_AS: Final[Mapping[str, str]] = {
    f"transaction.{what}": f"{_LEDGER}.{what}.v1"
    for what in ("created", "committed", "failed", "reversed")
}
"""Names that other systems have for the same event."""
