"""The models of enterprise-access that are read: policies and assignments."""

from typing import Final
from uuid import UUID

from bursar.adopting.shapes import AllFields, Instant, KnownFields, Shape
from bursar.emails import normalised


class PolicyFields(AllFields, frozen=True, kw_only=True):
    policy_type: str
    enterprise_customer_uuid: UUID
    display_name: str | None = None
    description: str = ""
    active: bool = False
    retired: bool = False
    retired_at: Instant | None = None
    catalog_uuid: UUID
    subsidy_uuid: UUID
    group_uuid: UUID | None = None
    access_method: str | None = None
    spend_limit: int | None = None
    per_learner_enrollment_limit: int | None = None
    per_learner_spend_limit: int | None = None
    assignment_configuration: UUID | None = None
    learner_credit_request_config: UUID | None = None
    late_redemption_allowed_until: Instant | None = None
    created: Instant
    modified: Instant


class PolicyGroupFields(KnownFields, frozen=True, kw_only=True):
    subsidy_access_policy: UUID
    enterprise_group_uuid: UUID | None = None


class ConfigurationFields(KnownFields, frozen=True, kw_only=True):
    enterprise_customer_uuid: UUID
    active: bool = True


class AssignmentFields(AllFields, frozen=True, kw_only=True):
    assignment_configuration: UUID | None = None
    learner_email: str
    lms_user_id: int | None = None
    content_key: str
    parent_content_key: str | None = None
    is_assigned_course_run: bool = False
    preferred_course_run_key: str | None = None
    content_title: str | None = None
    content_quantity: int
    state: str
    transaction_uuid: UUID | None = None
    allocation_batch_id: UUID | None = None
    allocated_at: Instant | None = None
    accepted_at: Instant | None = None
    cancelled_at: Instant | None = None
    expired_at: Instant | None = None
    errored_at: Instant | None = None
    reversed_at: Instant | None = None
    created: Instant
    modified: Instant


class ActionFields(KnownFields, frozen=True, kw_only=True):
    assignment: UUID
    action_type: str
    completed_at: Instant | None = None
    error_reason: str | None = None
    created: Instant
    modified: Instant


class ForcedFields(KnownFields, frozen=True, kw_only=True):
    subsidy_access_policy: UUID | None = None
    transaction_uuid: UUID | None = None


POLICY: Final = Shape(
    "subsidy_access_policy.subsidyaccesspolicy",
    PolicyFields,
    parent=lambda fields: fields.enterprise_customer_uuid,
    link=lambda fields: fields.assignment_configuration,
)
POLICY_GROUP: Final = Shape(
    "subsidy_access_policy.policygroupassociation",
    PolicyGroupFields,
    pk=int,
    parent=lambda fields: fields.subsidy_access_policy,
    within=POLICY.model,
)
FORCED: Final = Shape(
    "subsidy_access_policy.forcedpolicyredemption",
    ForcedFields,
    parent=lambda fields: fields.subsidy_access_policy,
    within=POLICY.model,
)
CONFIGURATION: Final = Shape(
    "content_assignments.assignmentconfiguration",
    ConfigurationFields,
    parent=lambda fields: fields.enterprise_customer_uuid,
)
ASSIGNMENT: Final = Shape(
    "content_assignments.learnercontentassignment",
    AssignmentFields,
    parent=lambda fields: fields.assignment_configuration,
    within=CONFIGURATION.model,
    link=lambda fields: fields.transaction_uuid,
    key=lambda fields: f"{normalised(fields.learner_email)} {fields.content_key}",
)
ACTION: Final = Shape(
    "content_assignments.learnercontentassignmentaction",
    ActionFields,
    parent=lambda fields: fields.assignment,
    within=ASSIGNMENT.model,
)

SHAPES: Final = (POLICY, POLICY_GROUP, FORCED, CONFIGURATION, ASSIGNMENT, ACTION)
NOT_READ: Final = {
    "subsidy_access_policy.subsidyaccesspolicyroleassignment": "roles are given to clients here",
}
"""Why models are not read."""
