"""No table holds people without saying so."""

from sqlalchemy import LargeBinary, String

from bursar.database.types import Json
from bursar.people.holdings import HOLDINGS
from bursar.schema import metadata

WITHOUT_PEOPLE = {
    # People of the console are no learners, even where they have the address of one: they are
    # removed by `bursar console remove`, and docs/how-to/answer-people.md says so.
    "console_entrances",
    "console_grants",
    "console_links",
    "console_recovery_codes",
    "console_sessions",
    "console_totp",
    "console_users",
    "api_clients",
    "assignment_actions",
    "catalog_queries",
    "client_grants",
    "client_secrets",
    "client_tokens",
    "client_writes",
    "commit_clocks",
    "content_imports",
    "content_items",
    "content_state",
    "content_sync_pages",
    "content_sync_runs",
    "enrollment_imports",
    "enterprise_catalogs",
    "enterprise_looks",
    "erased_people",
    "erasure_keys",
    "event_positions",
    "event_readers",
    "learner_groups",
    "ledger_entries",
    "lms_hooks",
    "lms_progress",
    "lms_runs",
    "nested_runs",
    "open_doors",
    "plan_renewals",
    "query_allowed_runs",
    "query_members",
    "report_runs",
    "run_facts",
    "running_processes",
    "signing_keys",
    "subscription_plans",
    "subsidies",
    "subsidy_access_policies",
    "task_runs",
    "told_once",
    "token_failures",
    "waiting_claims",
    "webhook_endpoints",
    "webhook_secrets",
    "xapi_connections",
}
"""Tables with texts that are never about a learner."""
ELSEWHERE = {"delivery_attempts", "enterprises", "idempotency_records", "lms_news"}
"""Emptied with the person's deliveries; refused while the person is the contact; rewritten whatever
the enterprise; and deleted while a worker has not taken it."""


def test_every_table_that_can_hold_a_name_says_what_it_holds() -> None:
    texts = {
        table.name
        for table in metadata.sorted_tables
        if any(isinstance(column.type, String | Json | LargeBinary) for column in table.c)
    }
    declared = {holding.table.name for holding in HOLDINGS}
    assert texts == declared | WITHOUT_PEOPLE | ELSEWHERE, (
        "a new table: list it in the `holdings.py` of its domain, or here when no text of it can "
        "ever be about a learner"
    )
