"""The enterprise that the proof works on."""

from typing import Final
from uuid import UUID, uuid5

from testing.worlds import declared
from testing.worlds.contract import Document, course, run

_NAMESPACE: Final = UUID("0f5e1a8c-5a0c-4d5b-8f0b-6f1c2d3e4a50")
ENTERPRISE: Final = uuid5(_NAMESPACE, "enterprise")
CATALOG: Final = declared.catalog_of(ENTERPRISE)
SUBSIDY: Final = uuid5(_NAMESPACE, "subsidy")
POLICY: Final = uuid5(_NAMESPACE, "policy")
CONFIGURATION: Final = uuid5(_NAMESPACE, "configuration")
PLAN: Final = uuid5(_NAMESPACE, "plan")
NARROW_SUBSIDY: Final = uuid5(_NAMESPACE, "narrow subsidy")
NARROW_POLICY: Final = uuid5(_NAMESPACE, "narrow policy")
NARROW_CONFIGURATION: Final = uuid5(_NAMESPACE, "narrow configuration")
CLIENT_ID: Final = "prover"
CLIENT_SECRET: Final = "prove-it-to-me-once-more"
DEPOSIT: Final = 1_000_000_000_000
PRICE: Final = 100
NARROW_LIMIT: Final = 40
"""How many assignments the narrow budget pays for; clients ask for more."""
LICENSES: Final = 50_000
COURSES: Final = tuple(f"ProofX+C{number}" for number in range(1, 9))
RUNS: Final = tuple(f"course-v1:{key}+1T2026" for key in COURSES)
STUDENTS: Final = tuple(f"student{number}@proof.example" for number in range(40))
"""They have accounts, and take part in bulk enrollments."""


def run_of(course_key: str) -> str:
    return f"course-v1:{course_key}+1T2026"


def username(email: str) -> str:
    return email.partition("@")[0]


ACCOUNTS: Final = {username(email): 1_000 + number for number, email in enumerate(STUDENTS)}
"""The ids of their accounts by username. Both Bursar and the LMS are told of them: if the LMS gave
one of these ids to somebody else, the two would be one person who pays twice for a seat."""


def manifest() -> Document:
    enterprise = declared.enterprise(
        ENTERPRISE,
        "Proof",
        CLIENT_ID,
        CLIENT_SECRET,
        subsidies=[
            declared.subsidy(SUBSIDY, DEPOSIT),
            declared.subsidy(NARROW_SUBSIDY, DEPOSIT),
        ],
        policies=[
            declared.assigned_policy(POLICY, SUBSIDY, CATALOG, CONFIGURATION, spend_limit=DEPOSIT),
            declared.assigned_policy(
                NARROW_POLICY,
                NARROW_SUBSIDY,
                CATALOG,
                NARROW_CONFIGURATION,
                spend_limit=NARROW_LIMIT * PRICE,
            ),
        ],
        subscription_plans=[declared.plan(PLAN, CATALOG, LICENSES)],
        learners=[
            {"email": email, "lms_user_id": account, "username": name}
            for email, (name, account) in zip(STUDENTS, ACCOUNTS.items(), strict=True)
        ],
    )
    content = [{"course": priced_course(key)} for key in COURSES]
    return {"content": content, "enterprises": [enterprise]}


def priced_course(key: str) -> Document:
    price = PRICE / 100
    only_run = run(run_of(key), first_enrollable_paid_seat_price=price)
    return course(key, only_run, advertised_course_run_uuid=only_run["uuid"])
