"""The enterprises of the demo: two invented companies in the format of `bursar apply`.

The content is not part of it, nor what happened in them: see assignments, licenses and progress.
"""

from __future__ import annotations

from datetime import datetime

from bursar.demo.learners import learners
from bursar.demo.parts import EXECUTIVE_SOURCE, Document, stable_uuid
from bursar.demo.sketch import sketch
from bursar.demo.windows import Calendar

DEMO_CLIENT_ID = "acme-integration"
DEMO_CLIENT_SECRET = "acme-demo-secret"  # noqa: S105 - printed on purpose, for a laptop
DEMO_COURSES = 240
DEMO_PROGRAMS = 10
LEARNERS = {"acme": 400, "umbriel": 40}
ENROLLMENTS = {"acme": 2_000, "umbriel": 120}
"""By slug."""
DEPOSITED = "2026-06-01T10:00:00Z"
"""Fixed: a later start must not change what is in the books."""

_EXECUTIVE = EXECUTIVE_SOURCE["slug"]


def demo_manifest(now: datetime) -> Document:
    calendar = Calendar(now)
    return {"enterprises": [_acme(calendar), _umbriel(calendar)]}


def _acme(calendar: Calendar) -> Document:
    return {
        "uuid": stable_uuid("enterprise:acme"),
        "name": "Acme Corporation",
        "slug": "acme",
        "country": "US",
        "contact_email": "learning@acme.example",
        "accent": "#7a1f5c",
        "ask_consent": True,
        "consent_text": "With your consent we see how far you are, and can help you on.",
        "clients": [
            _client(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, "admin"),
            _client("acme-reporting", "acme-reporting-demo-secret", "reporting"),
        ],
        "catalogs": _acme_catalogs(),
        "subsidies": [_subsidy("acme", "Learning Credit", 25_000_000, calendar, 5_000_000)],
        "policies": _acme_policies(),
        "subscription_plans": _acme_plans(calendar),
        "learners": learners(LEARNERS["acme"], "acme.example", 501, calendar),
    }


def _umbriel(calendar: Calendar) -> Document:
    return {
        "uuid": stable_uuid("enterprise:umbriel"),
        "name": "Umbriel Logistics",
        "slug": "umbriel",
        "country": "ES",
        "contact_email": "formacion@umbriel.example",
        "accent": "#0f766e",
        "language": "es",
        "timezone": "Europe/Madrid",
        "clients": [
            _client("umbriel-integration", "umbriel-demo-secret", "admin"),
            _client("umbriel-reporting", "umbriel-reporting-demo-secret", "reporting"),
        ],
        "catalogs": _umbriel_catalogs(),
        "subsidies": [_subsidy("umbriel", "Crédito de formación", 8_000_000, calendar)],
        "policies": _umbriel_policies(),
        "subscription_plans": [_plan("umbriel", "Team Subscription", (-60, 305), 60, calendar)],
        "learners": learners(LEARNERS["umbriel"], "umbriel.example", 1501, calendar),
    }


def _client(client_id: str, secret: str, role: str) -> Document:
    return {"client_id": client_id, "client_secret": secret, "role": role}


def _catalog(slug: str, title: str, content_filter: Document, executive: bool = False) -> Document:
    return {
        "uuid": _catalog_uuid(slug, title),
        "title": title,
        "content_filter": content_filter,
        "query_title": title,
        "include_exec_ed_2u_courses": executive,
    }


def _catalog_uuid(slug: str, title: str) -> str:
    return stable_uuid(f"catalog:{slug}:{title}")


def _acme_catalogs() -> list[Document]:
    forced = [f"course:{sketch(index, 2026).key}" for index in (0, 4)]
    return [
        _catalog("acme", "All courses", {"content_type": "course"}),
        _catalog("acme", "Data science", {"content_type": "course", "subjects": "data-science"}),
        _catalog(
            "acme",
            "Executive education",
            {"content_type": "course", "product_source.slug": _EXECUTIVE},
            executive=True,
        ),
        _catalog("acme", "Programs", {"content_type": "program"}),
        _catalog(
            "acme",
            "New managers",
            {
                "content_type": "course",
                "subjects__in": ["business-management", "economics-finance"],
                "level_type__not": "Advanced",
                "enterprise_force_include_aggregation_keys": forced,
            },
        ),
        _catalog("acme", "Everything", {}, executive=True),
    ]


def _umbriel_catalogs() -> list[Document]:
    return [
        _catalog(
            "umbriel",
            "All courses",
            {"content_type": "course", "product_source.slug__exclude": [_EXECUTIVE]},
        ),
        _catalog(
            "umbriel",
            "Partner schools",
            {"content_type": "course", "org": ["NorthbridgeX", "SaltreachX", "TamarindaX"]},
        ),
        _catalog("umbriel", "Popular", {"content_type": "course", "enrollment_count__gte": 2_000}),
        _catalog(
            "umbriel",
            "Workshops and programs",
            {"content_type": ["courserun", "program"]},
        ),
    ]


def _subsidy(
    slug: str, title: str, balance: int, calendar: Calendar, deposit: int | None = None
) -> Document:
    """Amounts are US cents."""
    deposits = [
        {
            "uuid": stable_uuid(f"deposit:{slug}:1"),
            "amount": deposit,
            "date": DEPOSITED,
        }
    ]
    return {
        "uuid": stable_uuid(f"subsidy:{slug}"),
        "title": title,
        "starting_balance": balance,
        "deposits": deposits if deposit is not None else [],
        "active_datetime": calendar.at(-180),
        "expiration_datetime": calendar.at(550),
    }


def _policy(slug: str, kind: str, catalog: str, spend_limit: int, **changes: object) -> Document:
    policy: Document = {
        "uuid": stable_uuid(f"policy:{slug}:{kind}"),
        "policy_type": f"{kind}CreditAccessPolicy",
        "display_name": "",
        "description": "",
        "active": True,
        "retired": False,
        "catalog_uuid": _catalog_uuid(slug, catalog),
        "subsidy_uuid": stable_uuid(f"subsidy:{slug}"),
        "spend_limit": spend_limit,
        "per_learner_enrollment_limit": None,
        "per_learner_spend_limit": None,
        "late_redemption_allowed_until": None,
        "allow_unknown_price": False,
        **changes,
    }
    if kind == "AssignedLearner" and "assignment_configuration" not in policy:
        policy["assignment_configuration"] = _configuration(slug)
    return policy


def _configuration(name: str) -> Document:
    return {"uuid": stable_uuid(f"assignment-configuration:{name}"), "active": True}


def _acme_policies() -> list[Document]:
    return [
        _policy(
            "acme",
            "AssignedLearner",
            "All courses",
            15_000_000,
            display_name="Assignable budget",
            description="Courses that managers assign to their people.",
        ),
        _policy(
            "acme",
            "AssignedLearner",
            "New managers",
            5_000_000,
            uuid=stable_uuid("policy:acme:new-managers"),
            display_name="New managers",
            description="What everybody gets who begins to lead a team.",
            assignment_configuration=_configuration("acme:new-managers"),
        ),
        _policy(
            "acme",
            "PerLearnerSpend",
            "Data science",
            10_000_000,
            display_name="Data skills for all",
            description="Everyone may spend up to 1,500 dollars on data science.",
            per_learner_spend_limit=150_000,
        ),
    ]


def _umbriel_policies() -> list[Document]:
    return [
        _policy(
            "umbriel",
            "AssignedLearner",
            "All courses",
            5_000_000,
            display_name="Presupuesto asignable",
            description="Cursos que asigna el equipo de formación.",
        ),
        _policy(
            "umbriel",
            "PerLearnerEnrollment",
            "Popular",
            3_000_000,
            display_name="Dos cursos al año",
            description="Each learner chooses up to two popular courses.",
            per_learner_enrollment_limit=2,
        ),
    ]


def _plan(
    slug: str, title: str, days: tuple[int, int], licenses: int, calendar: Calendar
) -> Document:
    return {
        "uuid": stable_uuid(f"plan:{slug}:{title}"),
        "title": title,
        "start_date": calendar.at(days[0]),
        "expiration_date": calendar.at(days[1]),
        "enterprise_catalog_uuid": _catalog_uuid(slug, "All courses"),
        "is_active": True,
        "num_licenses": licenses,
        "is_revocation_cap_enabled": True,
        "revoke_max_percentage": 5,
        "should_auto_apply_licenses": False,
        "is_locked_for_renewal_processing": False,
    }


def _acme_plans(calendar: Calendar) -> list[Document]:
    renewal = {
        "uuid": stable_uuid("plan:acme:renewed"),
        "title": "Enterprise Subscription, second year",
        "effective_date": calendar.at(245),
        "renewed_expiration_date": calendar.at(610),
        "number_of_licenses": 120,
    }
    current = _plan("acme", "Enterprise Subscription", (-120, 245), 100, calendar)
    pilot = _plan("acme", "Pilot Subscription", (-500, -135), 25, calendar)
    return [{**current, "renewals": [renewal]}, pilot]
