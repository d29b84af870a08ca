"""The models of edx-enterprise, and of the LMS beside it, that are read."""

from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from bursar.adopting.shapes import AllFields, Instant, KnownFields, Shape

Filter: TypeAlias = dict[str, object] | str | None
"""A JSON field; as some versions serialise it, a text that holds JSON."""


class CustomerFields(KnownFields, frozen=True, kw_only=True):
    name: str
    slug: str
    active: bool = True
    country: str | None = None
    contact_email: str | None = None


class CustomerUserFields(KnownFields, frozen=True, kw_only=True):
    enterprise_customer: UUID
    user_id: int
    created: Instant


class UserFields(KnownFields, frozen=True, kw_only=True):
    username: str
    email: str
    date_joined: Instant


class PendingUserFields(KnownFields, frozen=True, kw_only=True):
    enterprise_customer: UUID
    user_email: str
    created: Instant


class PendingEnrollmentFields(KnownFields, frozen=True, kw_only=True):
    user: int
    course_id: str


class CustomerCatalogFields(KnownFields, frozen=True, kw_only=True):
    title: str
    enterprise_customer: UUID
    enterprise_catalog_query: int | None = None
    content_filter: Filter = msgspec.field(default_factory=dict)


class CustomerCatalogQueryFields(KnownFields, frozen=True, kw_only=True):
    title: str | None = None
    content_filter: Filter = msgspec.field(default_factory=dict)
    include_exec_ed_2u_courses: bool = False


class GroupFields(KnownFields, frozen=True, kw_only=True):
    name: str
    enterprise_customer: UUID
    is_removed: bool = False


class MembershipFields(KnownFields, frozen=True, kw_only=True):
    group: UUID
    enterprise_customer_user: int | None = None
    pending_enterprise_customer_user: int | None = None
    is_removed: bool = False


class SourceFields(KnownFields, frozen=True, kw_only=True):
    slug: str


class EnrollmentFields(AllFields, frozen=True, kw_only=True):
    enterprise_customer_user: int
    course_id: str
    saved_for_later: bool = False
    source: int | None = None
    unenrolled: bool | None = None
    unenrolled_at: Instant | None = None
    created: Instant
    modified: Instant


class FulfillmentFields(AllFields, frozen=True, kw_only=True):
    """What pays for an enrollment."""

    uuid: UUID | None = None
    fulfillment_type: str | None = None
    enterprise_course_entitlement: int | None = None
    enterprise_course_enrollment: int | None = None
    is_revoked: bool = False
    created: Instant
    modified: Instant


class LicensedFields(FulfillmentFields, frozen=True, kw_only=True):
    license_uuid: UUID


class CreditedFields(FulfillmentFields, frozen=True, kw_only=True):
    transaction_id: UUID


class ConsentFields(KnownFields, frozen=True, kw_only=True):
    username: str
    enterprise_customer: UUID
    course_id: str
    granted: bool | None = None


class CourseEnrollmentFields(KnownFields, frozen=True, kw_only=True):
    user: int
    course: str
    mode: str


def pending_key(pk: object) -> str:
    """How a person who has no account yet is named among those who have one."""
    return f"pending {pk}"


def _person(fields: MembershipFields) -> str | None:
    if fields.enterprise_customer_user is not None:
        return str(fields.enterprise_customer_user)
    pending = fields.pending_enterprise_customer_user
    return None if pending is None else pending_key(pending)


CUSTOMER: Final = Shape("enterprise.enterprisecustomer", CustomerFields)
CUSTOMER_USER: Final = Shape(
    "enterprise.enterprisecustomeruser",
    CustomerUserFields,
    pk=int,
    parent=lambda fields: fields.enterprise_customer,
    within=CUSTOMER.model,
    link=lambda fields: fields.user_id,
)
USER: Final = Shape("auth.user", UserFields, pk=int, link=lambda fields: fields.username)
PENDING_USER: Final = Shape(
    "enterprise.pendingenterprisecustomeruser",
    PendingUserFields,
    pk=int,
    parent=lambda fields: fields.enterprise_customer,
    within=CUSTOMER.model,
)
GROUP: Final = Shape(
    "enterprise.enterprisegroup",
    GroupFields,
    parent=lambda fields: fields.enterprise_customer,
    within=CUSTOMER.model,
)
MEMBERSHIP: Final = Shape(
    "enterprise.enterprisegroupmembership",
    MembershipFields,
    parent=lambda fields: fields.group,
    within=GROUP.model,
    link=_person,
)
PENDING_ENROLLMENT: Final = Shape(
    "enterprise.pendingenrollment",
    PendingEnrollmentFields,
    pk=int,
    parent=lambda fields: fields.user,
    within=PENDING_USER.model,
)
CATALOG: Final = Shape(
    "enterprise.enterprisecustomercatalog",
    CustomerCatalogFields,
    parent=lambda fields: fields.enterprise_customer,
    within=CUSTOMER.model,
)
CATALOG_QUERY: Final = Shape(
    "enterprise.enterprisecatalogquery", CustomerCatalogQueryFields, pk=int
)
SOURCE: Final = Shape("enterprise.enterpriseenrollmentsource", SourceFields, pk=int)
ENROLLMENT: Final = Shape(
    "enterprise.enterprisecourseenrollment",
    EnrollmentFields,
    pk=int,
    parent=lambda fields: fields.enterprise_customer_user,
    within=CUSTOMER_USER.model,
    link=lambda fields: fields.course_id,
)
LICENSED: Final = Shape(
    "enterprise.licensedenterprisecourseenrollment",
    LicensedFields,
    pk=int,
    parent=lambda fields: fields.enterprise_course_enrollment,
    within=ENROLLMENT.model,
)
CREDITED: Final = Shape(
    "enterprise.learnercreditenterprisecourseenrollment",
    CreditedFields,
    pk=int,
    parent=lambda fields: fields.enterprise_course_enrollment,
    within=ENROLLMENT.model,
)
CONSENT: Final = Shape(
    "consent.datasharingconsent",
    ConsentFields,
    pk=int,
    parent=lambda fields: fields.enterprise_customer,
    key=lambda fields: f"{fields.username} {fields.course_id}",
)
COURSE_ENROLLMENT: Final = Shape(
    "student.courseenrollment",
    CourseEnrollmentFields,
    pk=int,
    key=lambda fields: f"{fields.user} {fields.course}",
)

SHAPES: Final = (
    CUSTOMER,
    CUSTOMER_USER,
    USER,
    PENDING_USER,
    PENDING_ENROLLMENT,
    CATALOG,
    CATALOG_QUERY,
    SOURCE,
    GROUP,
    MEMBERSHIP,
    ENROLLMENT,
    LICENSED,
    CREDITED,
    CONSENT,
    COURSE_ENROLLMENT,
)
NOT_READ: Final = {
    "enterprise.enterprisecustomerreportingconfiguration": "declare reports in a manifest",
    "enterprise.enterprisecourseentitlement": "Bursar enrolls in runs",
}
"""Why models are not read."""
