"""Changes of the licenses of subscription plans over HTTP."""

from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from bursar.api.bulk_changes import answer_of_change
from bursar.api.license_bodies import AssignBody, RemindBody, RevokeBody
from bursar.api.license_lists import LICENSE_EXAMPLE, LICENSES, OwnedPlan
from bursar.api.license_queries import LicenseFilterQuery, RevokeQuery
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import (
    ActivateLicense,
    AssignLicenses,
    RemindLearners,
    RemindSelected,
    Revocations,
    RevokeLicenses,
    RevokeMatchingLicenses,
    RevokeSelected,
)
from bursar.subscriptions.licenses.owned import LICENSE, LicenseTarget
from bursar.subscriptions.licenses.refusals import (
    LearnersDeactivated,
    NoLiveLicense,
    NotActivatable,
    NotEnoughLicenses,
    PlanUnusable,
    TooManyRevocations,
)
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem
from bursar.subscriptions.plans.refusals import Unusable
from bursar.web.call import Answer
from bursar.web.errors import BusinessRule, NotFound, Refusal
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Refusals, Routes

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


def _deactivated(refused: LearnersDeactivated) -> BusinessRule:
    return BusinessRule(f"These learners have left: {', '.join(refused.emails)}.")


def _no_live_license(refused: NoLiveLicense) -> NotFound:
    """Names all of the learners."""
    statuses, learners = " or ".join(refused.statuses), ", ".join(refused.emails)
    have = "has" if len(refused.emails) == 1 else "have"
    return NotFound(f"{learners} {have} no {statuses} license in the plan {refused.plan_uuid}.")


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
    LearnersDeactivated: _deactivated,
    NoLiveLicense: _no_live_license,
    TooManyRevocations: _too_many,
    NotActivatable: _not_activatable,
}
routes: Final = Routes("subscriptions", REFUSALS)


class LicenseAssignment(msgspec.Struct, frozen=True):
    user_email: str
    license: UUID


class AssignmentAnswer(msgspec.Struct, frozen=True):
    num_successful_assignments: int
    num_already_associated: int
    license_assignments: list[LicenseAssignment]


class SuccessfulRevocation(msgspec.Struct, frozen=True):
    license_uuid: UUID
    original_status: LicenseStatus
    user_email: str


class UnsuccessfulRevocation(msgspec.Struct, frozen=True):
    error: str
    error_response_status: int
    user_email: str


class RevocationAnswer(msgspec.Struct, frozen=True):
    successful_revocations: list[SuccessfulRevocation]
    unsuccessful_revocations: list[UnsuccessfulRevocation]


_ASSIGNMENT_EXAMPLE: Final[dict[str, Any]] = {
    "num_successful_assignments": 1,
    "num_already_associated": 0,
    "license_assignments": [
        {"user_email": "abc@example.com", "license": "30824248-e671-449f-8bf7-02715478abce"}
    ],
}


@routes.post(f"{LICENSES}/assign", example=_ASSIGNMENT_EXAMPLE)
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


_REVOCATION_EXAMPLE: Final[dict[str, Any]] = {
    "successful_revocations": [
        {
            "license_uuid": "30824248-e671-449f-8bf7-02715478abce",
            "original_status": "assigned",
            "user_email": "abc@example.com",
        }
    ],
    "unsuccessful_revocations": [],
}


@routes.post(f"{LICENSES}/bulk-revoke", status=204, also=(200, 207), example=_REVOCATION_EXAMPLE)
def revoke(
    plan: OwnedPlan, query: RevokeQuery, body: RevokeBody, caller: Caller, session: Session
) -> Answer[RevocationAnswer]:
    """Revoke licenses

    All or none, by e-mail or by filters that must all hold. For each license revoked the plan gets
    a new one. The enrollments that activated ones paid for are ended. With `best_effort=true`, not
    all or none: 200 says what was revoked, 207 also what could not be.
    """
    command: RevokeLicenses | RevokeMatchingLicenses
    if body.filters:
        command = RevokeMatchingLicenses(plan.enterprise_uuid, plan.uuid, body.filters)
    else:
        emails = list(dict.fromkeys(body.user_emails))
        command = RevokeLicenses(plan.enterprise_uuid, plan.uuid, emails)
    if query.best_effort:
        return _itemised(service.revoke_what_can_be(session, caller.actor, command))
    if isinstance(command, RevokeLicenses):
        service.revoke(session, caller.actor, command)
    else:
        service.revoke_matching(session, caller.actor, command)
    return Answer(status=204)


def _itemised(done: Revocations) -> Answer[RevocationAnswer]:
    """207 when some licenses could not be revoked."""
    revoked = [
        SuccessfulRevocation(each.license_uuid, each.original_status, each.user_email)
        for each in done.revoked
    ]
    refused: list[UnsuccessfulRevocation] = []
    for email, reason in done.refused:
        error = REFUSALS[type(reason)](reason)
        refused.append(UnsuccessfulRevocation(str(error.body["detail"]), error.status, email))
    return Answer(RevocationAnswer(revoked, refused), status=207 if refused else 200)


@routes.post(f"{LICENSES}/revoke-all", status=204, has_location=True)
def revoke_all(
    plan: OwnedPlan,
    query: LicenseFilterQuery,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> Answer[None]:
    """Revoke every selected license

    Of the licenses that the filters select, those that learners hold; none when the plan's cap does
    not allow all. More than 1,000 are revoked by a bulk change, which `Location` names. 404 when
    there are none. Beyond the reference.
    """
    command = RevokeSelected(plan.enterprise_uuid, plan.uuid, query.selection())
    done = service.revoke_selected(session, caller.actor, command)
    return answer_of_change(done, request, status=204)


@routes.post(f"{LICENSES}/remind", status=204)
def remind(plan: OwnedPlan, body: RemindBody, caller: Caller, session: Session) -> None:
    """Remind learners of licenses

    All or none, of those who have not used theirs yet. Beyond the reference.
    """
    emails = list(dict.fromkeys(body.user_emails))
    command = RemindLearners(plan.enterprise_uuid, plan.uuid, emails)
    service.remind(session, caller.actor, command)


@routes.post(f"{LICENSES}/remind-all", status=204, has_location=True)
def remind_all(
    plan: OwnedPlan,
    query: LicenseFilterQuery,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> Answer[None]:
    """Remind every selected learner of a license

    Of the licenses that the filters select, those that are assigned and not used yet. More than
    1,000 are reminded by a bulk change, which `Location` names. 404 when there are none. Beyond the
    reference.
    """
    command = RemindSelected(plan.enterprise_uuid, plan.uuid, query.selection())
    done = service.remind_selected(session, caller.actor, command)
    return answer_of_change(done, request, status=204)


@routes.post(
    f"{LICENSES}/{{license_uuid:uuid}}/activate",
    example={
        **LICENSE_EXAMPLE,
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
