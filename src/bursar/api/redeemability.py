"""What a learner could redeem, over HTTP."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.api.budget_refusals import user_message
from bursar.api.people import ACCOUNT, ADDRESS, OfEnterpriseQuery, just_one
from bursar.api.policies import POLICIES_EXAMPLE
from bursar.credit.assignments.views import AssignmentListItem
from bursar.credit.policies import service as policies
from bursar.credit.policies.views import PolicySummary
from bursar.credit.redemption import service
from bursar.credit.redemption.commands import Asking, AskingForCredit
from bursar.credit.redemption.service import Redeemability
from bursar.credit.redemption.views import TransactionItem
from bursar.credit.refusals import BudgetRefused
from bursar.reporting.owned import ENTERPRISE, ReportedEnterprise
from bursar.web.parameters import plus_meant
from bursar.web.query import Errors, Query, Repeatable, WrongValue, visible
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes

routes: Final = Routes("policy-redemption")
OwnedEnterprise: TypeAlias = Annotated[ReportedEnterprise, ENTERPRISE]

MOST_KEYS: Final = 50
LONGEST_KEY: Final = 255


def content_key_of(text: str) -> str:
    """Raises WrongValue for one that is too long."""
    key = visible(plus_meant(text.strip()))
    if len(key) > LONGEST_KEY:
        raise WrongValue(f"Ensure this field has no more than {LONGEST_KEY} characters.")
    return key


def _keys(texts: Sequence[str]) -> tuple[str, ...]:
    keys = dict.fromkeys(content_key_of(text) for text in texts)
    found = tuple(key for key in keys if key)
    if not found:
        raise WrongValue("This field may not be blank.")
    if len(found) > MOST_KEYS:
        raise WrongValue(f"Ensure this field has no more than {MOST_KEYS} elements.")
    return found


_KEYS: Final = Repeatable(
    _keys, schema={"type": "array", "items": {"type": "string"}, "maxItems": MOST_KEYS}
)


class CanRedeemQuery(Query, frozen=True, kw_only=True):
    content_key: Annotated[tuple[str, ...], _KEYS, "Courses or course runs; repeatable."]
    email: Annotated[str | None, ADDRESS, "The learner; or lms_user_id."] = None
    lms_user_id: Annotated[int | None, ACCOUNT, "The learner's account; or email."] = None

    def problems(self) -> Errors:
        return just_one(self.email, self.lms_user_id)


class ListPrice(msgspec.Struct, frozen=True):
    usd: float
    usd_cents: int


class RefusalReason(msgspec.Struct, frozen=True):
    reason: str
    user_message: str
    policy_uuids: list[UUID]
    metadata: dict[str, int]


class CanRedeem(msgspec.Struct, frozen=True):
    content_key: str
    can_redeem: bool
    redeemable_subsidy_access_policy: PolicySummary | None
    list_price: ListPrice | None
    reasons: list[RefusalReason]
    redemptions: list[TransactionItem]


_EXAMPLE: Final[list[dict[str, Any]]] = [
    {
        "content_key": "edx+101",
        "can_redeem": True,
        "redeemable_subsidy_access_policy": POLICIES_EXAMPLE["results"][0],
        "list_price": {"usd": 100.0, "usd_cents": 10000},
        "reasons": [],
        "redemptions": [],
    }
]


@routes.get(
    "/enterprise/v1/policy-redemption/enterprise-customer/{enterprise_uuid:uuid}/can-redeem",
    example=_EXAMPLE,
    statuses=(400,),
)
def ask_can_redeem(
    enterprise: OwnedEnterprise,
    query: CanRedeemQuery,
    request: HttpRequest,
    connection: Connection,
) -> list[CanRedeem]:
    """Ask whether a learner can redeem courses

    For each course or run whether a budget of the enterprise would pay for it now, and which, by
    the rules of a redemption; otherwise why none would. Nothing is changed. Beyond the reference.
    """
    asking = Asking(enterprise.enterprise_uuid, query.content_key, query.email, query.lms_user_id)
    asked = service.can_redeem(connection, asking, at=request.now)
    payers = {each.policy_uuid for each in asked if each.policy_uuid is not None}
    summaries = policies.find_summaries(connection, enterprise.enterprise_uuid, payers, request.now)
    return [_shown(each, summaries) for each in asked]


def _shown(asked: Redeemability, summaries: dict[UUID, PolicySummary]) -> CanRedeem:
    price, payer = asked.price_cents, asked.policy_uuid
    return CanRedeem(
        content_key=asked.content_key,
        can_redeem=payer is not None,
        redeemable_subsidy_access_policy=None if payer is None else summaries[payer],
        list_price=None if price is None else ListPrice(price / 100, price),
        reasons=_reasons(asked.refusals),
        redemptions=list(asked.redemptions),
    )


def _reasons(refusals: Sequence[BudgetRefused]) -> list[RefusalReason]:
    """Each reason once, with all budgets that give it."""
    found: defaultdict[str, list[BudgetRefused]] = defaultdict(list)
    for refused in refusals:
        found[refused.reason].append(refused)
    return [
        RefusalReason(
            reason,
            user_message(several[0]),
            [each.policy_uuid for each in several],
            {},
        )
        for reason, several in found.items()
    ]


class CreditsAvailableQuery(OfEnterpriseQuery, frozen=True, kw_only=True):
    email: Annotated[str | None, ADDRESS, "The learner; or lms_user_id."] = None
    lms_user_id: Annotated[int | None, ACCOUNT, "The learner's account; or email."] = None

    def problems(self) -> Errors:
        return just_one(self.email, self.lms_user_id)


class AvailablePolicy(PolicySummary, frozen=True):
    remaining_balance: int
    remaining_balance_per_user: int | None
    learner_content_assignments: list[AssignmentListItem]


@routes.get(
    "/enterprise/v1/policy-redemption/credits_available",
    example=[
        POLICIES_EXAMPLE["results"][0]
        | {
            "remaining_balance": 99539450,
            "remaining_balance_per_user": None,
            "learner_content_assignments": [],
        }
    ],
)
def list_credits_available(
    query: CreditsAvailableQuery, caller: Caller, request: HttpRequest, connection: Connection
) -> list[AvailablePolicy]:
    """List what a learner can spend from

    The policies of an enterprise that would pay something for the learner now, newest first, with
    what remains, and the assignments that wait to be redeemed. Beyond the reference.
    """
    enterprise_uuid = query.enterprise_customer_uuid
    if not caller.acts_for(enterprise_uuid):
        # An enterprise that is not the client's is answered as one that is unknown.
        return []
    asking = AskingForCredit(enterprise_uuid, query.email, query.lms_user_id)
    found = service.credits_available(connection, asking, at=request.now)
    uuids = [each.policy_uuid for each in found]
    summaries = policies.find_summaries(connection, enterprise_uuid, uuids, request.now)
    return [
        AvailablePolicy(
            **{
                name: getattr(summaries[each.policy_uuid], name)
                for name in PolicySummary.__struct_fields__
            },
            remaining_balance=each.remaining_cents,
            remaining_balance_per_user=each.remaining_of_learner,
            learner_content_assignments=list(each.assignments),
        )
        for each in found
    ]
