"""Every endpoint there is, with a request that is answered well."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from testing.clients.api import CATALOGS
from testing.servers.contract_endpoints import REFUSALS, THINGS
from testing.worlds.contract import (
    ACME,
    COURSE_KEY,
    EXAMPLES,
    GLOBEX,
    GLOBEX_EXAMPLES,
    NESTED_RUN_KEY,
    PROGRAM_UUID,
    RUN_KEY,
    identifier,
)
from testing.worlds.contract_credit import named
from testing.worlds.contract_groups import MEMBER
from testing.worlds.contract_licenses import HOLDER, USER
from testing.worlds.contract_webhooks import delivery_uuid

UNKNOWN = identifier("nobody has this")
GOOD_BODY = {"name": "any", "emails": ["ana@example.org"], "amount": 1}


def _objects(enterprise: UUID, catalog: UUID) -> dict[str, UUID]:
    return {
        "catalog": catalog,
        "policy": named(enterprise, "budget"),
        "configuration": named(enterprise, "configuration"),
        "transaction": named(enterprise, "reversed transaction"),
        "plan": named(enterprise, "plan"),
        "license": named(enterprise, f"license of {USER}"),
        "enterprise": enterprise,
        "job": named(enterprise, "job"),
        "change": named(enterprise, "change"),
        "group": named(enterprise, "group"),
        "deleted_group": named(enterprise, "deleted group"),
        "webhook": named(enterprise, "webhook"),
        "delivery": delivery_uuid(enterprise, "delivery"),
        "deleted_webhook": named(enterprise, "deleted webhook"),
    }


JsonBody: TypeAlias = dict[str, Any] | list[Any]

OWN = _objects(ACME, EXAMPLES)
FOREIGN = _objects(GLOBEX, GLOBEX_EXAMPLES)


@dataclass(frozen=True)
class Sample:
    """`path` has `{catalog}` where the caller's own catalog stands, and so on: see OWN.

    It can be repeated and is answered the same, or nearly; so a business rule may refuse it.
    """

    method: str
    path: str
    template: str
    body: JsonBody | None = None
    status: int = 200
    allow: str = "GET, HEAD, OPTIONS"
    unknown: tuple[str, ...] = field(default=())
    """Paths of nothing, in a catalog of the caller's."""
    also_answers: tuple[str, ...] = ()
    """Media types beside those of JSON and XML."""
    names_something_new: bool = False
    """So no two answers are the same."""
    only_admin: bool = False
    """Whether the role reporting may not even read it."""

    @property
    def url(self) -> str:
        return self.path.format(**OWN)

    @property
    def foreign_url(self) -> str:
        return self.path.format(**FOREIGN)

    def url_with(self, query: str) -> str:
        """Also with this query."""
        return f"{self.url}{'&' if '?' in self.url else '?'}{query}"

    def url_of(self, name: object) -> str:
        """With this in place of every object."""
        return self.path.format(**dict.fromkeys(OWN, name))

    @property
    def has_object(self) -> bool:
        """In its path: what the query names may be malformed."""
        return "{" in self.path.partition("?")[0]


def _write(method: str, base: str, status: int, allow: str) -> Sample:
    return Sample(method, base + "/{catalog}", base + "/{catalog_id}", GOOD_BODY, status, allow)


def _post(path: str, template: str, body: JsonBody | None = None, status: int = 200) -> Sample:
    return Sample("POST", path, template, body, status, "POST, OPTIONS")


def _of_assignments(what: str, body: dict[str, Any], status: int = 200) -> Sample:
    own, template = (
        f"/enterprise/v1/assignment-configurations/{name}/admin/assignments/{what}"
        for name in ("{configuration}", "{assignment_configuration_uuid}")
    )
    return _post(own, template.partition("?")[0], body, status)


def _of_licenses(what: str, body: dict[str, Any] | None, status: int = 200) -> Sample:
    template = what.replace("{license}", "{license_uuid}").partition("?")[0]
    return _post(f"{_LICENSES}/{what}", f"{_LICENSES_TEMPLATE}/{template}", body, status)


def _of_people(what: str, body: dict[str, Any], status: int = 200) -> Sample:
    own, template = (
        f"{_CUSTOMER}/{name}/learner-data/{what}" for name in ("{enterprise}", "{enterprise_uuid}")
    )
    return _post(own, template, body, status)


_CONFIGURATIONS = "/enterprise/v1/assignment-configurations"
_POLICIES = "/enterprise/v1/subsidy-access-policies"
_ALLOCATION = "/enterprise/v1/policy-allocation"
_REDEMPTION = "/enterprise/v1/policy-redemption"
_TRANSACTION = f"{_REDEMPTION}/{{policy}}/transactions/{{transaction}}"
_TRANSACTION_TEMPLATE = f"{_REDEMPTION}/{{policy_uuid}}/transactions/{{transaction_uuid}}"
_SUBSCRIPTIONS = "/enterprise/v1/subscriptions"
_LICENSES = f"{_SUBSCRIPTIONS}/{{plan}}/licenses"
_LICENSES_TEMPLATE = f"{_SUBSCRIPTIONS}/{{subscription_plan_uuid}}/licenses"
_LICENSES_OF_ALL = "/enterprise/v1/licenses"
_ASSIGNMENTS_OF_ALL = "/enterprise/v1/assignments"
_CUSTOMER = "/enterprise/v1/enterprise-customer"
_GROUPS = "/enterprise/v1/groups"
_GROUP_TEMPLATE = f"{_GROUPS}/{{group_uuid}}"
_GROUP_ALLOW = "GET, HEAD, PATCH, DELETE, OPTIONS"
_SANDBOX = "/enterprise/v1/sandbox"
_WEBHOOKS = "/enterprise/v1/webhook-endpoints"
_WEBHOOK_TEMPLATE = f"{_WEBHOOKS}/{{endpoint_uuid}}"
_WEBHOOK_ALLOW = "GET, HEAD, PATCH, DELETE, OPTIONS"
_BULK = "/enterprise/v1/bulk-license-enrollment"
_BULK_ALLOW = "GET, HEAD, POST, OPTIONS"
OF_TESTS = (THINGS, REFUSALS)
_BASE = CATALOGS + "/{catalog}"
_TEMPLATE = CATALOGS + "/{catalog_id}"

SAMPLES = {
    "the catalogs": Sample("GET", CATALOGS, CATALOGS),
    "a catalog": Sample("GET", _BASE, _TEMPLATE),
    "a course": Sample(
        "GET",
        f"{_BASE}/courses/{COURSE_KEY}",
        f"{_TEMPLATE}/courses/{{course_key}}",
        unknown=("courses/edX+Unknown", f"courses/{RUN_KEY}"),
    ),
    "a run": Sample(
        "GET",
        f"{_BASE}/course-runs/{RUN_KEY}",
        f"{_TEMPLATE}/course-runs/{{course_run_id}}",
        unknown=("course-runs/course-v1:edX+Unknown+1", f"course-runs/{COURSE_KEY}"),
    ),
    "a nested run": Sample(
        "GET",
        f"{_BASE}/course-runs/{NESTED_RUN_KEY}",
        f"{_TEMPLATE}/course-runs/{{course_run_id}}",
    ),
    "a program": Sample(
        "GET",
        f"{_BASE}/programs/{PROGRAM_UUID}",
        f"{_TEMPLATE}/programs/{{program_uuid}}",
        unknown=(f"programs/{UNKNOWN}", "programs/not-a-uuid"),
    ),
    "content of a catalog": Sample(
        "GET",
        f"{_BASE}/contains_content_items?course_run_ids={COURSE_KEY}",
        f"{_TEMPLATE}/contains_content_items",
    ),
    "content of an enterprise": Sample(
        "GET",
        f"{_CUSTOMER}/{{enterprise}}/contains_content_items?course_run_ids={COURSE_KEY}",
        f"{_CUSTOMER}/{{enterprise_uuid}}/contains_content_items",
    ),
    "the policies": Sample(
        "GET", f"{_POLICIES}?enterprise_customer_uuid={{enterprise}}", _POLICIES
    ),
    "a policy": Sample("GET", f"{_POLICIES}/{{policy}}", f"{_POLICIES}/{{policy_uuid}}"),
    "an allocation": _post(
        f"{_ALLOCATION}/{{policy}}/allocate",
        f"{_ALLOCATION}/{{policy_uuid}}/allocate",
        {
            "learner_emails": ["ana@example.org"],
            "content_key": COURSE_KEY,
            "content_price_cents": 1,
        },
        status=422,
    ),
    "the assignments": Sample(
        "GET",
        f"{_CONFIGURATIONS}/{{configuration}}/admin/assignments",
        f"{_CONFIGURATIONS}/{{assignment_configuration_uuid}}/admin/assignments",
    ),
    "the assignments of a learner": Sample(
        "GET",
        f"{_ASSIGNMENTS_OF_ALL}?enterprise_customer_uuid={{enterprise}}&learner_email={USER}",
        _ASSIGNMENTS_OF_ALL,
    ),
    "a reminder": _of_assignments(
        "remind", {"assignment_uuids": [str(named(ACME, "allocated assignment"))]}
    ),
    "a cancellation": _of_assignments(
        "cancel", {"assignment_uuids": [str(named(ACME, "cancelled assignment"))]}
    ),
    "all reminders": _of_assignments("remind-all", {}, 202),
    "all cancellations": _of_assignments("cancel-all?state=accepted", {}, 404),
    "a redemption": _post(
        f"{_REDEMPTION}/{{policy}}/redeem",
        f"{_REDEMPTION}/{{policy_uuid}}/redeem",
        {"learner_email": "nobody@example.org", "content_key": COURSE_KEY},
        status=422,
    ),
    "whether a learner can redeem": Sample(
        "GET",
        f"{_REDEMPTION}/enterprise-customer/{{enterprise}}/can-redeem"
        f"?content_key={COURSE_KEY}&email={USER}",
        f"{_REDEMPTION}/enterprise-customer/{{enterprise_uuid}}/can-redeem",
    ),
    "credits of a learner": Sample(
        "GET",
        f"{_REDEMPTION}/credits_available?enterprise_customer_uuid={{enterprise}}&email={USER}",
        f"{_REDEMPTION}/credits_available",
    ),
    "why a learner can take a course": Sample(
        "GET",
        f"/enterprise/v1/explain?enterprise_customer_uuid={{enterprise}}"
        f"&content_key={COURSE_KEY}&email={USER}",
        "/enterprise/v1/explain",
    ),
    "a transaction": Sample("GET", _TRANSACTION, _TRANSACTION_TEMPLATE),
    "a reversal": _post(f"{_TRANSACTION}/reverse", f"{_TRANSACTION_TEMPLATE}/reverse", status=422),
    "a report": Sample(
        "GET",
        "/enterprise/v3/enterprise-customer/{enterprise}/learner-summary",
        "/enterprise/v3/enterprise-customer/{enterprise_uuid}/learner-summary",
        also_answers=("text/csv", "application/x-ndjson"),
    ),
    "a report of progress": Sample(
        "PUT",
        "/enterprise/v3/enterprise-customer/{enterprise}/learner-progress",
        "/enterprise/v3/enterprise-customer/{enterprise_uuid}/learner-progress",
        {"enrollments": [{"learner_email": HOLDER, "courserun_key": RUN_KEY}]},
        allow="PUT, OPTIONS",
        names_something_new=True,
    ),
    "a learner's data": _of_people("export", {"email": USER}),
    "a change of address": _of_people(
        "change-email", {"email": "unheard-of@example.org", "new_email": "no@example.org"}, 404
    ),
    "an erasure": _of_people("erase", {"email": "unheard-of@example.org"}, 404),
    "the plans": Sample("GET", _SUBSCRIPTIONS, _SUBSCRIPTIONS),
    "a plan": Sample(
        "GET", f"{_SUBSCRIPTIONS}/{{plan}}", f"{_SUBSCRIPTIONS}/{{subscription_plan_uuid}}"
    ),
    "the licenses": Sample("GET", _LICENSES, _LICENSES_TEMPLATE),
    "counts of licenses": Sample("GET", f"{_LICENSES}/overview", f"{_LICENSES_TEMPLATE}/overview"),
    "the licenses of a learner": Sample(
        "GET",
        f"{_LICENSES_OF_ALL}?enterprise_customer_uuid={{enterprise}}&user_email={USER}",
        _LICENSES_OF_ALL,
    ),
    "a license": _of_licenses("assign", {"user_emails": [HOLDER]}),
    "a revocation": _of_licenses("bulk-revoke", {"user_emails": ["nobody@example.org"]}, 404),
    "all revocations": _of_licenses("revoke-all?status=revoked", None, 404),
    "all reminders of licenses": _of_licenses("remind-all?status=activated", None, 404),
    "a reminder of a license": _of_licenses("remind", {"user_emails": [USER]}, 404),
    "an activation": _of_licenses("{license}/activate", None),
    "a bulk enrollment": Sample(
        "POST",
        f"{_BULK}?enterprise_customer_uuid={{enterprise}}",
        _BULK,
        {"emails": ["ana@example.org"], "course_run_keys": ["unknown"]},
        201,
        _BULK_ALLOW,
        names_something_new=True,
    ),
    "a bulk enrollment by query": Sample(
        "GET",
        f"{_BULK}?enterprise_customer_uuid={{enterprise}}&bulk_enrollment_job_uuid={{job}}",
        _BULK,
        allow=_BULK_ALLOW,
    ),
    "a bulk enrollment by path": Sample("GET", f"{_BULK}/{{job}}", f"{_BULK}/{{job_id}}"),
    "pairs of a bulk enrollment": Sample(
        "GET", f"{_BULK}/{{job}}/rows", f"{_BULK}/{{job_id}}/rows"
    ),
    "a list of course enrollments": Sample(
        "GET",
        f"{_CUSTOMER}/{{enterprise}}/course-enrollments",
        f"{_CUSTOMER}/{{enterprise_uuid}}/course-enrollments",
        allow=_BULK_ALLOW,
    ),
    "course enrollments": Sample(
        "POST",
        f"{_CUSTOMER}/{{enterprise}}/course-enrollments",
        f"{_CUSTOMER}/{{enterprise_uuid}}/course-enrollments",
        [{"course_run_id": RUN_KEY, "course_mode": "audit", "user_email": HOLDER}],
        allow=_BULK_ALLOW,
    ),
    "a bulk change": Sample(
        "GET", "/enterprise/v1/bulk-changes/{change}", "/enterprise/v1/bulk-changes/{job_id}"
    ),
    "a new group": Sample(
        "POST",
        f"{_GROUPS}?enterprise_customer_uuid={{enterprise}}",
        _GROUPS,
        {"name": "Data team"},
        201,
        "GET, HEAD, POST, OPTIONS",
        names_something_new=True,
    ),
    "the groups": Sample(
        "GET",
        f"{_GROUPS}?enterprise_customer_uuid={{enterprise}}",
        _GROUPS,
        allow="GET, HEAD, POST, OPTIONS",
    ),
    "a group": Sample("GET", f"{_GROUPS}/{{group}}", _GROUP_TEMPLATE, allow=_GROUP_ALLOW),
    "a change of a group": Sample(
        "PATCH",
        f"{_GROUPS}/{{group}}",
        _GROUP_TEMPLATE,
        {"name": "Data team"},
        allow=_GROUP_ALLOW,
    ),
    "a deletion of a group": Sample(
        "DELETE", f"{_GROUPS}/{{deleted_group}}", _GROUP_TEMPLATE, status=204, allow=_GROUP_ALLOW
    ),
    "the members of a group": Sample(
        "GET",
        f"{_GROUPS}/{{group}}/members",
        f"{_GROUP_TEMPLATE}/members",
        allow="GET, HEAD, POST, OPTIONS",
        also_answers=("text/csv",),
    ),
    "a change of the members of a group": Sample(
        "POST",
        f"{_GROUPS}/{{group}}/members",
        f"{_GROUP_TEMPLATE}/members",
        {"add": [MEMBER], "remove": ["nobody@example.org"]},
        200,
        "GET, HEAD, POST, OPTIONS",
    ),
    "a new webhook endpoint": Sample(
        "POST",
        f"{_WEBHOOKS}?enterprise_customer_uuid={{enterprise}}",
        _WEBHOOKS,
        {"url": "https://hooks.example.org/new", "event_types": ["license.*"]},
        201,
        "GET, HEAD, POST, OPTIONS",
        names_something_new=True,
    ),
    "the webhook endpoints": Sample(
        "GET",
        f"{_WEBHOOKS}?enterprise_customer_uuid={{enterprise}}",
        _WEBHOOKS,
        allow="GET, HEAD, POST, OPTIONS",
        only_admin=True,
    ),
    "a webhook endpoint": Sample(
        "GET",
        f"{_WEBHOOKS}/{{webhook}}",
        _WEBHOOK_TEMPLATE,
        allow=_WEBHOOK_ALLOW,
        only_admin=True,
    ),
    "a change of a webhook endpoint": Sample(
        "PATCH",
        f"{_WEBHOOKS}/{{webhook}}",
        _WEBHOOK_TEMPLATE,
        {"description": "HR", "event_types": None},
        allow=_WEBHOOK_ALLOW,
    ),
    "a deletion of a webhook endpoint": Sample(
        "DELETE",
        f"{_WEBHOOKS}/{{deleted_webhook}}",
        _WEBHOOK_TEMPLATE,
        status=204,
        allow=_WEBHOOK_ALLOW,
    ),
    "a rotation of a webhook secret": Sample(
        "POST",
        f"{_WEBHOOKS}/{{webhook}}/rotate-secret",
        f"{_WEBHOOK_TEMPLATE}/rotate-secret",
        {},
        200,
        "POST, OPTIONS",
        names_something_new=True,
    ),
    "deliveries to a webhook endpoint": Sample(
        "GET",
        f"{_WEBHOOKS}/{{webhook}}/deliveries",
        f"{_WEBHOOK_TEMPLATE}/deliveries",
        only_admin=True,
    ),
    "a retry of a delivery": Sample(
        "POST",
        f"{_WEBHOOKS}/{{webhook}}/deliveries/{{delivery}}/retry",
        f"{_WEBHOOK_TEMPLATE}/deliveries/{{delivery_uuid}}/retry",
        None,
        202,
        "POST, OPTIONS",
        names_something_new=True,
    ),
    "a replay to a webhook endpoint": Sample(
        "POST",
        f"{_WEBHOOKS}/{{webhook}}/replay",
        f"{_WEBHOOK_TEMPLATE}/replay",
        {"since": "2026-01-01T00:00:00Z"},
        422,
        "POST, OPTIONS",
    ),
    "a test of a webhook endpoint": Sample(
        "POST",
        f"{_WEBHOOKS}/{{webhook}}/ping",
        f"{_WEBHOOK_TEMPLATE}/ping",
        None,
        202,
        "POST, OPTIONS",
        names_something_new=True,
    ),
    "the events": Sample(
        "GET",
        "/enterprise/v1/events?enterprise_customer_uuid={enterprise}&limit=1",
        "/enterprise/v1/events",
        also_answers=("text/event-stream",),
    ),
    "the xAPI statements": Sample(
        "GET",
        "/enterprise/v1/xapi/statements?enterprise_customer_uuid={enterprise}&limit=1",
        "/enterprise/v1/xapi/statements",
    ),
    "the mails of a sandbox": Sample(
        "GET",
        f"{_SANDBOX}/mail?enterprise_customer_uuid={{enterprise}}",
        f"{_SANDBOX}/mail",
        only_admin=True,
    ),
    "a reset of a sandbox": _post(
        f"{_SANDBOX}/reset?enterprise_customer_uuid={{enterprise}}", f"{_SANDBOX}/reset", status=204
    ),
    "the clock of a sandbox": Sample(
        "GET",
        f"{_SANDBOX}/clock?enterprise_customer_uuid={{enterprise}}",
        f"{_SANDBOX}/clock",
        allow="GET, HEAD, POST, OPTIONS",
        names_something_new=True,
        only_admin=True,
    ),
    "a later hour in a sandbox": Sample(
        "POST",
        f"{_SANDBOX}/clock?enterprise_customer_uuid={{enterprise}}",
        f"{_SANDBOX}/clock",
        {"advance": "P9999D"},
        422,
        "GET, HEAD, POST, OPTIONS",
    ),
    "the faults of a sandbox": Sample(
        "GET",
        f"{_SANDBOX}/faults?enterprise_customer_uuid={{enterprise}}",
        f"{_SANDBOX}/faults",
        allow="GET, HEAD, PUT, OPTIONS",
        only_admin=True,
    ),
    "other faults of a sandbox": Sample(
        "PUT",
        f"{_SANDBOX}/faults?enterprise_customer_uuid={{enterprise}}",
        f"{_SANDBOX}/faults",
        {"lms": {"refuse_one_in": 1000}},
        allow="GET, HEAD, PUT, OPTIONS",
    ),
    "the caller": Sample("GET", "/enterprise/v1/me", "/enterprise/v1/me"),
    "a change": _write("POST", THINGS, 201, "POST, PUT, OPTIONS"),
    "a replacement": _write("PUT", THINGS, 201, "POST, PUT, OPTIONS"),
    "a refusal": _write("POST", REFUSALS, 422, "POST, OPTIONS"),
}
DOWNLOADS = {
    "a file of licenses": Sample("GET", f"{_LICENSES}/csv", f"{_LICENSES_TEMPLATE}/csv"),
    "a file of a bulk enrollment": Sample(
        "GET", f"{_BULK}/{{job}}/download", f"{_BULK}/{{job_id}}/download"
    ),
}
"""Streamed, in a format of their own, whatever `Accept` says."""
EVERYTHING = SAMPLES | DOWNLOADS
READS = {name: sample for name, sample in SAMPLES.items() if sample.method == "GET"}
STABLE = {name: sample for name, sample in READS.items() if not sample.names_something_new}
"""Reads that are answered in the same way twice."""
WRITES = {name: sample for name, sample in SAMPLES.items() if sample.method != "GET"}
OF_AN_OBJECT = {name: sample for name, sample in EVERYTHING.items() if sample.has_object}
DOCUMENTED = {
    name: sample for name, sample in EVERYTHING.items() if not sample.path.startswith(OF_TESTS)
}
"""Without the endpoints that only tests serve."""
