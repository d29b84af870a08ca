"""What the subscription endpoints declare, with the examples of the API reference."""

from typing import Any, Final

from bursar.subscriptions import queries, routes
from bursar.subscriptions.bodies import AssignBody, RemindBody, RevokeBody
from bursar.subscriptions.schemas import AssignmentAnswer, LicenseItem, LicenseList, PlanList
from bursar.subscriptions.states import LicenseStatus
from bursar.web.endpoint import Documentation, Endpoint, Link, Parameter

_TAG: Final = "subscriptions"
_PLANS: Final = "/enterprise/v1/subscriptions"
_LICENSES: Final = f"{_PLANS}/{{subscription_plan_uuid:uuid}}/licenses"
_STRING: Final = {"type": "string"}
_PAGE: Final = Parameter("page", "A page number, or `last`.", _STRING)


def endpoints() -> list[Endpoint]:
    return [_list_plans(), _list_licenses(), _assign(), _revoke(), _remind(), _activate()]


def _list_plans() -> Endpoint:
    return Endpoint(
        "GET",
        _PLANS,
        Documentation(
            "List the subscription plans",
            "The plan that starts last comes first. Inactive ones are left out when an enterprise "
            "is named.",
            _TAG,
            (
                Parameter(
                    "enterprise_customer_uuid",
                    "Only active plans of this enterprise.",
                    {"type": "string", "format": "uuid"},
                ),
                Parameter(
                    "current",
                    "With `true` only the plan that can be used now; needs an enterprise.",
                    {"type": "boolean"},
                ),
                _PAGE,
            ),
            PlanList,
            _PLANS_EXAMPLE,
            refusals=(404,),
            links=(
                Link(
                    "List the licenses of a plan",
                    {"subscription_plan_uuid": "$response.body#/results/0/uuid"},
                ),
            ),
        ),
        read=routes.list_plans,
        parameters=routes.read_plan_parameters,
    )


def _list_licenses() -> Endpoint:
    return Endpoint(
        "GET",
        _LICENSES,
        Documentation(
            "List the licenses of a plan",
            "By e-mail; those that nobody holds come last. Beyond the reference.",
            _TAG,
            (
                Parameter(
                    "status",
                    "One of these; separated by commas, or repeated.",
                    {
                        "type": "array",
                        "items": {
                            "type": "string",
                            "enum": [status.value for status in LicenseStatus],
                        },
                    },
                ),
                Parameter("search", "Part of the learner's e-mail.", _STRING),
                _PAGE,
            ),
            LicenseList,
            {"count": 1, "next": None, "previous": None, "results": [_LICENSE_EXAMPLE]},
            refusals=(404,),
        ),
        owned=queries.PLAN,
        read=routes.list_licenses,
        parameters=routes.read_license_parameters,
    )


def _assign() -> Endpoint:
    return Endpoint(
        "POST",
        f"{_LICENSES}/assign",
        Documentation(
            "Assign licenses to learners",
            "All or none. Learners who hold a license of the plan keep it and get no mail. 422 "
            "when the plan is not active, has not started, has expired or waits for its renewal.",
            _TAG,
            response=AssignmentAnswer,
            example=_ASSIGNMENT_EXAMPLE,
        ),
        owned=queries.PLAN,
        write=routes.assign,
        body=AssignBody,
    )


def _revoke() -> Endpoint:
    return Endpoint(
        "POST",
        f"{_LICENSES}/bulk-revoke",
        Documentation(
            "Revoke licenses",
            "All or none, by e-mail or by filters that must all hold. For each license revoked the "
            "plan gets a new one. The enrollments that activated ones paid for are ended.",
            _TAG,
            status=204,
        ),
        owned=queries.PLAN,
        write=routes.revoke,
        body=RevokeBody,
    )


def _remind() -> Endpoint:
    return Endpoint(
        "POST",
        f"{_LICENSES}/remind",
        Documentation(
            "Remind learners of licenses",
            "All or none, of those who have not used theirs yet. Beyond the reference.",
            _TAG,
            status=204,
        ),
        owned=queries.PLAN,
        write=routes.remind,
        body=RemindBody,
    )


def _activate() -> Endpoint:
    return Endpoint(
        "POST",
        f"{_LICENSES}/{{license_uuid:uuid}}/activate",
        Documentation(
            "Activate a license",
            "What the learner's first use does. Repeating it changes nothing. 422 for a license "
            "that nobody holds, and when the plan cannot be used now. Beyond the reference.",
            _TAG,
            response=LicenseItem,
            example={
                **_LICENSE_EXAMPLE,
                "status": "activated",
                "activation_date": "2023-01-03T00:00:00Z",
            },
        ),
        owned=queries.LICENSE,
        write=routes.activate,
    )


_PLANS_EXAMPLE: Final[dict[str, Any]] = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [
        {
            "title": "Enterprise Subscription",
            "uuid": "104b1785-1d3a-1000-148d-1ae7a56e6355",
            "start_date": "2023-01-01T00:00:00Z",
            "expiration_date": "2024-01-01T00:00:00Z",
            "enterprise_customer_uuid": "204b1785-2d3a-2000-248d-2ae7a56e6355",
            "enterprise_catalog_uuid": "304b1785-3d3a-3000-348d-3ae7a56e6355",
            "is_active": True,
            "is_revocation_cap_enabled": True,
            "days_until_expiration": 365,
            "days_until_expiration_including_renewals": 365,
            "is_locked_for_renewal_processing": False,
            "should_auto_apply_licenses": True,
            "licenses": {
                "activated": 0,
                "assigned": 0,
                "unassigned": 100,
                "revoked": 0,
                "total": 100,
                "allocated": 0,
            },
            "revocations": {"total": 0, "used": 0, "remaining": 0},
            "prior_renewals": [
                {
                    "prior_subscription_plan_id": "4b27b24a-48f5-4266-448e-47d5b7deacb2",
                    "prior_subscription_plan_start_date": "2021-01-01 00:00:00+00:00",
                    "renewed_subscription_plan_id": "59f50cb8-4b22-4e21-9119-e0022955f9cb",
                    "renewed_subscription_plan_start_date": "2021-07-01 00:00:00+00:00",
                }
            ],
        }
    ],
}
_ASSIGNMENT_EXAMPLE: Final[dict[str, Any]] = {
    "num_successful_assignments": 1,
    "num_already_associated": 0,
    "license_assignments": [
        {"user_email": "abc@example.com", "license": "30824248-e671-449f-8bf7-02715478abce"}
    ],
}
_LICENSE_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": "30824248-e671-449f-8bf7-02715478abce",
    "status": "assigned",
    "user_email": "abc@example.com",
    "lms_user_id": 501,
    "user_sfid": None,
    "subscription_plan_uuid": "104b1785-1d3a-1000-148d-1ae7a56e6355",
    "assigned_date": "2023-01-02T00:00:00Z",
    "activation_date": None,
    "revoked_date": None,
}
