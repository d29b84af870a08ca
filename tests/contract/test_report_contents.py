"""A scheduled report has what the endpoint answers, in every format, and nothing of others."""

import csv
import io
import json
from typing import Any
from uuid import UUID

import pytest

from bursar import clock
from bursar.catalog.listings.service import Look
from bursar.credit.assignments.commands import AssignmentFilters
from bursar.credit.redemption.commands import TransactionFilters
from bursar.credit.states import AssignmentState, TransactionState
from bursar.reporting.commands import EnrollmentStatus, Filters
from bursar.scheduled_reports.commands import (
    AssignmentsWanted,
    ContentWanted,
    LicensesWanted,
    ReportFormat,
    SummariesWanted,
    TransactionsWanted,
    Wanted,
)
from bursar.scheduled_reports.sources import CONTENT_COLUMNS, Asked, content_of
from bursar.settings import Settings
from bursar.subscriptions.licenses.commands import LicenseSelection
from bursar.subscriptions.licenses.states import LicenseStatus
from testing.clients.api import CATALOGS, Api
from testing.shops.budget import PRICED, BudgetShop, open_budget
from testing.shops.plan import PlanShop, open_plan
from testing.shops.service import Service, Shop
from testing.worlds.contract import ACME, EVERYTHING, EXAMPLES, GLOBEX, SHELF

CSV, NDJSON, JSON = ReportFormat
Rows = list[dict[str, Any]]


def made(
    service: Service, wanted: Wanted, form: ReportFormat, whose: UUID = ACME, name: str = ""
) -> bytes:
    look = Look(Settings().lms_public_url, with_listed_keys=True)
    asked = Asked(whose, name, clock.now(), service.url, look)
    with service.database.snapshot() as connection:
        return b"".join(content_of(connection, asked, wanted, form))


def rows(service: Service, wanted: Wanted, whose: UUID = ACME, name: str = "") -> Rows:
    """Of the array, after the lines were found to hold the same."""
    found: Rows = json.loads(made(service, wanted, JSON, whose, name))
    lines = made(service, wanted, NDJSON, whose, name).splitlines()
    assert [json.loads(line) for line in lines] == found
    return found


def table(service: Service, wanted: Wanted, whose: UUID = ACME) -> list[dict[str, str]]:
    text = made(service, wanted, CSV, whose).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def every(api: Api, path: str, **query: str) -> Rows:
    return [row for page in api.pages(path, params=query) for row in page["results"]]


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture
def plan(service: Service) -> PlanShop:
    """With ten licenses."""
    return open_plan(service)


@pytest.fixture
def told(shop: Shop) -> Shop:
    """Ana has consented, Ben has not, and Cai is not enrolled any more."""
    emails = {"ana@x.example": True, "ben@x.example": False, "cai@x.example": True}
    shop.declare(
        learners=[{"email": email, "consent": consent} for email, consent in emails.items()],
        enrollments=[
            {
                "learner_email": email,
                "courserun_key": f"course-v1:{shop.org}+1",
                "current_grade": 0.5,
                "enrollment_date": "2026-01-02",
                "course_title": "=cmd|' /C calc'!A0",
                "unenrollment_date": "2026-02-03" if email.startswith("cai") else None,
            }
            for email in emails
        ],
    )
    return shop


class TestSummaries:
    @staticmethod
    def path(shop: Shop) -> str:
        return f"/enterprise/v3/enterprise-customer/{shop.uuid}/learner-summary"

    @pytest.mark.parametrize("form", [CSV, NDJSON])
    def test_the_file_is_that_of_the_endpoint(self, told: Shop, form: ReportFormat) -> None:
        filters = Filters(search_enrollment=EnrollmentStatus.ENROLLED)
        query = {"format": form.value, "search_enrollment": "enrolled"}
        response = told.api.get(self.path(told), params=query)
        file = made(told.service, SummariesWanted(filters), form, told.uuid, told.org)
        assert file == response.content
        assert file.count(b"course-v1") == 2

    def test_consent_decides_what_is_told(self, told: Shop) -> None:
        found = rows(told.service, SummariesWanted(), told.uuid, told.org)
        assert found == every(told.api, self.path(told))
        assert {row["user_email"] for row in found} == {"ana@x.example", "cai@x.example", None}
        (silent,) = (row for row in found if not row["is_consent_granted"])
        assert silent["current_grade"] is None

    def test_a_filter_does_not_find_whom_it_may_not_see(self, told: Shop) -> None:
        wanted = SummariesWanted(Filters(user_email="ben@x.example"))
        assert rows(told.service, wanted, told.uuid, told.org) == []


class TestLicenses:
    def test_of_one_plan_it_is_the_file_of_the_endpoint(self, plan: PlanShop) -> None:
        plan.assign("ana@x.example", "=cmd@x.example")
        service = plan.shop.service
        wanted = LicensesWanted(subscription_plan_uuid=UUID(str(plan.uuid)))
        path = f"/enterprise/v1/subscriptions/{plan.uuid}/licenses/csv/"
        assert made(service, wanted, CSV, plan.shop.uuid) == plan.shop.api.get(path).content
        assert rows(service, wanted, plan.shop.uuid) == plan.licenses()

    def test_of_all_plans_by_status(self, service: Service) -> None:
        first = open_plan(service)
        first.assign("ana@x.example")
        only = LicenseSelection(frozenset({LicenseStatus.ASSIGNED}))
        found = rows(service, LicensesWanted(only), first.shop.uuid)
        assert [row["user_email"] for row in found] == ["ana@x.example"]
        whole = rows(service, LicensesWanted(), ACME)
        assert {row["subscription_plan_uuid"] for row in whole}.isdisjoint({str(first.uuid)})

    def test_a_plan_of_another_enterprise_has_none(self, service: Service, plan: PlanShop) -> None:
        wanted = LicensesWanted(subscription_plan_uuid=UUID(str(plan.uuid)))
        assert rows(service, wanted, ACME) == []


class TestAssignments:
    def test_they_are_those_of_the_list(self, budget: BudgetShop) -> None:
        budget.assigned("ana@x.example", "ben@x.example", "cai@x.example")
        (cancelled,) = budget.assigned("dan@x.example")
        assert budget.act("cancel", [cancelled]).status_code == 200
        service, whose = budget.shop.service, budget.shop.uuid
        assert rows(service, AssignmentsWanted(), whose) == budget.assignments()["results"]
        filters = AssignmentFilters(states=frozenset({AssignmentState.CANCELLED}))
        assert [row["uuid"] for row in rows(service, AssignmentsWanted(filters), whose)] == [
            cancelled
        ]

    def test_a_table_shows_nested_objects_in_columns(self, budget: BudgetShop) -> None:
        budget.assigned("ana@x.example")
        (item,) = budget.assignments()["results"]
        (row,) = table(budget.shop.service, AssignmentsWanted(), budget.shop.uuid)
        assert row["learner_email"] == "ana@x.example"
        assert row["content_quantity"] == str(item["content_quantity"])
        assert row["recent_action.action_type"] == item["recent_action"]["action_type"]
        assert (
            row["earliest_possible_expiration.reason"]
            == (item["earliest_possible_expiration"]["reason"])
        )
        assert json.loads(row["actions"]) == item["actions"]
        assert row["transaction_uuid"] == ""

    def test_those_of_all_configurations(self, budget: BudgetShop) -> None:
        other = budget.sibling()
        uuids = {*budget.assigned("ana@x.example"), *other.assigned("ana@x.example")}
        service, whose = budget.shop.service, budget.shop.uuid
        assert {row["uuid"] for row in rows(service, AssignmentsWanted(), whose)} == uuids
        one = AssignmentsWanted(assignment_configuration_uuid=other.configuration_uuid)
        assert [row["uuid"] for row in rows(service, one, whose)] == [
            each["uuid"] for each in other.assignments()["results"]
        ]
        assert rows(service, one, ACME) == []


class TestTransactions:
    def test_they_are_as_the_endpoint_answers_them(self, budget: BudgetShop) -> None:
        budget.assigned("ana@x.example", content=PRICED)
        redeemed = budget.redeem(PRICED, learner_email="ana@x.example").json()
        service, whose = budget.shop.service, budget.shop.uuid
        (found,) = rows(service, TransactionsWanted(), whose)
        path = f"{budget.redemption_path}transactions/{redeemed['uuid']}/"
        assert found == budget.shop.api.json(path)
        (row,) = table(service, TransactionsWanted(), whose)
        assert (
            row["quantity"] == str(found["quantity"]) or row["quantity"] == f"'{found['quantity']}"
        )

        filters = TransactionFilters(states=frozenset({TransactionState.REVERSED}))
        assert rows(service, TransactionsWanted(filters), whose) == []
        theirs = {row["uuid"] for row in rows(service, TransactionsWanted(), GLOBEX)}
        assert redeemed["uuid"] not in theirs


class TestContent:
    @pytest.mark.parametrize("catalog", [EXAMPLES, SHELF, EVERYTHING])
    def test_it_is_what_the_catalog_lists(self, service: Service, api: Api, catalog: UUID) -> None:
        found = rows(service, ContentWanted(catalog))
        assert found == every(api, f"{CATALOGS}/{catalog}")

    def test_a_table_names_each_document(self, service: Service, api: Api) -> None:
        found = table(service, ContentWanted(EXAMPLES))
        assert list(found[0]) == list(CONTENT_COLUMNS)
        assert [row["title"] for row in found] == [
            document["title"] for document in every(api, f"{CATALOGS}/{EXAMPLES}")
        ]
        assert {row["catalog_uuid"] for row in found} == {str(EXAMPLES)}

    def test_another_enterprise_sees_nothing_of_it(self, service: Service) -> None:
        assert rows(service, ContentWanted(EXAMPLES), GLOBEX) == []
        assert made(service, ContentWanted(EXAMPLES), CSV, GLOBEX).splitlines() == [
            ",".join(CONTENT_COLUMNS).encode()
        ]
