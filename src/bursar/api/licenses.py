"""Licenses of subscription plans over HTTP."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.api.license_bodies import AssignBody, RemindBody, RevokeBody
from bursar.subscriptions.licenses import activation, queries, revocation, service
from bursar.subscriptions.licenses.owned import LICENSE
from bursar.subscriptions.licenses.queries import LicenseSelection
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem, license_item
from bursar.subscriptions.plans.owned import PLAN
from bursar.web.call import Answer, Call, enterprise_of
from bursar.web.endpoint import Documentation, Endpoint, Parameter
from bursar.web.pagination import next_link, previous_link, select_page
from bursar.web.parameters import ParameterReader

PAGE_SIZE: Final = 100
LONGEST_SEARCH: Final = 1000
_TAG: Final = "subscriptions"
_LICENSES: Final = "/enterprise/v1/subscriptions/{subscription_plan_uuid:uuid}/licenses"
_STRING: Final = {"type": "string"}
_PAGE: Final = Parameter("page", "A page number, or `last`.", _STRING)


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


@dataclass(frozen=True, slots=True)
class LicenseParameters:
    statuses: frozenset[LicenseStatus]
    search: str | None


def read_license_parameters(reader: ParameterReader) -> LicenseParameters:
    texts = [part.strip() for text in reader.query.get_all("status") for part in text.split(",")]
    names = {text for text in texts if text}
    search = (reader.query.get("search") or "").strip() or None
    if search is not None and len(search) > LONGEST_SEARCH:
        reader.errors["search"] = [
            f"Ensure this field has no more than {LONGEST_SEARCH} characters."
        ]
    if unknown := names - set(LicenseStatus):
        reader.errors["status"] = [f"Must be one of: {', '.join(LicenseStatus)}."]
    return LicenseParameters(
        frozenset(map(LicenseStatus, names - unknown or LicenseStatus)), search
    )


def list_licenses(call: Call, connection: Connection) -> Answer:
    plan, wanted = call.found, call.parameters
    selection = LicenseSelection(plan.uuid, wanted.statuses, wanted.search)
    if wanted.search is None:
        count = sum(getattr(plan, f"{status.value}_count") for status in wanted.statuses)
    else:
        count = queries.licenses_count(connection, selection)
    page = select_page(call.query, count=count, size=PAGE_SIZE)
    rows = queries.licenses_page(connection, selection, page.start, PAGE_SIZE)
    content = LicenseList(
        page.count,
        next_link(call.url, call.query, page),
        previous_link(call.url, call.query, page),
        [license_item(row) for row in rows],
    )
    return Answer(content)


def _actor(call: Call) -> Actor:
    return Actor(call.principal.client_id, call.request_id)


def _place(call: Call) -> dict[str, Any]:
    return {"enterprise_uuid": enterprise_of(call), "plan_uuid": call.found.uuid}


def assign(call: Call, session: Session, body: AssignBody) -> Answer:
    wish = service.Wish(body.sfids_by_email, body.notify_users, body.greeting, body.closing)
    done = service.assign(session, _actor(call), **_place(call), wish=wish, now=call.now)
    content = AssignmentAnswer(
        len(done.licenses),
        done.already_associated,
        [LicenseAssignment(email, uuid) for email, uuid in done.licenses],
    )
    return Answer(content)


def revoke(call: Call, session: Session, body: RevokeBody) -> Answer:
    common: dict[str, Any] = {**_place(call), "now": call.now}
    queue = call.services.queue
    if body.filters:
        revocation.revoke_matching(session, queue, _actor(call), **common, filters=body.filters)
    else:
        emails = list(dict.fromkeys(body.user_emails))
        revocation.revoke_emails(session, queue, _actor(call), **common, emails=emails)
    return Answer(status=204)


def remind(call: Call, session: Session, body: RemindBody) -> Answer:
    emails = list(dict.fromkeys(body.user_emails))
    service.remind(session, _actor(call), **_place(call), emails=emails, now=call.now)
    return Answer(status=204)


def activate(call: Call, session: Session, _body: None) -> Answer:
    row = activation.activate_one(
        session,
        _actor(call),
        enterprise_uuid=enterprise_of(call),
        plan_uuid=call.found.plan_uuid,
        license_uuid=call.found.uuid,
        now=call.now,
    )
    return Answer(license_item(row))


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


def endpoints() -> list[Endpoint]:
    return [_list_licenses(), _assign(), _revoke(), _remind(), _activate()]


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
        owned=PLAN,
        read=list_licenses,
        parameters=read_license_parameters,
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
        owned=PLAN,
        write=assign,
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
        owned=PLAN,
        write=revoke,
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
        owned=PLAN,
        write=remind,
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
        owned=LICENSE,
        write=activate,
    )
