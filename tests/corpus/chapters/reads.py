"""Every route that reads, by everybody and in every format, before anything has happened."""

from tests.corpus import world
from tests.corpus.stage import CSV, JSON, NDJSON, XML, Stage

CATALOGS = "/enterprise/v2/enterprise-catalogs"
V1 = "/enterprise/v1"


def reads(enterprise: str, catalog: str, budget: str, plan: str) -> list[str]:
    policies = f"{V1}/subsidy-access-policies?enterprise_customer_uuid={enterprise}"
    configuration = f"{V1}/assignment-configurations/{world.configuration_of(budget)}"
    return [
        f"{CATALOGS}/{catalog}?limit=2",
        f"{CATALOGS}/{catalog}/courses/ShelfX+C1",
        f"{CATALOGS}/{catalog}/course-runs/{world.run_of('ShelfX+C1')}",
        f"{CATALOGS}/{catalog}/programs/{world.NESTING_PROGRAM}",
        f"{policies}&page_size=2",
        f"{configuration}/admin/assignments",
        f"{V1}/policy-redemption/{world.policy_of(budget)}/transactions/{world.UNKNOWN}",
        f"{V1}/subscriptions?enterprise_customer_uuid={enterprise}",
        f"{V1}/subscriptions/{world.plan_of(plan)}/licenses",
        f"{V1}/bulk-license-enrollment/{world.UNKNOWN}",
        f"{V1}/bulk-license-enrollment/{world.UNKNOWN}/rows",
        f"{V1}/bulk-license-enrollment/{world.UNKNOWN}/download",
        f"{V1}/bulk-license-enrollment?enterprise_customer_uuid={enterprise}"
        f"&bulk_enrollment_job_uuid={world.UNKNOWN}",
        f"/enterprise/v3/enterprise-customer/{enterprise}/learner-summary?page_size=2",
    ]


OWN = reads(world.ACME, world.EVERYTHING, "main", "main")
FOREIGN = reads(world.GLOBEX, world.GLOBEX_ALL, "globex", "globex")
UNKNOWN = reads(world.UNKNOWN, world.UNKNOWN, "unknown", "unknown")
MALFORMED = [
    f"{CATALOGS}/malformed",
    f"{CATALOGS}/malformed/courses/ShelfX+C1",
    f"{CATALOGS}/{world.SHELF.replace('-', '')}?limit=1",
    f"{CATALOGS}/{{{world.SHELF}}}",
    f"{CATALOGS}/{world.EVERYTHING}/programs/malformed",
    f"{V1}/subsidy-access-policies",
    f"{V1}/subsidy-access-policies?enterprise_customer_uuid=malformed",
    f"{V1}/assignment-configurations/malformed/admin/assignments",
    f"{V1}/policy-redemption/malformed/transactions/{world.UNKNOWN}",
    f"{V1}/policy-redemption/{world.policy_of('main')}/transactions/malformed",
    f"{V1}/subscriptions/malformed/licenses",
    f"{V1}/subscriptions?enterprise_customer_uuid=malformed",
    f"{V1}/bulk-license-enrollment/malformed",
    f"{V1}/bulk-license-enrollment",
    f"{V1}/bulk-license-enrollment?enterprise_customer_uuid=x&bulk_enrollment_job_uuid=y",
    "/enterprise/v3/enterprise-customer/malformed/learner-summary",
]


def play(stage: Stage) -> None:
    for path in [CATALOGS, *OWN]:
        stage.get(path)
        stage.get(path, accept=XML)
        stage.get(path, accept=None)
        stage.get(path, by=world.REPORTING)
        stage.get(path, by=world.GLOBEX_ADMIN)
        stage.get(path, by=None)
        stage.get(path, by=None, accept=XML)
        stage.ask("HEAD", path)
        stage.ask("OPTIONS", path, by=None)
        stage.ask("DELETE", path)
        stage.get(path, accept="image/png")
    for path in [*FOREIGN, *UNKNOWN]:
        stage.get(path)
    for path in FOREIGN:
        stage.get(path, by=world.BOTH)
    for path in MALFORMED:
        stage.get(path)
        stage.get(path, accept=XML)
    for accept in (CSV, NDJSON, JSON):
        stage.get(OWN[-1], accept=accept)
