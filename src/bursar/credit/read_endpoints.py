"""What the lists of learner credit declare, with the examples of the API reference."""

from typing import Any, Final

from bursar.credit import queries, read_routes
from bursar.credit.rules import POLICY_TYPES
from bursar.credit.schemas import AssignmentList, PolicyList
from bursar.credit.states import AssignmentState, LearnerState
from bursar.web.endpoint import Documentation, Endpoint, Link, Parameter
from bursar.web.fields import LARGEST_INTEGER
from bursar.web.parameters import pattern_of_several

_STRING: Final = {"type": "string"}
_UUID: Final = {"type": "string", "format": "uuid"}
_WHOLE: Final = {"type": "integer", "minimum": -LARGEST_INTEGER - 1, "maximum": LARGEST_INTEGER}
_SIZE: Final = {"type": "integer", "minimum": 1}
_PAGE: Final = Parameter("page", "A page number, or `last`.", _STRING)


def read_endpoints() -> list[Endpoint]:
    return [_list_policies(), _list_assignments()]


def _list_policies() -> Endpoint:
    return Endpoint(
        "GET",
        "/enterprise/v1/subsidy-access-policies",
        Documentation(
            "List the policies of an enterprise",
            "Budgets, newest first: what they may spend, have spent and have promised.",
            "subsidy-access-policies",
            (
                Parameter("enterprise_customer_uuid", "The enterprise.", _UUID, required=True),
                Parameter("active", "Only active or only inactive ones.", {"type": "boolean"}),
                Parameter("policy_type", "Only of this type.", {"enum": list(POLICY_TYPES)}),
                _PAGE,
                Parameter("page_size", "Policies on a page, up to 100.", _SIZE),
            ),
            PolicyList,
            POLICIES_EXAMPLE,
            refusals=(404,),
            links=(
                Link(
                    "List the assignments of a configuration",
                    {
                        "assignment_configuration_uuid": "$response.body"
                        "#/results/0/assignment_configuration/uuid"
                    },
                ),
            ),
        ),
        read=read_routes.list_policies,
        parameters=read_routes.read_policy_parameters,
    )


def _list_assignments() -> Endpoint:
    return Endpoint(
        "GET",
        "/enterprise/v1/assignment-configurations/{assignment_configuration_uuid:uuid}"
        "/admin/assignments",
        Documentation(
            "List the assignments of a configuration",
            "Those that every filter lets pass, the latest action first.",
            "assignment-configurations",
            (*FILTER_PARAMETERS, *_LIST_PARAMETERS),
            AssignmentList,
            ASSIGNMENTS_EXAMPLE,
        ),
        owned=queries.CONFIGURATION,
        read=read_routes.list_assignments,
        parameters=read_routes.read_assignment_parameters,
    )


def _filter(name: str, what: str, schema: dict[str, Any]) -> tuple[Parameter, Parameter]:
    several = {"type": "array", "items": schema}
    return (
        Parameter(name, f"Only this {what}.", schema),
        Parameter(f"{name}__in", "One of these; separated by commas, or repeated.", several),
    )


FILTER_PARAMETERS: Final[tuple[Parameter, ...]] = (
    *_filter("content_key", "course or course run", _STRING),
    *_filter("learner_email", "learner", _STRING),
    *_filter("learner_state", "state of the learner", {"enum": [*map(str, LearnerState)]}),
    *_filter("lms_user_id", "learner", _WHOLE),
    *_filter("state", "state", {"enum": [*map(str, AssignmentState)]}),
    Parameter("search", "Part of the content's title or of the learner's e-mail.", _STRING),
)
"""What `read_filters` reads."""

_LIST_PARAMETERS: Final = (
    Parameter(
        "ordering",
        "`recent_action_time`, `learner_state_sort_order` or `content_quantity`, or several "
        "separated by commas; with `-` in front one descends.",
        {"type": "string", "pattern": pattern_of_several(read_routes.ORDERED_BY)},
    ),
    _PAGE,
    Parameter("page_size", "Assignments on a page, up to 500.", _SIZE),
)

POLICIES_EXAMPLE: Final[dict[str, Any]] = {
    "next": None,
    "previous": None,
    "count": 1,
    "num_pages": 1,
    "current_page": 1,
    "start": 0,
    "results": [
        {
            "uuid": "7f344aea-c28c-4ef0-95e6-fb6e58f98495",
            "policy_type": "AssignedLearnerCreditAccessPolicy",
            "display_name": "Assignable Budget ALC General Testing",
            "description": "Budget for general Assigned LC Testing",
            "active": True,
            "retired": False,
            "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
            "catalog_uuid": "101989c0-5dfa-4e0b-91dc-01f590148c6f",
            "subsidy_uuid": "1b6c28b4-2f17-4b18-bbde-b32930e2705c",
            "access_method": "assigned",
            "per_learner_enrollment_limit": None,
            "per_learner_spend_limit": None,
            "spend_limit": 100000000,
            "subsidy_active_datetime": "2023-11-15T20:16:59Z",
            "subsidy_expiration_datetime": "2025-11-15T20:17:01Z",
            "is_subsidy_active": True,
            "aggregates": {
                "amount_redeemed_usd_cents": 181450,
                "amount_redeemed_usd": 1814.5,
                "amount_allocated_usd_cents": 279100,
                "amount_allocated_usd": 2791.0,
                "spend_available_usd_cents": 99539450,
                "spend_available_usd": 995394.5,
            },
            "assignment_configuration": {
                "uuid": "6fc7ef56-d1c4-4aa8-a649-e6eb209f7668",
                "subsidy_access_policy": "7f344aea-c28c-4ef0-95e6-fb6e58f98495",
                "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
                "active": True,
            },
            "group_associations": [],
            "late_redemption_allowed_until": None,
            "is_late_redemption_allowed": False,
        }
    ],
}

ASSIGNMENTS_EXAMPLE: Final[dict[str, Any]] = {
    "count": 123,
    "page_count": 3,
    "page_size": 50,
    "current_page": 1,
    "next": "http://example.com",
    "previous": "http://example.com",
    "results": [
        {
            "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
            "assignment_configuration": "fd456a98-653b-41e9-94d1-94d7b136832a",
            "learner_email": "user@example.com",
            "lms_user_id": 0,
            "content_key": "string",
            "content_title": "string",
            "content_quantity": 0,
            "state": "allocated",
            "transaction_uuid": "3a6bcbed-b7dc-4791-84fe-b20f12be4001",
            "actions": [
                {
                    "created": "2019-08-24T14:15:22Z",
                    "modified": "2019-08-24T14:15:22Z",
                    "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
                    "action_type": "learner_linked",
                    "completed_at": "2019-08-24T14:15:22Z",
                    "error_reason": "email_error",
                }
            ],
            "earliest_possible_expiration": {
                "date": "2019-08-24T14:15:22Z",
                "reason": "string",
            },
            "recent_action": {
                "action_type": "assigned",
                "timestamp": "2019-08-24T14:15:22Z",
            },
            "learner_state": "notifying",
            "error_reason": "string",
        }
    ],
    "learner_state_counts": [{"learner_state": "waiting", "count": 123}],
}
