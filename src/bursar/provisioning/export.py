"""Writes an enterprise out in the format that `bursar apply` reads."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import yaml
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.commands import CatalogRecord
from bursar.catalog.catalogs.service import list_catalogs
from bursar.claims.looks import look_of
from bursar.credit.policies.commands import PolicyRecord, SubsidyRecord
from bursar.credit.policies.service import export_policies, export_subsidies
from bursar.groups.service import export_groups
from bursar.identity.service import get_enterprise, list_clients
from bursar.learners.service import LearnerRecord, list_learners
from bursar.provisioning.enrollments import exported_enrollments
from bursar.provisioning.reports import exported_report
from bursar.provisioning.xapi import exported_xapi
from bursar.scheduled_reports.service import list_declared as list_declared_reports
from bursar.subscriptions.declared.commands import DeclaredPlan, DeclaredRenewal
from bursar.subscriptions.declared.service import list_declared
from bursar.webhooks.service import list_endpoints
from bursar.xapi.service import declared_connection

_WIDTH: Final = 100


def export(session: Session, enterprise_uuid: UUID) -> dict[str, Any]:
    """A manifest without secrets and without disabled clients. Raises UnknownEnterprise.

    Applied again it changes nothing.
    """
    enterprise = get_enterprise(session, enterprise_uuid)
    exported = {
        "uuid": str(enterprise.uuid),
        "name": enterprise.name,
        "slug": enterprise.slug,
        "country": enterprise.country,
        "contact_email": enterprise.contact_email,
        **({"sandbox": True} if enterprise.is_sandbox else {}),
        **({"suspended": True} if enterprise.suspended_at is not None else {}),
        **_look(session, enterprise_uuid),
        "clients": _clients(session, enterprise_uuid),
        "catalogs": [_catalog(record) for record in list_catalogs(session, enterprise_uuid)],
        **({"groups": groups} if (groups := _groups(session, enterprise_uuid)) else {}),
        "subsidies": [_subsidy(record) for record in export_subsidies(session, enterprise_uuid)],
        "policies": [_policy(record) for record in export_policies(session, enterprise_uuid)],
        "subscription_plans": [_plan(plan) for plan in list_declared(session, enterprise_uuid)],
        **({"webhooks": webhooks} if (webhooks := _webhooks(session, enterprise_uuid)) else {}),
        **(
            {"xapi": exported_xapi(xapi)}
            if (xapi := declared_connection(session, enterprise_uuid))
            else {}
        ),
        "learners": [_learner(record) for record in list_learners(session, enterprise_uuid)],
        "enrollments": exported_enrollments(session, enterprise_uuid),
    }
    if connection := declared_connection(session, enterprise_uuid):
        exported["xapi"] = exported_xapi(connection)
    # A list of reports is whole: what it leaves out is removed when it is applied.
    if reports := list_declared_reports(session, enterprise_uuid):
        exported["reports"] = [exported_report(report) for report in reports]
    return {"enterprises": [exported]}


def _look(session: Session, enterprise_uuid: UUID) -> dict[str, Any]:
    """Without what was never wished for."""
    look = asdict(look_of(session.connection(), enterprise_uuid))
    return {name: value for name, value in look.items() if value}


def to_yaml(manifest: dict[str, Any]) -> str:
    text: str = yaml.dump(
        manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Readable text in any script, and still read back character by character."""


def _quoted_where_needed(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML writes these as they are in its other styles, and reads them back as a space.
    style = '"' if any(mark in text for mark in "\r\x85\u2028\u2029\ufeff") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted_where_needed)


def _clients(session: Session, enterprise_uuid: UUID) -> list[dict[str, Any]]:
    return [
        {
            "client_id": client.client_id,
            "role": client.roles[enterprise_uuid],
            **({"default_format": client.default_format} if client.default_format else {}),
        }
        for client in list_clients(session, enterprise_uuid)
        if client.disabled_at is None
    ]


def _catalog(record: CatalogRecord) -> dict[str, Any]:
    return {
        "uuid": str(record.uuid),
        "title": record.title,
        "content_filter": record.content_filter,
        "query_title": record.query_title,
        "include_exec_ed_2u_courses": record.include_exec_ed_2u_courses,
    }


def _groups(session: Session, enterprise_uuid: UUID) -> list[dict[str, Any]]:
    return [
        {"uuid": str(group.uuid), "name": group.name, "members": list(group.members)}
        for group in export_groups(session.connection(), enterprise_uuid)
    ]


def _subsidy(record: SubsidyRecord) -> dict[str, Any]:
    return {
        "uuid": str(record.uuid),
        "title": record.title,
        "starting_balance": record.starting_balance,
        "deposits": [
            {"uuid": str(one.uuid), "amount": one.amount, "date": _instant(one.date)}
            for one in record.deposits
        ],
        "adjustments": [
            {
                "uuid": str(one.uuid),
                "amount": one.amount,
                "date": _instant(one.date),
                "reason": one.reason,
            }
            for one in record.adjustments
        ],
        "active_datetime": _instant(record.active_datetime),
        "expiration_datetime": _instant(record.expiration_datetime),
    }


def _policy(policy: PolicyRecord) -> dict[str, Any]:
    configuration = policy.configuration
    exported: dict[str, Any] = {
        "uuid": str(policy.uuid),
        "policy_type": policy.policy_type,
        "display_name": policy.display_name,
        "description": policy.description,
        "active": policy.active,
        "retired": policy.retired,
        "catalog_uuid": str(policy.catalog_uuid),
        "subsidy_uuid": str(policy.subsidy_uuid),
        "spend_limit": policy.spend_limit,
        "per_learner_enrollment_limit": policy.per_learner_enrollment_limit,
        "per_learner_spend_limit": policy.per_learner_spend_limit,
        "late_redemption_allowed_until": _instant(policy.late_redemption_allowed_until),
        "allow_unknown_price": policy.allow_unknown_price,
    }
    if policy.groups:
        exported["groups"] = list(map(str, policy.groups))
    if configuration is not None:
        declared = {"uuid": str(configuration.uuid), "active": configuration.active}
        exported["assignment_configuration"] = declared
    return exported


def _plan(plan: DeclaredPlan) -> dict[str, Any]:
    exported: dict[str, Any] = {
        "uuid": str(plan.uuid),
        "title": plan.title,
        "start_date": _instant(plan.start_date),
        "expiration_date": _instant(plan.expiration_date),
        "enterprise_catalog_uuid": str(plan.enterprise_catalog_uuid),
        "is_active": plan.is_active,
        "num_licenses": plan.num_licenses,
        "is_revocation_cap_enabled": plan.is_revocation_cap_enabled,
        "revoke_max_percentage": plan.revoke_max_percentage,
        "should_auto_apply_licenses": plan.should_auto_apply_licenses,
        "is_locked_for_renewal_processing": plan.is_locked_for_renewal_processing,
    }
    if plan.renewals:
        exported["renewals"] = [_renewal(renewal) for renewal in plan.renewals]
    return exported


def _renewal(renewal: DeclaredRenewal) -> dict[str, Any]:
    return {
        "uuid": str(renewal.uuid),
        "title": renewal.title,
        "effective_date": _instant(renewal.effective_date),
        "renewed_expiration_date": _instant(renewal.renewed_expiration_date),
        "number_of_licenses": renewal.number_of_licenses,
    }


def _webhooks(session: Session, enterprise_uuid: UUID) -> list[dict[str, Any]]:
    return [
        {
            "uuid": str(endpoint.uuid),
            "url": endpoint.url,
            "event_types": endpoint.event_types,
            "description": endpoint.description,
            "enabled": endpoint.enabled,
        }
        for endpoint in list_endpoints(session.connection(), enterprise_uuid)
    ]


def _learner(record: LearnerRecord) -> dict[str, Any]:
    return {
        "email": record.email,
        "lms_user_id": record.lms_user_id,
        "username": record.username,
        "sso_uid": record.sso_uid,
        "country": record.country,
        "created": _instant(record.created_at),
        "consent": record.consent,
    }


def _instant(value: datetime | None) -> str | None:
    """To the microsecond, as it is stored."""
    return None if value is None else value.isoformat().replace("+00:00", "Z")
