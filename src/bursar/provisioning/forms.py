"""The form of a manifest: what may stand where.

`model_fields_set` tells an absent key (the stored value stays) from a null. The defaults below
only fill the gap; they are never applied to what is stored.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bursar.identity.service import Role
from bursar.provisioning.fields import (
    LARGEST_INTEGER,
    MOST_LICENSES,
    Cents,
    ClientId,
    ContentFilter,
    Count,
    Country,
    Email,
    Flag,
    Identifier,
    Instant,
    JsonObject,
    LearnerEmail,
    Name,
    NullIsEmpty,
    ReportedEnrollment,
    SignedCents,
    Slug,
    Text,
    Title,
)
from bursar.provisioning.look_fields import Accent, ConsentText, Language, Logo, TimeZone
from bursar.provisioning.report_forms import ReportForm
from bursar.xapi.service import Identity, Mode, Verb

ASSIGNED_POLICY = "AssignedLearnerCreditAccessPolicy"


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self, *, but: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The values that the manifest names, null included."""
        return {name: getattr(self, name) for name in self.model_fields_set - but}


def must_follow(earlier_field: str, value: datetime | None, info: ValidationInfo) -> None:
    earlier = info.data.get(earlier_field)
    if value is not None and earlier is not None and value <= earlier:
        raise PydanticCustomError("order", "must be later than {field}", {"field": earlier_field})


class ContentForm(Form):
    files: Annotated[list[Name], Field(min_length=1)] = []
    course: JsonObject = {}
    course_run: JsonObject = {}
    program: JsonObject = {}

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if len(self.model_fields_set) != 1:
            message = "needs exactly one of files, course, course_run and program"
            raise PydanticCustomError("content", message)
        return self


class ClientForm(Form):
    client_id: ClientId
    client_secret: Annotated[Text, Field(min_length=1)] | None = Field(default=None, repr=False)
    role: Role = Role.REPORTING
    default_format: Literal["json", "xml"] | None = None


class CatalogForm(Form):
    uuid: Identifier
    title: Title = ""
    content_filter: ContentFilter | None = None
    query_title: Text | None = None
    include_exec_ed_2u_courses: Flag = False


class DepositForm(Form):
    uuid: Identifier
    amount: Annotated[Cents, Field(gt=0)]
    date: Instant


class AdjustmentForm(Form):
    uuid: Identifier
    amount: SignedCents
    date: Instant
    reason: Annotated[Text, Field(min_length=1)]


class SubsidyForm(Form):
    uuid: Identifier
    title: Title = ""
    starting_balance: Cents | None = None
    deposits: Annotated[list[DepositForm], NullIsEmpty] = []
    adjustments: Annotated[list[AdjustmentForm], NullIsEmpty] = []
    active_datetime: Instant | None = None
    expiration_datetime: Instant | None = None

    @field_validator("expiration_datetime")
    @classmethod
    def _ends_after_it_begins(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        must_follow("active_datetime", value, info)
        return value


class AssignmentConfigurationForm(Form):
    uuid: Identifier
    active: Flag = True


class PolicyForm(Form):
    uuid: Identifier
    policy_type: (
        Literal[
            "AssignedLearnerCreditAccessPolicy",
            "PerLearnerSpendCreditAccessPolicy",
            "PerLearnerEnrollmentCreditAccessPolicy",
        ]
        | None
    ) = None
    display_name: Text | None = None
    description: Text = ""
    active: Flag = True
    retired: Flag = False
    catalog_uuid: Identifier | None = None
    subsidy_uuid: Identifier | None = None
    spend_limit: Cents | None = None
    per_learner_enrollment_limit: Count | None = None
    per_learner_spend_limit: Cents | None = None
    late_redemption_allowed_until: Instant | None = None
    allow_unknown_price: Flag = False
    groups: Annotated[list[Identifier], NullIsEmpty] = []
    cancel_allocations: Flag = False
    assignment_configuration: AssignmentConfigurationForm | None = None

    @field_validator("assignment_configuration")
    @classmethod
    def _only_for_assigned_policies(
        cls, value: AssignmentConfigurationForm | None, info: ValidationInfo
    ) -> AssignmentConfigurationForm | None:
        if value is not None and info.data.get("policy_type") not in {ASSIGNED_POLICY, None}:
            message = "only an AssignedLearnerCreditAccessPolicy has one"
            raise PydanticCustomError("configuration", message)
        return value

    @field_validator("cancel_allocations")
    @classmethod
    def _only_beside_what_closes(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("active", True) and not info.data.get("retired"):
            message = "needs retired: true or active: false beside it"
            raise PydanticCustomError("cancel_allocations", message)
        return value


class RenewalForm(Form):
    uuid: Identifier
    """That of the plan that follows."""
    title: Title = ""
    effective_date: Instant
    renewed_expiration_date: Instant
    number_of_licenses: Annotated[Count, Field(le=MOST_LICENSES)]

    @field_validator("renewed_expiration_date")
    @classmethod
    def _ends_after_it_begins(cls, value: datetime, info: ValidationInfo) -> datetime:
        must_follow("effective_date", value, info)
        return value


class SubscriptionPlanForm(Form):
    uuid: Identifier
    title: Title = ""
    start_date: Instant | None = None
    expiration_date: Instant | None = None
    enterprise_catalog_uuid: Identifier | None = None
    is_active: Flag = True
    num_licenses: Annotated[Count, Field(le=MOST_LICENSES)] = 0
    is_revocation_cap_enabled: Flag = False
    revoke_max_percentage: Annotated[Count, Field(le=100)] = 5
    should_auto_apply_licenses: Flag = False
    is_locked_for_renewal_processing: Flag = False
    renewals: Annotated[list[RenewalForm], NullIsEmpty] = []

    @field_validator("expiration_date")
    @classmethod
    def _ends_after_it_begins(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        must_follow("start_date", value, info)
        return value


class LearnerForm(Form):
    email: LearnerEmail
    lms_user_id: Annotated[Count, Field(ge=1, le=LARGEST_INTEGER)] | None = None
    username: Text | None = None
    sso_uid: Text | None = None
    country: Country | None = None
    created: Instant | None = None
    consent: Flag = False


class WebhookForm(Form):
    uuid: Identifier
    url: Text = ""
    event_types: Annotated[list[Text], Field(min_length=1)] | None = None
    description: Title = ""
    enabled: Flag = True


class GroupForm(Form):
    uuid: Identifier
    name: Name = ""
    members: Annotated[list[LearnerEmail], NullIsEmpty] = []


class XapiForm(Form):
    endpoint: Text = ""
    key: Annotated[Text, Field(min_length=1)] = ""
    secret: Annotated[Text, Field(min_length=1)] | None = Field(default=None, repr=False)
    identity: Identity = Identity.MBOX
    mode: Mode = Mode.LIVE
    verbs: Annotated[list[Verb], Field(min_length=1)] | None = None


class EnterpriseForm(Form):
    uuid: Identifier
    name: Name
    slug: Slug
    country: Country | None = None
    contact_email: Email | None = None
    sandbox: Flag = False
    suspended: Flag = False
    ask_consent: Flag = False
    consent_text: ConsentText | None = None
    logo: Logo | None = None
    accent: Accent | None = None
    language: Language | None = None
    timezone: TimeZone | None = None
    clients: Annotated[list[ClientForm], NullIsEmpty] = []
    catalogs: Annotated[list[CatalogForm], NullIsEmpty] = []
    groups: Annotated[list[GroupForm], NullIsEmpty] = []
    subsidies: Annotated[list[SubsidyForm], NullIsEmpty] = []
    policies: Annotated[list[PolicyForm], NullIsEmpty] = []
    subscription_plans: Annotated[list[SubscriptionPlanForm], NullIsEmpty] = []
    webhooks: Annotated[list[WebhookForm], NullIsEmpty] = []
    xapi: XapiForm | None = None
    learners: Annotated[list[LearnerForm], NullIsEmpty] = []
    enrollments: Annotated[list[ReportedEnrollment], NullIsEmpty] = []
    reports: Annotated[list[ReportForm], NullIsEmpty] = []


class ManifestForm(Form):
    content: Annotated[list[ContentForm], NullIsEmpty] = []
    enterprises: Annotated[list[EnterpriseForm], NullIsEmpty] = []
