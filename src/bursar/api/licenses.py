"""Licenses of subscription plans over HTTP."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.api.license_bodies import AssignBody, RemindBody, RevokeBody
from bursar.pages import PageRequest
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import (
    ActivateLicense,
    AssignLicenses,
    LicenseSelection,
    RemindLearners,
    RevokeLicenses,
    RevokeMatchingLicenses,
)
from bursar.subscriptions.licenses.owned import LICENSE, LicenseTarget
from bursar.subscriptions.licenses.refusals import (
    NoLiveLicense,
    NotActivatable,
    NotEnoughLicenses,
    PlanUnusable,
    TooManyRevocations,
)
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem
from bursar.subscriptions.plans.owned import PLAN, PlanTarget
from bursar.subscriptions.plans.refusals import Unusable
from bursar.web.errors import BusinessRule, NotFound, Refusal
from bursar.web.query import PageNumber, Parameter, Query, Repeatable, WrongValue
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Refusals, Routes

PAGE_SIZE: Final = 100
LONGEST_SEARCH: Final = 1000
_LICENSES: Final = "/enterprise/v1/subscriptions/{subscription_plan_uuid:uuid}/licenses"

OwnedPlan: TypeAlias = Annotated[PlanTarget, PLAN]
OwnedLicense: TypeAlias = Annotated[LicenseTarget, LICENSE]

_UNUSABLE: Final = {
    Unusable.INACTIVE: "The subscription plan is not active.",
    Unusable.NOT_STARTED: "The subscription plan has not started yet.",
    Unusable.EXPIRED: "The subscription plan has expired.",
    Unusable.LOCKED_FOR_RENEWAL: "The subscription plan is locked for renewal processing.",
}


def _not_enough(refused: NotEnoughLicenses) -> Refusal:
    return Refusal(
        f"Not enough licenses: {refused.needed} wanted, {refused.unassigned} unassigned in the"
        " plan."
    )


def _no_live_license(refused: NoLiveLicense) -> NotFound:
    statuses = " or ".join(refused.statuses)
    return NotFound(f"{refused.email} has no {statuses} license in the plan {refused.plan_uuid}.")


def _too_many(refused: TooManyRevocations) -> Refusal:
    return Refusal(
        f"Not enough revocations: {refused.activated} activated licenses to revoke,"
        f" {max(0, refused.remaining)} revocations remain in the plan."
    )


def _not_activatable(refused: NotActivatable) -> BusinessRule:
    return BusinessRule(f"A license that is {refused.status} cannot be activated.")


REFUSALS: Final[Refusals] = {
    PlanUnusable: lambda refused: BusinessRule(_UNUSABLE[refused.reason]),
    NotEnoughLicenses: _not_enough,
    NoLiveLicense: _no_live_license,
    TooManyRevocations: _too_many,
    NotActivatable: _not_activatable,
}
routes: Final = Routes("subscriptions", REFUSALS)


def _statuses(texts: Sequence[str]) -> frozenset[LicenseStatus]:
    """Several, by comma or by saying `status` again; none at all stands for every status."""
    names = {part.strip() for text in texts for part in text.split(",")} - {""}
    if names - set(LicenseStatus):
        raise WrongValue(f"Must be one of: {', '.join(LicenseStatus)}.")
    return frozenset(map(LicenseStatus, names or LicenseStatus))


_STATUS: Final = Repeatable(
    _statuses,
    schema={
        "type": "array",
        "items": {"type": "string", "enum": [status.value for status in LicenseStatus]},
    },
)


def _search(given: str) -> str | None:
    searched = given.strip()
    if len(searched) > LONGEST_SEARCH:
        raise ValueError(given)
    return searched or None


_SEARCH: Final = Parameter(
    _search, f"Ensure this field has no more than {LONGEST_SEARCH} characters."
)


class LicenseListQuery(Query, frozen=True, kw_only=True):
    status: Annotated[
        frozenset[LicenseStatus], _STATUS, "One of these; separated by commas, or repeated."
    ] = frozenset(LicenseStatus)
    search: Annotated[str | None, _SEARCH, "Part of the learner's e-mail."] = None
    page: PageNumber = 1


class LicenseList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[LicenseItem]


class LicenseAssignment(msgspec.Struct, frozen=True):
    user_email: str
    license: UUID


class AssignmentAnswer(msgspec.Struct, frozen=True):
    num_successful_assignments: int
    num_already_associated: int
    license_assignments: list[LicenseAssignment]


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


@routes.get(
    _LICENSES,
    example={"count": 1, "next": None, "previous": None, "results": [_LICENSE_EXAMPLE]},
    statuses=(404,),
)
def list_licenses(
    plan: OwnedPlan, query: LicenseListQuery, request: HttpRequest, connection: Connection
) -> LicenseList:
    """List the licenses of a plan

    By e-mail; those that nobody holds come last. Beyond the reference.
    """
    selection = LicenseSelection(query.status, query.search)
    wanted = PageRequest(PAGE_SIZE, query.page)
    page, found = service.list_licenses(connection, plan, selection, wanted)
    return LicenseList(page.count, request.next_link(page), request.previous_link(page), found)


@routes.post(f"{_LICENSES}/assign", example=_ASSIGNMENT_EXAMPLE)
def assign(plan: OwnedPlan, body: AssignBody, caller: Caller, session: Session) -> AssignmentAnswer:
    """Assign licenses to learners

    All or none. Learners who hold a license of the plan keep it and get no mail. 422 when the plan
    is not active, has not started, has expired or waits for its renewal.
    """
    command = AssignLicenses(
        enterprise_uuid=plan.enterprise_uuid,
        plan_uuid=plan.uuid,
        sfids=body.sfids_by_email,
        notify=body.notify_users,
        greeting=body.greeting,
        closing=body.closing,
    )
    done = service.assign(session, caller.actor, command)
    assigned = [LicenseAssignment(email, uuid) for email, uuid in done.licenses]
    return AssignmentAnswer(len(assigned), done.already_associated, assigned)


@routes.post(f"{_LICENSES}/bulk-revoke", status=204)
def revoke(plan: OwnedPlan, body: RevokeBody, caller: Caller, session: Session) -> None:
    """Revoke licenses

    All or none, by e-mail or by filters that must all hold. For each license revoked the plan gets
    a new one. The enrollments that activated ones paid for are ended.
    """
    if body.filters:
        matching = RevokeMatchingLicenses(plan.enterprise_uuid, plan.uuid, body.filters)
        service.revoke_matching(session, caller.actor, matching)
    else:
        emails = list(dict.fromkeys(body.user_emails))
        command = RevokeLicenses(plan.enterprise_uuid, plan.uuid, emails)
        service.revoke(session, caller.actor, command)


@routes.post(f"{_LICENSES}/remind", status=204)
def remind(plan: OwnedPlan, body: RemindBody, caller: Caller, session: Session) -> None:
    """Remind learners of licenses

    All or none, of those who have not used theirs yet. Beyond the reference.
    """
    emails = list(dict.fromkeys(body.user_emails))
    command = RemindLearners(plan.enterprise_uuid, plan.uuid, emails)
    service.remind(session, caller.actor, command)


@routes.post(
    f"{_LICENSES}/{{license_uuid:uuid}}/activate",
    example={
        **_LICENSE_EXAMPLE,
        "status": "activated",
        "activation_date": "2023-01-03T00:00:00Z",
    },
)
def activate(license_: OwnedLicense, caller: Caller, session: Session) -> LicenseItem:
    """Activate a license

    What the learner's first use does. Repeating it changes nothing. 422 for a license that nobody
    holds, and when the plan cannot be used now. Beyond the reference.
    """
    command = ActivateLicense(license_.enterprise_uuid, license_.plan_uuid, license_.uuid)
    return service.activate(session, caller.actor, command)
