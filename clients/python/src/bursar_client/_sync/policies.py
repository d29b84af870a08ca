"""Budgets of learner credit: what is allocated from them and redeemed."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Sequence

from bursar_client._sync.pages import Pages
from bursar_client._sync.part import Part
from bursar_client.models.credit import (
    Allocation,
    AvailablePolicy,
    CanRedeem,
    Policy,
    Transaction,
)
from bursar_client.wire import Identifier, get, path, post

POLICIES = "/enterprise/v1/subsidy-access-policies/"
ALLOCATE = "/enterprise/v1/policy-allocation/{}/allocate/"
REDEMPTION = "/enterprise/v1/policy-redemption"
TRANSACTION = REDEMPTION + "/{}/transactions/{}"


class Policies(Part):
    def find(
        self,
        *,
        enterprise: Identifier | None = None,
        active: bool | None = None,
        policy_type: str | None = None,
        page_size: int | None = None,
    ) -> Pages[Policy]:
        request = get(
            POLICIES,
            enterprise_customer_uuid=self._enterprise(enterprise),
            active=active,
            policy_type=policy_type,
            page_size=page_size,
        )
        return self._pages(request, Policy)

    def get(self, policy: Identifier) -> Policy:
        return self._one(get(path(POLICIES + "{}/", policy)), Policy)

    def allocate(
        self,
        policy: Identifier,
        *,
        learner_emails: Sequence[str],
        content_key: str,
        content_price_cents: int,
        idempotency_key: str | None = None,
    ) -> Allocation:
        body = {
            "learner_emails": list(learner_emails),
            "content_key": content_key,
            "content_price_cents": content_price_cents,
        }
        return self._one(post(path(ALLOCATE, policy), body, idempotency_key), Allocation)

    def redeem(
        self,
        policy: Identifier,
        *,
        content_key: str,
        learner_email: str | None = None,
        lms_user_id: int | None = None,
        idempotency_key: str | None = None,
    ) -> Transaction:
        """Of the learner either the address or the account is named."""
        who = {"learner_email": learner_email, "lms_user_id": lms_user_id}
        body = {name: value for name, value in who.items() if value is not None}
        request = post(
            path(REDEMPTION + "/{}/redeem/", policy),
            {**body, "content_key": content_key},
            idempotency_key,
        )
        return self._one(request, Transaction)

    def transaction(self, policy: Identifier, transaction: Identifier) -> Transaction:
        return self._one(get(path(TRANSACTION, policy, transaction)), Transaction)

    def reverse(
        self,
        policy: Identifier,
        transaction: Identifier,
        *,
        idempotency_key: str | None = None,
    ) -> Transaction:
        where = path(TRANSACTION + "/reverse", policy, transaction)
        return self._one(post(where, None, idempotency_key), Transaction)

    def can_redeem(
        self,
        content_keys: Sequence[str],
        *,
        email: str | None = None,
        lms_user_id: int | None = None,
        enterprise: Identifier | None = None,
    ) -> list[CanRedeem]:
        """For each course whether the learner could redeem it now, and why not."""
        request = get(
            path(REDEMPTION + "/enterprise-customer/{}/can-redeem/", self._enterprise(enterprise)),
            content_key=content_keys,
            email=email,
            lms_user_id=lms_user_id,
        )
        return self._several(request, CanRedeem)

    def credits_available(
        self,
        *,
        email: str | None = None,
        lms_user_id: int | None = None,
        enterprise: Identifier | None = None,
    ) -> list[AvailablePolicy]:
        """The policies that the learner can spend from now."""
        request = get(
            f"{REDEMPTION}/credits_available/",
            enterprise_customer_uuid=self._enterprise(enterprise),
            email=email,
            lms_user_id=lms_user_id,
        )
        return self._several(request, AvailablePolicy)
