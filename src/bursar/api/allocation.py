"""Allocation over HTTP: a course for several learners."""

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from sqlalchemy.orm import Session

from bursar.api.budget_refusals import REFUSALS
from bursar.credit.assignments import service
from bursar.credit.assignments.commands import AllocateCourse
from bursar.credit.assignments.views import AssignmentItem
from bursar.credit.policies.owned import POLICY, NamedPolicy
from bursar.settings import Settings
from bursar.web.fields import Cents, EmailAddresses, Key
from bursar.web.request import Caller
from bursar.web.routes import Routes
from bursar.web.validation import Body

routes: Final = Routes("policy-allocation", REFUSALS)
OwnedPolicy: TypeAlias = Annotated[NamedPolicy, POLICY]

ALLOCATION_EXAMPLE: Final[dict[str, Any]] = {
    "updated": [],
    "created": [
        {
            "uuid": "4fa11bd5-3f29-4c31-aa72-90f5d3a3a1e5",
            "assignment_configuration": "6fc7ef56-d1c4-4aa8-a649-e6eb209f7668",
            "learner_email": "abc@example.com",
            "lms_user_id": 123123,
            "content_key": "edx+101",
            "content_title": "edX 101",
            "content_quantity": -10000,
            "state": "allocated",
            "transaction_uuid": None,
            "actions": [],
            "earliest_possible_expiration": {
                "date": "2024-08-20T11:58:34.666249Z",
                "reason": "NINETY_DAYS_PASSED",
            },
        }
    ],
    "no_change": [],
}


class AllocateBody(Body):
    learner_emails: EmailAddresses
    content_key: Key
    content_price_cents: Cents


class AllocationAnswer(msgspec.Struct, frozen=True):
    updated: list[AssignmentItem]
    created: list[AssignmentItem]
    no_change: list[AssignmentItem]


@routes.post(
    "/enterprise/v1/policy-allocation/{policy_uuid:uuid}/allocate",
    status=202,
    example=ALLOCATION_EXAMPLE,
)
def allocate(
    policy: OwnedPolicy,
    body: AllocateBody,
    caller: Caller,
    session: Session,
    settings: Settings,
) -> AllocationAnswer:
    """Allocate a course to learners

    Reserves the price for every learner who is new to it, and mails them. Learners who have the
    course allocated already cost nothing and keep their price. All or none: 422 names the reason.
    """
    command = AllocateCourse(
        policy.enterprise_uuid,
        policy.uuid,
        body.content_key,
        body.content_price_cents,
        tuple(dict.fromkeys(body.learner_emails)),
        policy.catalog_uuid,
    )
    done = service.allocate(
        session,
        caller.actor,
        command,
        tolerance_percent=settings.price_tolerance_percent,
    )
    return AllocationAnswer(done.updated, done.created, done.no_change)
