"""Dumps as `manage.py dumpdata` of the services before Bursar writes them: the models and fields
that they publish, with data of our own."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from testing.clients.api import JsonObject

CREATED = "2021-03-01T08:00:00Z"
MODIFIED = "2024-05-06T07:08:09.123Z"
RUN = "course-v1:edX+DemoX+1T2026"


@dataclass
class Dump:
    """Objects in the order in which they were added."""

    objects: list[JsonObject] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, model: str, pk: Any, **fields: Any) -> Any:
        stamps = {"created": CREATED, "modified": MODIFIED}
        self.objects.append({"model": model, "pk": pk, "fields": stamps | fields})
        return pk

    def number(self) -> int:
        return next(self._numbers)

    def find(self, model: str, pk: Any) -> JsonObject:
        """The fields of an object."""
        found: JsonObject = next(
            each["fields"]
            for each in self.objects
            if each["model"] == model and each["pk"] == str(pk)
        )
        return found

    def written(self, path: Path, *, lines: bool = False, zipped: bool = False) -> Path:
        if lines:
            text = "".join(json.dumps(each) + "\n" for each in self.objects)
        else:
            text = json.dumps(self.objects)
        path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
        return path


@dataclass
class Customer:
    """An enterprise with the services it was in."""

    dump: Dump
    uuid: UUID = field(default_factory=uuid4)
    slug: str = "acme"
    catalog_uuid: UUID = field(default_factory=uuid4)
    agreement_uuid: UUID = field(default_factory=uuid4)

    # edx-enterprise, and the LMS beside it

    def enterprise(self, **fields: Any) -> None:
        standard = {
            "name": "Acme Corporation",
            "slug": self.slug,
            "auth_org_id": None,
            "active": True,
            "country": "US",
            "hide_course_original_price": False,
            "site": 1,
            "enable_data_sharing_consent": True,
            "enforce_data_sharing_consent": "at_enrollment",
            "customer_type": 1,
            "contact_email": "Learning@acme.example",
        }
        self.dump.add("enterprise.enterprisecustomer", str(self.uuid), **standard | fields)

    def catalog(self, **fields: Any) -> UUID:
        standard = {
            "title": "All courses",
            "enterprise_customer": str(self.uuid),
            "enterprise_catalog_query": None,
            "content_filter": {"content_type": "course"},
            "enabled_course_modes": ["verified"],
            "publish_audit_enrollment_urls": False,
        }
        model = "enterprise.enterprisecustomercatalog"
        uuid = fields.pop("uuid", self.catalog_uuid)
        self.dump.add(model, str(uuid), **standard | fields)
        return UUID(str(uuid))

    def query(self, **fields: Any) -> int:
        standard = {
            "title": "Only edX",
            "uuid": str(uuid4()),
            "content_filter": '{"content_type": "course", "partner": "edx"}',
            "include_exec_ed_2u_courses": False,
        }
        pk = self.dump.number()
        self.dump.add("enterprise.enterprisecatalogquery", pk, **standard | fields)
        return pk

    def account(self, user_id: int, email: str, username: str) -> None:
        self.dump.add(
            "auth.user",
            user_id,
            password="!",
            last_login=None,
            is_superuser=False,
            username=username,
            first_name="",
            last_name="",
            email=email,
            is_staff=False,
            is_active=True,
            date_joined="2020-01-01T00:00:00Z",
            groups=[],
            user_permissions=[],
        )

    def member(self, user_id: int, **fields: Any) -> int:
        standard = {
            "enterprise_customer": str(self.uuid),
            "user_id": user_id,
            "user_fk": user_id,
            "active": True,
            "linked": True,
            "is_relinkable": True,
            "invite_key": None,
            "should_inactivate_other_customers": True,
        }
        pk = self.dump.number()
        self.dump.add("enterprise.enterprisecustomeruser", pk, **standard | fields)
        return pk

    def learner(self, user_id: int, name: str) -> int:
        """With an account at `name@acme.example`; answers the key of the membership."""
        self.account(user_id, f"{name}@acme.example", name)
        return self.member(user_id)

    def pending(self, email: str) -> int:
        pk = self.dump.number()
        model = "enterprise.pendingenterprisecustomeruser"
        self.dump.add(model, pk, enterprise_customer=str(self.uuid), user_email=email)
        return pk

    def enrollment(self, member: int, course_id: str = RUN, **fields: Any) -> int:
        standard = {
            "enterprise_customer_user": member,
            "course_id": course_id,
            "saved_for_later": False,
            "source": None,
            "unenrolled": None,
            "unenrolled_at": None,
        }
        pk = self.dump.number()
        self.dump.add("enterprise.enterprisecourseenrollment", pk, **standard | fields)
        return pk

    def licensed(self, enrollment: int, license_uuid: UUID, **fields: Any) -> None:
        standard = {
            "uuid": str(uuid4()),
            "fulfillment_type": "license",
            "enterprise_course_entitlement": None,
            "enterprise_course_enrollment": enrollment,
            "is_revoked": False,
            "license_uuid": str(license_uuid),
        }
        model = "enterprise.licensedenterprisecourseenrollment"
        self.dump.add(model, self.dump.number(), **standard | fields)

    def group(self, name: str, **fields: Any) -> UUID:
        uuid = uuid4()
        standard = {
            "name": name,
            "enterprise_customer": str(self.uuid),
            "group_type": "flex",
            "is_removed": False,
        }
        self.dump.add("enterprise.enterprisegroup", str(uuid), **standard | fields)
        return uuid

    def in_group(
        self, group: UUID, *, member: int | None = None, pending: int | None = None, **fields: Any
    ) -> None:
        standard = {
            "group": str(group),
            "enterprise_customer_user": member,
            "pending_enterprise_customer_user": pending,
            "activated_at": None,
            "status": "accepted",
            "removed_at": None,
            "errored_at": None,
            "is_removed": False,
        }
        model = "enterprise.enterprisegroupmembership"
        self.dump.add(model, str(uuid4()), **standard | fields)

    # enterprise-catalog

    def served_catalog(self, query: int | None, **fields: Any) -> None:
        standard = {
            "title": "As it is served",
            "enterprise_uuid": str(self.uuid),
            "enterprise_name": "Acme",
            "catalog_query": query,
            "enabled_course_modes": ["verified"],
            "publish_audit_enrollment_urls": False,
        }
        uuid = fields.pop("uuid", self.catalog_uuid)
        self.dump.add("catalog.enterprisecatalog", str(uuid), **standard | fields)

    def served_query(self, **fields: Any) -> int:
        standard = {
            "uuid": str(uuid4()),
            "title": "Of the catalog",
            "content_filter": {"content_type": "courserun"},
            "content_filter_hash": "0" * 32,
            "include_exec_ed_2u_courses": True,
        }
        pk = self.dump.number()
        self.dump.add("catalog.catalogquery", pk, **standard | fields)
        return pk

    # license-manager

    def agreement(self, **fields: Any) -> None:
        standard = {
            "enterprise_customer_uuid": str(self.uuid),
            "enterprise_customer_slug": self.slug,
            "enterprise_customer_name": "Acme",
            "default_enterprise_catalog_uuid": str(self.catalog_uuid),
            "disable_expiration_notifications": False,
            "license_duration_before_purge": "90 00:00:00",
        }
        model = "subscriptions.customeragreement"
        self.dump.add(model, str(self.agreement_uuid), **standard | fields)

    def plan(self, **fields: Any) -> UUID:
        standard = {
            "title": "Enterprise Subscription",
            "start_date": "2026-01-01T00:00:00Z",
            "expiration_date": "2090-01-01T00:00:00Z",
            "expiration_processed": False,
            "enterprise_catalog_uuid": str(self.catalog_uuid),
            "customer_agreement": str(self.agreement_uuid),
            "is_active": True,
            "is_revocation_cap_enabled": True,
            "revoke_max_percentage": 10,
            "num_revocations_applied": 0,
            "salesforce_opportunity_line_item": None,
            "product": 1,
            "for_internal_use_only": False,
            "can_freeze_unused_licenses": False,
            "last_freeze_timestamp": None,
            "should_auto_apply_licenses": None,
            "desired_num_licenses": None,
        }
        uuid = UUID(str(fields.pop("uuid", uuid4())))
        self.dump.add("subscriptions.subscriptionplan", str(uuid), **standard | fields)
        return uuid

    def license(self, plan: UUID, status: str, email: str | None = None, **fields: Any) -> UUID:
        is_free = status == "unassigned"
        standard = {
            "status": status,
            "assigned_date": None if is_free else "2026-02-01T00:00:00Z",
            "activation_date": "2026-02-02T00:00:00Z" if status == "activated" else None,
            "activation_key": None if is_free else str(uuid4()),
            "last_remind_date": None if is_free else "2026-02-03T00:00:00Z",
            "revoked_date": "2026-02-04T00:00:00Z" if status == "revoked" else None,
            "user_email": email,
            "lms_user_id": None,
            "subscription_plan": str(plan),
            "renewed_to": None,
            "auto_applied": None,
        }
        uuid = UUID(str(fields.pop("uuid", uuid4())))
        self.dump.add("subscriptions.license", str(uuid), **standard | fields)
        return uuid

    def renewal(self, prior: UUID, renewed: UUID | None, **fields: Any) -> None:
        standard = {
            "prior_subscription_plan": str(prior),
            "renewed_subscription_plan": None if renewed is None else str(renewed),
            "salesforce_opportunity_id": "0" * 18,
            "number_of_licenses": 20,
            "effective_date": "2090-01-01T00:00:00Z",
            "renewed_expiration_date": "2091-01-01T00:00:00Z",
            "processed": False,
            "processed_datetime": None,
            "renewed_plan_title": "The next one",
            "license_types_to_copy": "assigned_and_activated",
            "disable_auto_apply_licenses": False,
            "exempt_from_batch_processing": False,
        }
        model = "subscriptions.subscriptionplanrenewal"
        self.dump.add(model, self.dump.number(), **standard | fields)


@dataclass
class Credit:
    """A subsidy of a customer, with its ledger."""

    customer: Customer
    uuid: UUID = field(default_factory=uuid4)
    ledger: UUID = field(default_factory=uuid4)

    @property
    def dump(self) -> Dump:
        return self.customer.dump

    def subsidy(self, **fields: Any) -> None:
        standard = {
            "title": "Credit 2026",
            "starting_balance": 100_000,
            "ledger": str(self.ledger),
            "unit": "usd_cents",
            "reference_id": "00k",
            "reference_type": "salesforce_opportunity_line_item",
            "enterprise_customer_uuid": str(self.customer.uuid),
            "internal_only": False,
            "revenue_category": "bulk-enrollment-prepay",
            "active_datetime": "2025-01-01T00:00:00Z",
            "expiration_datetime": "2090-01-01T00:00:00Z",
            "is_soft_deleted": False,
        }
        key = {"unit": "usd_cents", "idempotency_key": f"ledger-{self.ledger}", "metadata": None}
        self.dump.add("openedx_ledger.ledger", str(self.ledger), **key)
        self.dump.add("subsidy.subsidy", str(self.uuid), **standard | fields)

    def transaction(self, quantity: int, state: str = "committed", **fields: Any) -> UUID:
        uuid = UUID(str(fields.pop("uuid", uuid4())))
        standard = {
            "ledger": str(self.ledger),
            "idempotency_key": f"key-{uuid}",
            "quantity": quantity,
            "metadata": None,
            "state": state,
            "lms_user_id": None,
            "lms_user_email": None,
            "content_key": None,
            "parent_content_key": None,
            "content_title": None,
            "fulfillment_identifier": None,
            "subsidy_access_policy_uuid": None,
        }
        self.dump.add("openedx_ledger.transaction", str(uuid), **standard | fields)
        return uuid

    def deposit(self, cents: int) -> UUID:
        transaction = self.transaction(cents)
        self.dump.add(
            "openedx_ledger.deposit",
            str(uuid4()),
            ledger=str(self.ledger),
            desired_deposit_quantity=cents,
            transaction=str(transaction),
            sales_contract_reference_id="00k",
            sales_contract_reference_provider=1,
        )
        return transaction

    def adjustment(self, cents: int, **fields: Any) -> UUID:
        transaction = self.transaction(cents)
        standard = {
            "ledger": str(self.ledger),
            "adjustment_quantity": cents,
            "transaction": str(transaction),
            "transaction_of_interest": None,
            "reason": "good_faith",
            "notes": None,
        }
        self.dump.add("openedx_ledger.adjustment", str(uuid4()), **standard | fields)
        return transaction

    def redemption(
        self, policy: UUID, price: int, user_id: int, state: str = "committed", **fields: Any
    ) -> UUID:
        standard = {
            "lms_user_id": user_id,
            "lms_user_email": f"user{user_id}@acme.example",
            "content_key": RUN,
            "parent_content_key": "edX+DemoX",
            "content_title": "Demonstration",
            "subsidy_access_policy_uuid": str(policy),
        }
        return self.transaction(-price, state, **standard | fields)

    def reversal(self, transaction: UUID, cents: int) -> UUID:
        uuid = uuid4()
        self.dump.add(
            "openedx_ledger.reversal",
            str(uuid),
            transaction=str(transaction),
            idempotency_key=f"back-{transaction}",
            quantity=cents,
            metadata=None,
            state="committed",
        )
        return uuid

    def credited(self, enrollment: int, transaction: UUID, **fields: Any) -> None:
        standard = {
            "uuid": str(uuid4()),
            "fulfillment_type": "learner_credit",
            "enterprise_course_entitlement": None,
            "enterprise_course_enrollment": enrollment,
            "is_revoked": False,
            "transaction_id": str(transaction),
        }
        model = "enterprise.learnercreditenterprisecourseenrollment"
        self.dump.add(model, self.dump.number(), **standard | fields)

    def policy(self, policy_type: str = "PerLearnerSpendCreditAccessPolicy", **fields: Any) -> UUID:
        uuid = UUID(str(fields.pop("uuid", uuid4())))
        standard = {
            "policy_type": policy_type,
            "enterprise_customer_uuid": str(self.customer.uuid),
            "display_name": "A budget",
            "description": "For everybody",
            "active": True,
            "retired": False,
            "catalog_uuid": str(self.customer.catalog_uuid),
            "subsidy_uuid": str(self.uuid),
            "access_method": "direct",
            "spend_limit": 50_000,
            "per_learner_enrollment_limit": None,
            "per_learner_spend_limit": 10_000,
            "assignment_configuration": None,
            "late_redemption_allowed_until": None,
        }
        model = "subsidy_access_policy.subsidyaccesspolicy"
        self.dump.add(model, str(uuid), **standard | fields)
        return uuid

    def only_for(self, policy: UUID, group: UUID | None) -> None:
        self.dump.add(
            "subsidy_access_policy.policygroupassociation",
            self.dump.number(),
            subsidy_access_policy=str(policy),
            enterprise_group_uuid=None if group is None else str(group),
        )

    def assigned_policy(self, **fields: Any) -> tuple[UUID, UUID]:
        """The policy, and what it assigns through."""
        configuration = uuid4()
        self.dump.add(
            "content_assignments.assignmentconfiguration",
            str(configuration),
            enterprise_customer_uuid=str(self.customer.uuid),
            active=True,
        )
        policy = self.policy(
            "AssignedLearnerCreditAccessPolicy",
            **{"assignment_configuration": str(configuration), "per_learner_spend_limit": None}
            | fields,
        )
        return policy, configuration

    def assignment(
        self, configuration: UUID, state: str, email: str, price: int = 1_000, **fields: Any
    ) -> UUID:
        uuid = UUID(str(fields.pop("uuid", uuid4())))
        standard = {
            "assignment_configuration": str(configuration),
            "learner_email": email,
            "lms_user_id": None,
            "content_key": "edX+DemoX",
            "parent_content_key": None,
            "is_assigned_course_run": False,
            "preferred_course_run_key": RUN,
            "content_title": "Demonstration",
            "content_quantity": -price,
            "state": state,
            "transaction_uuid": None,
            "allocation_batch_id": None,
            "allocated_at": "2026-11-01T00:00:00Z",
            "accepted_at": None,
            "cancelled_at": None,
            "expired_at": None,
            "errored_at": None,
            "reversed_at": None,
        }
        model = "content_assignments.learnercontentassignment"
        self.dump.add(model, str(uuid), **standard | fields)
        return uuid

    def action(self, assignment: UUID, action_type: str, **fields: Any) -> UUID:
        uuid = uuid4()
        standard = {
            "assignment": str(assignment),
            "action_type": action_type,
            "completed_at": "2026-11-02T00:00:00Z",
            "error_reason": None,
            "traceback": None,
            "created": "2026-11-02T00:00:00Z",
        }
        model = "content_assignments.learnercontentassignmentaction"
        self.dump.add(model, str(uuid), **standard | fields)
        return uuid


def funded(customer: Customer | None = None, deposit: int = 100_000, **fields: Any) -> Credit:
    """A subsidy with money."""
    credit = Credit(customer or founded())
    credit.subsidy(**fields)
    credit.deposit(deposit)
    return credit


def founded(dump: Dump | None = None, **fields: Any) -> Customer:
    """An enterprise with a catalog and an agreement."""
    customer = Customer(dump or Dump(), **fields)
    customer.enterprise()
    customer.catalog()
    customer.agreement()
    return customer
