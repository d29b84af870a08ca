"""`GET /enterprise/v1/me`: a client asks who it is, what it may do, and how much at once."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from bursar.clock import format_instant
from bursar.enrollment.bulk.rules import MOST_TOGETHER
from bursar.identity.service import EnterpriseView, find_enterprises
from bursar.identity.tokens import expiry_of
from bursar.settings import Settings
from bursar.web.idempotency import MAX_KEY_LENGTH
from bursar.web.limits import EndpointLimits, ListLimit, PageLimit
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes

PATH: Final = "/enterprise/v1/me"

routes: Final = Routes("me")
_LISTS: Final = {
    "enterprise_catalogs": "/enterprise/v2/enterprise-catalogs?enterprise_customer={uuid}",
    "subsidy_access_policies": "/enterprise/v1/subsidy-access-policies"
    "?enterprise_customer_uuid={uuid}",
    "subscriptions": "/enterprise/v1/subscriptions?enterprise_customer_uuid={uuid}",
    "learner_summary": "/enterprise/v3/enterprise-customer/{uuid}/learner-summary",
}
"""The lists that need nothing but the enterprise."""


class EnterpriseLinks(msgspec.Struct, frozen=True):
    enterprise_catalogs: str
    subsidy_access_policies: str
    subscriptions: str
    learner_summary: str


class MyEnterprise(msgspec.Struct, frozen=True):
    uuid: UUID
    name: str
    slug: str
    role: str
    links: EnterpriseLinks


class Limits(msgspec.Struct, frozen=True):
    rate_limit: str | None
    """Requests of one client to one process, such as `600/minute`; null: no limit."""
    token_lifetime_seconds: int
    token_failures_per_minute: int
    body_bytes: int
    idempotency_key_hours: int
    idempotency_key_characters: int
    bulk_enrollment_learners_and_courses: int
    page_sizes: Sequence[PageLimit]
    list_sizes: Sequence[ListLimit]


class Me(msgspec.Struct, frozen=True):
    client_id: str
    default_format: str
    token_expires_at: str
    enterprises: list[MyEnterprise]
    limits: Limits


_UUID: Final = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
_EXAMPLE: Final[dict[str, Any]] = {
    "client_id": "acme-integration",
    "default_format": "xml",
    "token_expires_at": "2026-02-24T10:30:00Z",
    "enterprises": [
        {
            "uuid": _UUID,
            "name": "Acme",
            "slug": "acme",
            "role": "admin",
            "links": {
                name: f"https://api.example.org{path.format(uuid=_UUID)}"
                for name, path in _LISTS.items()
            },
        }
    ],
    "limits": {
        "rate_limit": "600/minute",
        "token_lifetime_seconds": 3600,
        "token_failures_per_minute": 30,
        "body_bytes": 10485760,
        "idempotency_key_hours": 24,
        "idempotency_key_characters": 255,
        "bulk_enrollment_learners_and_courses": 1000,
        "page_sizes": [
            {
                "method": "GET",
                "path": "/enterprise/v2/enterprise-catalogs",
                "parameter": "page_size",
                "default": 10,
                "maximum": 100,
            }
        ],
        "list_sizes": [
            {
                "method": "POST",
                "path": "/enterprise/v1/policy-allocation/{policy_uuid}/allocate",
                "field": "learner_emails",
                "maximum": 10000,
            }
        ],
    },
}


@routes.get(PATH, example=_EXAMPLE)
def show_me(
    caller: Caller,
    request: HttpRequest,
    connection: Connection,
    settings: Settings,
    limits: EndpointLimits,
) -> Me:
    """Show who the caller is

    The client of the token, the enterprises that it may act for with links to their lists, and the
    limits in force. Beyond the reference.
    """
    known = find_enterprises(connection, caller.enterprises)
    enterprises = sorted(known.values(), key=lambda each: (each.name, each.uuid))
    roles, root = caller.principal.roles, request.root
    return Me(
        client_id=caller.client_id,
        default_format=caller.principal.default_format or settings.default_format,
        token_expires_at=format_instant(expiry_of(request.token)),
        enterprises=[_mine(each, roles[each.uuid], root) for each in enterprises],
        limits=_limits(settings, limits),
    )


def _mine(enterprise: EnterpriseView, role: str, root: str) -> MyEnterprise:
    links = {name: root + path.format(uuid=enterprise.uuid) for name, path in _LISTS.items()}
    return MyEnterprise(
        enterprise.uuid, enterprise.name, enterprise.slug, role, EnterpriseLinks(**links)
    )


def _limits(settings: Settings, limits: EndpointLimits) -> Limits:
    return Limits(
        rate_limit=settings.rate_limit or None,
        token_lifetime_seconds=settings.token_ttl,
        token_failures_per_minute=settings.token_failures_per_minute,
        body_bytes=settings.max_body_bytes,
        idempotency_key_hours=settings.idempotency_hours,
        idempotency_key_characters=MAX_KEY_LENGTH,
        bulk_enrollment_learners_and_courses=MOST_TOGETHER,
        page_sizes=limits.pages,
        list_sizes=limits.lists,
    )
