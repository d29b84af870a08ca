"""The enterprise that the proof works on."""

from typing import Any, Final
from uuid import UUID, uuid5

from testing.worlds.contract import Document, open_course

_NAMESPACE: Final = UUID("0f5e1a8c-5a0c-4d5b-8f0b-6f1c2d3e4a50")
ENTERPRISE: Final = uuid5(_NAMESPACE, "enterprise")
CATALOG: Final = uuid5(_NAMESPACE, "catalog")
SUBSIDY: Final = uuid5(_NAMESPACE, "subsidy")
POLICY: Final = uuid5(_NAMESPACE, "policy")
CONFIGURATION: Final = uuid5(_NAMESPACE, "configuration")
PLAN: Final = uuid5(_NAMESPACE, "plan")
CLIENT_ID: Final = "prover"
CLIENT_SECRET: Final = "prove-it-to-me"
BEGINNING, END = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
DEPOSIT: Final = 1_000_000_000_000
PRICE: Final = 100
LICENSES: Final = 50_000
COURSES: Final = tuple(f"ProofX+C{number}" for number in range(1, 9))
RUNS: Final = tuple(f"course-v1:{key}+1T2026" for key in COURSES)
STUDENTS: Final = tuple(f"student{number}@proof.example" for number in range(40))
"""They have accounts, and take part in bulk enrolments."""


def username(email: str) -> str:
    return email.partition("@")[0]


def manifest() -> Document:
    window = {"active_datetime": BEGINNING, "expiration_datetime": END}
    enterprise: dict[str, Any] = {
        "uuid": str(ENTERPRISE),
        "name": "Proof",
        "slug": "proof",
        "clients": [{"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "role": "admin"}],
        "catalogs": [
            {"uuid": str(CATALOG), "title": "All", "content_filter": {"content_type": "course"}}
        ],
        "subsidies": [
            {"uuid": str(SUBSIDY), "title": "Credit", "starting_balance": DEPOSIT, **window}
        ],
        "policies": [
            {
                "uuid": str(POLICY),
                "policy_type": "AssignedLearnerCreditAccessPolicy",
                "display_name": "Budget",
                "catalog_uuid": str(CATALOG),
                "subsidy_uuid": str(SUBSIDY),
                "spend_limit": DEPOSIT,
                "assignment_configuration": {"uuid": str(CONFIGURATION), "active": True},
            }
        ],
        "subscription_plans": [
            {
                "uuid": str(PLAN),
                "title": "Plan",
                "start_date": BEGINNING,
                "expiration_date": END,
                "enterprise_catalog_uuid": str(CATALOG),
                "num_licenses": LICENSES,
            }
        ],
        "learners": [
            {"email": email, "lms_user_id": 1000 + number, "username": username(email)}
            for number, email in enumerate(STUDENTS)
        ],
    }
    content = [{"course": open_course(key)} for key in COURSES]
    return {"content": content, "enterprises": [enterprise]}
