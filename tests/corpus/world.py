"""What the corpus is played with: two enterprises in which everything is declared and dated."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid5

from testing.worlds.contract import HOSTILE_EXTRA, Document, reference

BEGINNING = "2026-03-02T09:00:00Z"
_NAMES = UUID("a5a9b1a6-0c60-4d0e-8c5f-6f3d1f6d4a11")


def named(name: str) -> str:
    """A UUID that is the same in every run."""
    return str(uuid5(_NAMES, name))


ACME, GLOBEX = named("acme"), named("globex")
ADMIN, REPORTING, LEAVER, BOTH = "acme-admin", "acme-reporting", "acme-leaver", "both"
GLOBEX_ADMIN = "globex-admin"
SECRET = "s3cret: with + odd & letters é"

COURSE, RUN, PROGRAM = reference("course"), reference("course_run"), reference("program")
EXAMPLES, EVERYTHING, SHELF, NOTHING, UNFILTERED, HOSTILE, GLOBEX_ALL = (
    named(f"catalog {name}")
    for name in ("examples", "everything", "shelf", "nothing", "unfiltered", "hostile", "globex")
)
UNKNOWN = named("nobody has this")
SHELF_SIZE = 12
LEGACY_KEY, LEGACY_RUN_KEY = "MITx/6.002x", "MITx/6.002x/2012_Spring"
HOSTILE_KEY = "HostileX+All"
HIDDEN_PROGRAM, NESTING_PROGRAM = named("hidden program"), named("nesting program")
PRICE = 10_000
FREE, PRICED, OTHER, CLOSED, SHORT, ENTITLED = (
    f"DemoX+{name}" for name in ("Free", "Priced", "Other", "Closed", "Short", "Entitled")
)
"""Of SHORT the enrollment ends on the first of April."""


def run_of(course_key: str) -> str:
    return f"course-v1:{course_key}+1"


def run(key: str, **fields: Any) -> Document:
    base = {
        "key": key,
        "uuid": named(key),
        "title": f"Run {key}",
        "status": "published",
        "is_enrollable": True,
        "enrollment_start": None,
        "enrollment_end": None,
        "start": "2026-01-05T00:00:00Z",
        "end": None,
    }
    return base | fields


def course(key: str, *runs: Document, **fields: Any) -> Document:
    org = key.replace("/", "+").partition("+")[0]
    owners = [{"uuid": named(org), "key": org, "name": f"{org} University"}]
    base = {"key": key, "uuid": named(key), "title": f"Course {key}", "owners": owners}
    return {**base, "course_runs": list(runs), **fields}


def single(key: str, price: float | None = None, **fields: Any) -> Document:
    """A course with one run, which it advertises."""
    priced = {} if price is None else {"first_enrollable_paid_seat_price": price}
    only = run(run_of(key), **priced, **fields)
    return course(key, only, advertised_course_run_uuid=only["uuid"])


def content() -> list[Document]:
    nesting = {
        "uuid": NESTING_PROGRAM,
        "title": "Nesting",
        "hidden": False,
        "marketing_url": "https://www.example.org/p?b=2&utm_source=theirs&a=1&utm_medium=x#top",
        "courses": [single("NestX+One"), single("NestX+Two")],
    }
    hidden = {"uuid": HIDDEN_PROGRAM, "title": "Hidden", "hidden": True, "courses": []}
    entitled = single(ENTITLED) | {"entitlements": [{"price": "75.50"}, {"price": "60.00"}]}
    described = {"course_length": "12", "level_type": "Advanced", "subjects": ["design"]}
    courses = [
        COURSE,
        course(LEGACY_KEY, run(LEGACY_RUN_KEY)),
        course(HOSTILE_KEY, run(run_of(HOSTILE_KEY)), **HOSTILE_EXTRA),
        single(FREE),
        single(PRICED, PRICE / 100, weeks_to_complete=6, min_effort=2, max_effort=4),
        single(OTHER, pacing_type="self_paced", end="2027-01-01T00:00:00Z"),
        single(CLOSED, is_enrollable=False),
        single(SHORT, enrollment_end="2026-04-01T00:00:00Z", end="2026-08-01T00:00:00Z"),
        entitled,
        *(single(f"ShelfX+C{number}") | described for number in range(SHELF_SIZE)),
    ]
    return [
        *({"course": document} for document in courses),
        {"course_run": RUN},
        *({"program": document} for document in (PROGRAM, nesting, hidden)),
    ]


def catalog(uuid: str, title: str, content_filter: Document | None, **fields: Any) -> Document:
    return {"uuid": uuid, "title": title, "content_filter": content_filter, **fields}


def client(client_id: str, role: str) -> Document:
    return {"client_id": client_id, "role": role, "client_secret": SECRET}


def token_form(client_id: str, **fields: str) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": SECRET,
        "token_type": "jwt",
    }
    return urlencode({name: value for name, value in (form | fields).items() if value})


# Learner credit

MONEY, PENNIES, SPENT_TIME, LATER_MONEY = (
    named(f"subsidy {name}") for name in ("money", "pennies", "expired", "later")
)
ASSIGNED = "AssignedLearnerCreditAccessPolicy"
PER_SPEND = "PerLearnerSpendCreditAccessPolicy"
PER_ENROLLMENT = "PerLearnerEnrollmentCreditAccessPolicy"


def policy_of(name: str) -> str:
    return named(f"policy {name}")


def configuration_of(name: str) -> str:
    return named(f"configuration {name}")


def subsidy(uuid: str, balance: int, first: str = "2026-01-01", last: str = "2027-01-01") -> Any:
    return {
        "uuid": uuid,
        "title": "Credit",
        "starting_balance": balance,
        "active_datetime": f"{first}T00:00:00Z",
        "expiration_datetime": f"{last}T00:00:00Z",
    }


def policy(name: str, policy_type: str = ASSIGNED, **fields: Any) -> Document:
    configuration = fields.pop("configuration", {})
    made = {
        "uuid": policy_of(name),
        "policy_type": policy_type,
        "display_name": f"Budget {name}",
        "description": f"For {name}",
        "catalog_uuid": EVERYTHING,
        "subsidy_uuid": MONEY,
        "allow_unknown_price": True,
        **fields,
    }
    if policy_type == ASSIGNED:
        made["assignment_configuration"] = {"uuid": configuration_of(name)} | configuration
    return made


def policies() -> list[Document]:
    return [
        policy("main", spend_limit=200_000),
        policy("tight", spend_limit=15_000),
        policy("penniless", subsidy_uuid=PENNIES),
        policy("inactive", active=False),
        policy("retired", retired=True),
        policy("unassignable", configuration={"active": False}),
        policy("too late", subsidy_uuid=SPENT_TIME),
        policy("too early", subsidy_uuid=LATER_MONEY),
        policy("nothing", catalog_uuid=NOTHING),
        policy("unfiltered", catalog_uuid=UNFILTERED, display_name=None),
        policy("by spend", PER_SPEND, spend_limit=60_000, per_learner_spend_limit=15_000),
        policy("by number", PER_ENROLLMENT, per_learner_enrollment_limit=1),
        policy("late", PER_SPEND, subsidy_uuid=SPENT_TIME,
               late_redemption_allowed_until="2026-12-01T00:00:00Z"),
        policy("poor", PER_SPEND, subsidy_uuid=PENNIES),
        policy("limited", PER_SPEND, spend_limit=12_000),
    ]  # fmt: skip


# Subscriptions


def plan_of(name: str) -> str:
    return named(f"plan {name}")


def plan(name: str, number: int, **fields: Any) -> Document:
    return {
        "uuid": plan_of(name),
        "title": f"Plan {name}",
        "start_date": "2026-01-01T00:00:00Z",
        "expiration_date": "2027-01-01T00:00:00Z",
        "enterprise_catalog_uuid": EVERYTHING,
        "num_licenses": number,
        **fields,
    }


def plans() -> list[Document]:
    renewal = {
        "uuid": plan_of("renewed"),
        "title": "Plan renewed",
        "effective_date": "2026-06-01T00:00:00Z",
        "renewed_expiration_date": "2027-06-01T00:00:00Z",
        "number_of_licenses": 4,
    }
    short = "2026-06-01T00:00:00Z"
    return [
        plan("main", 8),
        plan("capped", 5, is_revocation_cap_enabled=True, revoke_max_percentage=20),
        plan("renewing", 3, expiration_date=short, renewals=[renewal]),
        plan("ending", 2, expiration_date="2026-05-01T00:00:00Z"),
        plan("expired", 2, start_date="2025-01-01", expiration_date="2026-01-01"),
        plan("future", 2, start_date="2026-09-01"),
        plan("inactive", 2, is_active=False),
        plan("locked", 2, is_locked_for_renewal_processing=True),
        plan("shelf", 3, enterprise_catalog_uuid=SHELF, should_auto_apply_licenses=True),
    ]


# People

PEOPLE = ("ana", "ben", "cal", "dan", "eva", "fay")


def mail_of(name: str) -> str:
    return f"{name}@acme.example"


def learners() -> list[Document]:
    return [
        {
            "email": mail_of(name),
            "lms_user_id": 500 + number,
            "username": name,
            "sso_uid": f"sso-{name}" if number % 2 else None,
            "country": ("US", "DE", None)[number % 3],
            "created": f"2025-0{number + 1}-15T12:00:00Z",
            "consent": name not in {"ben", "eva"},
        }
        for number, name in enumerate(PEOPLE)
    ]


def enrollments() -> list[Document]:
    def reported(name: str, course_key: str, **fields: Any) -> Document:
        return {"learner_email": mail_of(name), "courserun_key": run_of(course_key), **fields}

    return [
        reported("ana", FREE, enrollment_date="2026-01-10", current_grade=0.82,
                 last_activity_date="2026-03-01", letter_grade="B"),
        reported("ana", PRICED, enrollment_date="2026-01-12", has_passed=True, current_grade=0.97,
                 passed_date="2026-02-27", last_activity_date="2026-02-27",
                 amount_learner_paid=12.5, coupon_code="SPRING", coupon_name="Spring, \"sale\""),
        reported("ben", FREE, enrollment_date="2026-01-20", current_grade=0.4,
                 last_activity_date="2026-01-25"),
        reported("ben", HOSTILE_KEY, enrollment_date="2026-01-21", is_consent_granted=True,
                 current_grade=0.5, last_activity_date="2026-02-20"),
        reported("cal", FREE, enrollment_date="2026-02-01", unenrollment_date="2026-02-08",
                 is_refunded=True),
        reported("dan", SHORT, enrollment_date="2026-02-02", course_end="2026-02-20",
                 has_passed=False, current_grade=1.05, contract_id="=1+1", offer_name="Offer",
                 offer_type="Percentage", user_current_enrollment_mode="audit"),
        {"learner_email": "new+one@acme.example", "courserun_key": "course-v1:UnknownX+U+1",
         "course_key": "UnknownX+U", "course_title": "Nobody's <course> & more",
         "course_list_price": 49.99, "course_duration": 4, "course_start": "2026-02-14"},
        reported("eva", PRICED),
    ]  # fmt: skip


def acme() -> Document:
    forced = [f"course:{COURSE['key']}", f"courserun:{RUN['course']}", f"program:{PROGRAM['uuid']}",
              f"program:{HIDDEN_PROGRAM}", f"program:{NESTING_PROGRAM}",
              f"course:{LEGACY_KEY}"]  # fmt: skip
    examples = {"key": "no such key", "enterprise_force_include_aggregation_keys": forced}
    return {
        "uuid": ACME,
        "name": "Acme Corporation",
        "slug": "acme",
        "country": "US",
        "contact_email": "learning@acme.example",
        "clients": [
            client(ADMIN, "admin"),
            client(REPORTING, "reporting"),
            client(LEAVER, "admin"),
            client(BOTH, "admin"),
        ],
        "catalogs": [
            catalog(EXAMPLES, "Examples & more", examples, query_title="The examples"),
            catalog(EVERYTHING, "Everything", {}, include_exec_ed_2u_courses=True),
            catalog(SHELF, "Shelf", {"org": "ShelfX", "content_type": "course"}),
            catalog(NOTHING, "Nothing", {"org": "NobodyX"}),
            catalog(UNFILTERED, "Unfiltered", None),
            catalog(HOSTILE, "<Hostile> ]]>\r", {"org": "HostileX"}),
        ],
        "subsidies": [
            subsidy(MONEY, 500_000),
            subsidy(PENNIES, 5_000),
            subsidy(SPENT_TIME, 50_000, first="2025-01-01", last="2026-02-01"),
            subsidy(LATER_MONEY, 50_000, first="2026-07-01"),
        ],
        "policies": policies(),
        "subscription_plans": plans(),
        "learners": learners(),
        "enrollments": enrollments(),
    }


def globex() -> Document:
    money = subsidy(named("globex money"), 100_000)
    budget = policy("globex") | {"catalog_uuid": GLOBEX_ALL, "subsidy_uuid": money["uuid"]}
    return {
        "uuid": GLOBEX,
        "name": "Globex",
        "slug": "globex_2",
        "clients": [client(GLOBEX_ADMIN, "admin"), client(BOTH, "reporting")],
        "catalogs": [catalog(GLOBEX_ALL, "All of Globex", {"org": "ShelfX"})],
        "subsidies": [money],
        "policies": [budget],
        "subscription_plans": [plan("globex", 2) | {"enterprise_catalog_uuid": GLOBEX_ALL}],
    }


def manifest() -> Document:
    return {"content": content(), "enterprises": [acme(), globex()]}
