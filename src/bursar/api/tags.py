"""What the groups of operations in the OpenAPI document are about."""

from collections.abc import Mapping
from typing import Final

ABOUT: Final[Mapping[str, str]] = {
    "policy-allocation": "Learner credit: give a course to learners, out of a budget.",
    "subsidy-access-policies": "Learner credit: the budgets of an enterprise, and what is left.",
    "assignment-configurations": "Learner credit: who was given what; reminders, cancellation.",
    "subscriptions": "Subscription plans and their licenses.",
    "bulk-license-enrollment": "Enroll many learners with licenses in many course runs.",
    "enterprise-catalogs": "The courses, course runs and programs that an enterprise may offer.",
    "learner-summary": "How learners get on: read it as a report, and report it.",
    "learner-data": "All data of one person: exported, renamed, erased.",
    "groups": "Groups of learners. A budget may be for their members only.",
    "policy-redemption": "Learner credit: a learner takes what a budget pays for.",
    "explanations": "Why a learner can take a course, or cannot.",
    "course-enrollments": "Enroll learners in course runs without a license or credit.",
    "bulk-changes": "Changes of more than a request can make, in the background.",
    "events": "What happened: as the log shows it, and as webhooks send it.",
    "webhook-endpoints": "Who is told of events: URLs that get signed requests.",
    "xapi": "What a learning record store is told of enrollments.",
    "sandbox": "For tests: the mails of enterprises that are sandboxes, and a new beginning.",
    "me": "Who the caller is: its enterprises, their lists, and the limits in force.",
    "tokens": "Access tokens, and the keys that prove them.",
    "operations": "For machines that watch this server.",
}
