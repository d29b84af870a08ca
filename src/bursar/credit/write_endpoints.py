"""What the changes of learner credit declare, with the examples of the API reference."""

from typing import Any, Final

from bursar.credit import owned, write_routes
from bursar.credit.filters import read_filters
from bursar.credit.read_endpoints import FILTER_PARAMETERS
from bursar.credit.write_schemas import AllocationAnswer, TransactionItem
from bursar.web.endpoint import Documentation, Endpoint, Link

_ALLOCATION: Final = "policy-allocation"
_ASSIGNMENTS: Final = "assignment-configurations"
_REDEMPTION: Final = "policy-redemption"
_OF_CONFIGURATION: Final = (
    "/enterprise/v1/assignment-configurations/{assignment_configuration_uuid:uuid}"
    "/admin/assignments"
)
_OF_REDEMPTION: Final = "/enterprise/v1/policy-redemption/{policy_uuid:uuid}"


def write_endpoints() -> list[Endpoint]:
    return [_allocate(), *_of_assignments(), *_of_redemption()]


def _allocate() -> Endpoint:
    return Endpoint(
        "POST",
        "/enterprise/v1/policy-allocation/{policy_uuid:uuid}/allocate",
        Documentation(
            "Allocate a course to learners",
            "Reserves the price for every learner who is new to it, and mails them. Learners who "
            "have the course allocated already cost nothing and keep their price. All or none: "
            "422 names the reason.",
            _ALLOCATION,
            response=AllocationAnswer,
            example=ALLOCATION_EXAMPLE,
            status=202,
        ),
        owned=owned.POLICY,
        write=write_routes.allocate,
        body=write_routes.AllocateBody,
    )


def _of_assignments() -> list[Endpoint]:
    return [
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/remind",
            Documentation(
                "Remind learners of assignments",
                "All or none: when one of them is unknown here or not allocated, 422 names those "
                "and nobody is reminded.",
                _ASSIGNMENTS,
            ),
            owned=owned.CONFIGURATION,
            write=write_routes.remind,
            body=write_routes.AssignmentsBody,
        ),
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/cancel",
            Documentation(
                "Cancel assignments",
                "All or none, of those that are allocated, errored or cancelled already. The "
                "money is free again at once.",
                _ASSIGNMENTS,
            ),
            owned=owned.CONFIGURATION,
            write=write_routes.cancel,
            body=write_routes.AssignmentsBody,
        ),
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/remind-all",
            Documentation(
                "Remind every selected learner",
                "Of the assignments that the filters select, those that are allocated.",
                _ASSIGNMENTS,
                FILTER_PARAMETERS,
                status=202,
            ),
            owned=owned.CONFIGURATION,
            write=write_routes.remind_all,
            parameters=read_filters,
        ),
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/cancel-all",
            Documentation(
                "Cancel every selected assignment",
                "Of the assignments that the filters select, those that are allocated or errored.",
                _ASSIGNMENTS,
                FILTER_PARAMETERS,
                status=202,
            ),
            owned=owned.CONFIGURATION,
            write=write_routes.cancel_all,
            parameters=read_filters,
        ),
    ]


def _of_redemption() -> list[Endpoint]:
    return [
        Endpoint(
            "POST",
            f"{_OF_REDEMPTION}/redeem",
            Documentation(
                "Redeem a course for a learner",
                "With an assigned budget the learner's assignment is redeemed, with the others "
                "the limits of a learner are checked. The money is taken at once; the transaction "
                "is committed when the learner is enrolled, or fails and gives the money back.",
                _REDEMPTION,
                response=TransactionItem,
                example=TRANSACTION_EXAMPLE,
                links=tuple(Link(summary, _THE_NEW_ONE) for summary in _GOING_ON),
            ),
            owned=owned.POLICY,
            write=write_routes.redeem,
            body=write_routes.RedeemBody,
        ),
        Endpoint(
            "GET",
            f"{_OF_REDEMPTION}/transactions/{{transaction_uuid:uuid}}",
            Documentation(
                "Get a transaction",
                "Where a redemption stands.",
                _REDEMPTION,
                response=TransactionItem,
                example=TRANSACTION_EXAMPLE,
            ),
            owned=owned.TRANSACTION,
            read=write_routes.get_transaction,
        ),
        Endpoint(
            "POST",
            f"{_OF_REDEMPTION}/transactions/{{transaction_uuid:uuid}}/reverse",
            Documentation(
                "Reverse a transaction",
                "Once, and only a committed one: the money comes back, and the enrolment ends.",
                _REDEMPTION,
                response=TransactionItem,
                example={**TRANSACTION_EXAMPLE, "state": "reversed"},
            ),
            owned=owned.TRANSACTION,
            write=write_routes.reverse,
        ),
    ]


_GOING_ON: Final = ("Get a transaction", "Reverse a transaction")
_THE_NEW_ONE: Final = {
    "policy_uuid": "$request.path.policy_uuid",
    "transaction_uuid": "$response.body#/uuid",
}
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
TRANSACTION_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": "3a6bcbed-b7dc-4791-84fe-b20f12be4001",
    "state": "created",
    "content_key": "edx+101",
    "quantity": -10000,
    "courserun_key": "course-v1:edx+101+1T2026",
    "lms_user_id": 123123,
    "learner_email": "abc@example.com",
    "subsidy_access_policy": "7f344aea-c28c-4ef0-95e6-fb6e58f98495",
    "subsidy_uuid": "1b6c28b4-2f17-4b18-bbde-b32930e2705c",
    "assignment_uuid": "4fa11bd5-3f29-4c31-aa72-90f5d3a3a1e5",
    "error": None,
    "created": "2026-02-01T08:00:00Z",
    "modified": "2026-02-01T08:00:00Z",
}
