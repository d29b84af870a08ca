"""Brings the database to what manifests say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs import service as catalogs
from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT, PutCatalog
from bursar.catalog.catalogs.refusals import CatalogOfAnotherEnterprise
from bursar.catalog.content.service import lock_content
from bursar.claims.looks import LOOK_FIELDS, DeclaredLook, declare_look
from bursar.identity import service as identity
from bursar.identity.keys import UNSEALED
from bursar.identity.sealing import Seal
from bursar.identity.service import (
    ClientDeclaration,
    ClientOfAnotherEnterprise,
    DeclaredClient,
    DeclaredEnterprise,
    SandboxIsForGood,
    SecretEffect,
    SlugTaken,
)
from bursar.provisioning.content import ContentRun
from bursar.provisioning.credit import CreditRun
from bursar.provisioning.enrollments import EnrollmentRun
from bursar.provisioning.forms import CatalogForm, ClientForm, EnterpriseForm
from bursar.provisioning.groups import GroupRun
from bursar.provisioning.learners import LearnerRun
from bursar.provisioning.manifest import Manifest
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import ManifestError, problem
from bursar.provisioning.references import placed_enterprises, reference_problems
from bursar.provisioning.reports import ReportRun
from bursar.provisioning.subscriptions import SubscriptionRun
from bursar.provisioning.webhooks import WebhookRun
from bursar.provisioning.xapi import XapiRun

__all__ = ["ManifestError", "Plan", "apply"]

_FOR_GOOD: Final = "cannot change: it is said when the enterprise is created"
_OTHERS_CLIENT: Final = (
    "is a client that people of another enterprise made, who know its secret: choose another id"
)
_UUID: Final = frozenset({"uuid"})
_CLIENT: Final = frozenset({"client_id", "client_secret", "role"})
_SECRETS: Final = {
    SecretEffect.FIRST: "that of the manifest is its first one",
    SecretEffect.REPLACED: "that of the manifest is new; all others end at once",
    SecretEffect.ROTATED: (
        "it was rotated since the manifest named it, and stays as it is; that of the manifest is "
        "no longer valid"
    ),
}
_PARTS: Final = frozenset(
    {
        "clients",
        "sandbox",
        "suspended",
        *LOOK_FIELDS,
        "catalogs",
        "groups",
        "subsidies",
        "policies",
        "subscription_plans",
        "webhooks",
        "xapi",
        "learners",
        "enrollments",
        "reports",
    }
)


def apply(
    session: Session,
    actor: Actor,
    manifests: Sequence[Manifest],
    *,
    now: datetime,
    refresh_inline_limit: int = REFRESH_INLINE_LIMIT,
    seal: Seal = UNSEALED,
    on_progress: Callable[[int], None] | None = None,
) -> Plan:
    """Changes everything inside the caller's transaction, or raises ManifestError.

    Filters over more documents than `refresh_inline_limit` are left to the background. `seal`
    closes passwords and keys, which are refused without a secret.

    After a ManifestError the caller must roll back. `on_progress` gets the number of documents
    that were stored since its last call.
    """
    # Of two manifests that are applied at once, one waits here, so that neither can meet locks of
    # the other in another order.
    lock_content(session, now)
    plan = Plan()
    problems = reference_problems(session, manifests)
    content = ContentRun(
        session, actor, now, plan, on_progress or _ignore, is_rehearsal=bool(problems)
    )
    content.take(manifests)
    if problems := content.problems + problems:
        raise ManifestError(problems)
    run = _EnterpriseRun(
        session,
        actor,
        now,
        plan,
        CreditRun(session, actor, now, plan),
        SubscriptionRun(session, actor, now, plan),
        ReportRun(session, actor, now, plan, seal),
        refresh_inline_limit,
    )
    for place, enterprise in placed_enterprises(manifests):
        run.put(place, enterprise)
    if problems := run.credit.finish() + run.subscriptions.problems + run.reports.problems:
        raise ManifestError(problems)
    return plan


def _ignore(_documents: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _EnterpriseRun:
    session: Session
    actor: Actor
    now: datetime
    plan: Plan
    credit: CreditRun
    subscriptions: SubscriptionRun
    reports: ReportRun
    refresh_inline_limit: int

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        try:
            declared = _declared(enterprise)
            outcome = identity.put_enterprise(self.session, self.actor, declared, at=self.now)
        except SlugTaken as error:
            raise ManifestError(
                [problem(f"{place}.slug", "taken by another enterprise")]
            ) from error
        except SandboxIsForGood as error:
            raise ManifestError([problem(f"{place}.sandbox", _FOR_GOOD)]) from error
        changes = [self._set_suspended(enterprise), self._declare_look(enterprise)]
        if any(changes) and outcome == "unchanged":
            outcome = "changed"
        self.plan.note(outcome, f"enterprise {enterprise.slug}")
        self._put_clients(place, enterprise)
        for index, catalog in enumerate(enterprise.catalogs):
            self._put_catalog(f"{place}.catalogs[{index}]", enterprise, catalog)
        self.credit.lock(enterprise)
        GroupRun(self.session, self.actor, self.now, self.plan).put(place, enterprise)
        self.credit.put(place, enterprise)
        self.subscriptions.put(place, enterprise)
        WebhookRun(self.session, self.actor, self.now, self.plan).put(place, enterprise)
        XapiRun(self.session, self.actor, self.now, self.plan, self.reports.seal).put(
            place, enterprise
        )
        LearnerRun(self.session, self.actor, self.now, self.plan).put(enterprise)
        EnrollmentRun(self.session, self.actor, self.now, self.plan).put(enterprise)
        self.reports.put(place, enterprise)

    def _set_suspended(self, enterprise: EnterpriseForm) -> bool:
        if "suspended" not in enterprise.model_fields_set:
            return False
        return identity.set_suspended(
            self.session, self.actor, enterprise.uuid, self.now, suspended=enterprise.suspended
        )

    def _declare_look(self, enterprise: EnterpriseForm) -> bool:
        given = enterprise.given()
        look = DeclaredLook(**{name: given[name] for name in LOOK_FIELDS if name in given})
        return declare_look(self.session, self.actor, enterprise.uuid, look, at=self.now)

    def _put_clients(self, place: str, enterprise: EnterpriseForm) -> None:
        roles = _stored_roles(self.session, enterprise.uuid) if enterprise.clients else {}
        for index, client in enumerate(enterprise.clients):
            declared = DeclaredClient(
                client_id=client.client_id,
                enterprise_uuid=enterprise.uuid,
                role=_role(client, roles),
                secret=client.client_secret,
                **client.given(but=_CLIENT),
            )
            done = self._declare_client(f"{place}.clients[{index}].client_id", declared)
            self.plan.note(done.outcome, f"client {client.client_id} of {enterprise.slug}")
            told = _SECRETS.get(done.secret)
            # The first secret of a new client is what everybody expects.
            is_expected = done == ClientDeclaration("created", SecretEffect.FIRST)
            if told is not None and not is_expected:
                self.plan.explain(f"secret of client {client.client_id}: {told}")

    def _declare_client(self, place: str, declared: DeclaredClient) -> ClientDeclaration:
        try:
            return identity.declare_client(self.session, self.actor, declared, at=self.now)
        except ClientOfAnotherEnterprise as error:
            raise ManifestError([problem(place, _OTHERS_CLIENT)]) from error

    def _put_catalog(self, place: str, enterprise: EnterpriseForm, catalog: CatalogForm) -> None:
        try:
            outcome = catalogs.put_catalog(
                self.session,
                self.actor,
                PutCatalog(
                    enterprise_uuid=enterprise.uuid,
                    catalog_uuid=catalog.uuid,
                    **catalog.given(but=_UUID),
                ),
                refresh_inline_limit=self.refresh_inline_limit,
                at=self.now,
            )
        except CatalogOfAnotherEnterprise as error:
            message = problem(f"{place}.uuid", "belongs to another enterprise")
            raise ManifestError([message]) from error
        self.plan.note(outcome, f"catalog {catalog.uuid} of {enterprise.slug}")


def _declared(enterprise: EnterpriseForm) -> DeclaredEnterprise:
    given = enterprise.given(but=_PARTS)
    if "sandbox" in enterprise.model_fields_set:
        given["is_sandbox"] = enterprise.sandbox
    return DeclaredEnterprise(**given)


def _role(client: ClientForm, stored: dict[str, str]) -> str:
    if "role" in client.model_fields_set:
        return client.role
    return stored.get(client.client_id, client.role)


def _stored_roles(session: Session, enterprise_uuid: UUID) -> dict[str, str]:
    return {
        client.client_id: client.roles[enterprise_uuid]
        for client in identity.list_clients(session, enterprise_uuid)
    }
