"""The endpoints through the pipeline: what is read and written, in the form of the reference."""

import json
from typing import Any
from uuid import uuid4

import pytest

from bursar import clock
from bursar.api import license_lists, licenses, subscriptions
from bursar.database.engine import Database
from bursar.subscriptions.renewals.tasks import process_renewals
from bursar.web.rendering import Incoming
from testing.clients.pipeline import admit, answered, trusting_pipeline
from testing.databases.statements import statements_of
from testing.worlds.subscriptions import (
    CATALOG,
    ENTERPRISE,
    NEXT_PLAN,
    NOW,
    OTHER_ENTERPRISE,
    PLAN,
    activate,
    assign,
    change,
    days,
    emails,
    plan,
    renewal,
    revoke,
)

BASE = "/enterprise/v1/subscriptions"
ENDPOINTS = [
    *subscriptions.routes.endpoints,
    *license_lists.routes.endpoints,
    *licenses.routes.endpoints,
]


class Api:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.pipeline = trusting_pipeline(database)

    def __call__(
        self,
        path: str,
        body: Any = None,
        *,
        method: str = "GET",
        query: str = "",
        client: str = "acme",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        endpoint, parameters = find(method, path)
        incoming = Incoming(
            method,
            path,
            parameters,
            query.encode(),
            {
                "authorization": f"JWT {client}",
                "content-type": "application/json",
                **(headers or {}),
            },
            f"https://bursar.example{path}",
            "request",
            b"" if body is None else json.dumps(body).encode(),
        )
        with clock.frozen_at(NOW):
            outgoing = answered(self.pipeline, endpoint, incoming)
        return outgoing.status, json.loads(outgoing.body) if outgoing.body else None

    def post(self, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        return self(path, body, method="POST", **options)


def find(method: str, path: str) -> tuple[Any, dict[str, str]]:
    parts = path.split("/")
    for endpoint in ENDPOINTS:
        names = endpoint.path.split("/")
        if endpoint.method == method and len(names) == len(parts):
            pairs = list(zip(names, parts, strict=True))
            if all(name.startswith("{") or name == part for name, part in pairs):
                return endpoint, {
                    name.strip("{}").partition(":")[0]: part
                    for name, part in pairs
                    if name.startswith("{")
                }
    raise AssertionError(path)


@pytest.fixture
def api(acme: Database) -> Api:
    for client_id, enterprise_uuid, role in (
        ("acme", ENTERPRISE, "admin"),
        ("acme-reports", ENTERPRISE, "reporting"),
        ("globex", OTHER_ENTERPRISE, "admin"),
    ):
        admit(acme, client_id, enterprise_uuid, role, at=NOW)
    return Api(acme)


def listed(api: Api, query: str = "") -> list[str]:
    status, answer = api(BASE, query=query)
    assert status == 200
    assert answer["count"] == len(answer["results"])
    return [each["uuid"] for each in answer["results"]]


class TestPlans:
    def test_a_plan_has_the_keys_of_the_reference_in_their_order(self, api: Api) -> None:
        with api.database.transaction() as session:
            change(session, is_revocation_cap_enabled=True)
            assign(session, emails(10))
            activate(session, emails(4))
            revoke(session, emails(4)[2:])
        status, answer = api(BASE)
        assert status == 200
        assert list(answer) == ["count", "next", "previous", "results"]
        assert json.dumps(answer["results"]) == json.dumps(
            [
                {
                    "title": "Enterprise Subscription",
                    "uuid": str(PLAN),
                    "start_date": "2026-10-25T12:00:00Z",
                    "expiration_date": "2027-09-20T12:00:00Z",
                    "enterprise_customer_uuid": str(ENTERPRISE),
                    "enterprise_catalog_uuid": str(CATALOG),
                    "is_active": True,
                    "is_revocation_cap_enabled": True,
                    "days_until_expiration": 300,
                    "days_until_expiration_including_renewals": 300,
                    "is_locked_for_renewal_processing": False,
                    "should_auto_apply_licenses": False,
                    "licenses": {
                        "activated": 2,
                        "assigned": 6,
                        "unassigned": 92,
                        "revoked": 2,
                        "total": 100,
                        "allocated": 8,
                    },
                    "revocations": {"total": 5, "used": 2, "remaining": 3},
                    "prior_renewals": [],
                }
            ]
        )

    def test_renewals_are_followed_both_ways(self, api: Api) -> None:
        third = uuid4()
        with api.database.transaction() as session:
            change(session, renewals=[renewal()])
        with clock.frozen_at(days(10)):
            process_renewals(api.database)
        following = renewal(uuid=third, effective_date=days(0.4), renewed_expiration_date=days(700))
        with api.database.transaction() as session:
            change(session, NEXT_PLAN, renewals=[following])
        _, answer = api(BASE)
        second, first = answer["results"]
        assert first["days_until_expiration_including_renewals"] == 700
        assert second["days_until_expiration_including_renewals"] == 700
        assert second["days_until_expiration"] == 375
        assert second["is_locked_for_renewal_processing"]
        assert not first["is_locked_for_renewal_processing"]
        assert first["prior_renewals"] == []
        assert first["revocations"] is None
        expected = {
            "prior_subscription_plan_id": str(PLAN),
            "prior_subscription_plan_start_date": "2026-10-25 12:00:00+00:00",
            "renewed_subscription_plan_id": str(NEXT_PLAN),
            "renewed_subscription_plan_start_date": "2026-12-04 12:00:00+00:00",
        }
        assert second["prior_renewals"] == [expected]
        with api.database.transaction() as session:
            plan(session, third)
        _, answer = api(BASE)
        last = next(each for each in answer["results"] if each["uuid"] == str(third))
        assert [each["prior_subscription_plan_id"] for each in last["prior_renewals"]] == [
            str(PLAN),
            str(NEXT_PLAN),
        ]
        assert last["prior_renewals"][0] == expected

    def test_selection_and_order(self, api: Api) -> None:
        uuids = [uuid4() for _ in range(4)]
        expired, idle, future, late = uuids
        with api.database.transaction() as session:
            plan(session, expired, start_date=days(-60), expiration_date=days(-30))
            plan(session, idle, start_date=days(-1), is_active=False)
            plan(session, future, start_date=days(1))
            plan(session, late, start_date=days(-30), now=days(1))
        everything = [future, idle, late, PLAN, expired]
        assert listed(api) == [str(uuid) for uuid in everything]
        everything.remove(idle)
        named = f"enterprise_customer_uuid={ENTERPRISE}"
        assert listed(api, named) == [str(uuid) for uuid in everything]
        assert listed(api, f"{named}&current=FALSE") == [str(uuid) for uuid in everything]
        assert listed(api, f"{named}&current=True") == [str(late)]

    def test_nothing_of_others_is_shown(self, api: Api) -> None:
        assert api(BASE, client="globex")[1]["results"] == []
        for query in ("", "&current=true"):
            assert listed(api, f"enterprise_customer_uuid={OTHER_ENTERPRISE}{query}") == []
            assert listed(api, f"enterprise_customer_uuid={uuid4()}{query}") == []

    @pytest.mark.parametrize(
        ("query", "status", "named"),
        [
            ("enterprise_customer_uuid=1", 400, "enterprise_customer_uuid"),
            ("current=true", 400, "enterprise_customer_uuid"),
            (f"enterprise_customer_uuid={ENTERPRISE}&current=1", 400, "current"),
            ("page=2", 404, "detail"),
            ("page=0", 404, "detail"),
            (f"enterprise_customer_uuid={ENTERPRISE}&current=true&page=2", 404, "detail"),
        ],
    )
    def test_bad_parameters(self, api: Api, query: str, status: int, named: str) -> None:
        found, answer = api(BASE, query=query)
        assert (found, list(answer)) == (status, [named])

    def test_pages_hold_a_hundred(self, api: Api) -> None:
        with api.database.transaction() as session:
            for _ in range(100):
                plan(session, uuid4(), num_licenses=0)
        _, first = api(BASE)
        _, last = api(BASE, query="page=last")
        assert (first["count"], len(first["results"]), len(last["results"])) == (101, 100, 1)
        assert first["next"] == f"https://bursar.example{BASE}?page=2"
        assert last["previous"] == f"https://bursar.example{BASE}?page=1"
        assert len({each["uuid"] for each in first["results"] + last["results"]}) == 101

    def test_the_number_of_statements_does_not_depend_on_that_of_plans(self, api: Api) -> None:
        with statements_of(api.database) as seen:
            listed(api)
        assert len(seen) == 2  # the gate's, and this one
        with api.database.transaction() as session:
            for _ in range(20):
                renewed = uuid4()
                plan(session, uuid4(), num_licenses=3, renewals=[renewal(uuid=renewed)])
        with statements_of(api.database) as seen:
            listed(api)
        assert len(seen) == 3


class TestLicenses:
    PATH = f"{BASE}/{PLAN}/licenses"

    def test_all_of_them_by_email(self, api: Api) -> None:
        with api.database.transaction() as session:
            change(session, num_licenses=4)
            assign(session, ["b@x.example", "a@x.example"])
            activate(session, ["b@x.example"])
        status, answer = api(self.PATH)
        assert (status, answer["count"]) == (200, 4)
        assert [each["user_email"] for each in answer["results"]] == [
            "a@x.example",
            "b@x.example",
            None,
            None,
        ]
        assert list(answer["results"][1].items())[1:] == [
            ("status", "activated"),
            ("user_email", "b@x.example"),
            ("lms_user_id", None),
            ("user_sfid", None),
            ("subscription_plan_uuid", str(PLAN)),
            ("assigned_date", "2026-11-24T12:00:00Z"),
            ("activation_date", "2026-11-24T12:00:00Z"),
            ("revoked_date", None),
        ]

    @pytest.mark.parametrize(
        ("query", "number"),
        [
            ("", 6),
            ("status=assigned", 1),
            ("status=assigned,activated", 2),
            ("status=assigned&status=revoked", 2),
            ("status=", 6),
            ("search=AL", 2),
            ("search=al&status=revoked", 1),
            ("search=%25", 0),
            ("search=%00", 0),
        ],
    )
    def test_filters(self, api: Api, query: str, number: int) -> None:
        with api.database.transaction() as session:
            change(session, num_licenses=5)
            assign(session, ["al@x.example", "alba@x.example", "c@x.example"])
            activate(session, ["c@x.example"])
            revoke(session, ["alba@x.example"])
        status, answer = api(self.PATH, query=query)
        assert (status, answer["count"], len(answer["results"])) == (200, number, number)

    def test_unknown_statuses_are_refused(self, api: Api) -> None:
        status, answer = api(self.PATH, query="status=assigned,gone")
        assert (status, list(answer)) == (400, ["status"])

    def test_a_plan_of_others_is_not_there(self, api: Api) -> None:
        assert api(self.PATH, client="globex")[0] == 404
        assert api(f"{BASE}/{uuid4()}/licenses")[0] == 404


class TestChanges:
    PATH = f"{BASE}/{PLAN}/licenses"

    def test_assignment_answers_in_the_order_of_the_request(self, api: Api) -> None:
        body = {"user_emails": [" B@x.example", "a@x.example", "b@X.example"]}
        status, answer = api.post(f"{self.PATH}/assign", body)
        assert status == 200
        assert list(answer) == [
            "num_successful_assignments",
            "num_already_associated",
            "license_assignments",
        ]
        assert [list(each) for each in answer["license_assignments"]] == [
            ["user_email", "license"]
        ] * 2
        assert answer["license_assignments"][0]["user_email"] == "b@x.example"
        assert api.post(f"{self.PATH}/assign", body) == (
            200,
            {
                "num_successful_assignments": 0,
                "num_already_associated": 2,
                "license_assignments": [],
            },
        )

    def test_refusals(self, api: Api) -> None:
        path, body = f"{self.PATH}/assign", {"user_emails": emails(101)}
        assert api.post(path, body)[0] == 400
        assert api.post(path, {"user_emails": []})[0] == 400
        assert api.post(path, body, client="globex")[0] == 404
        assert api.post(path, body, client="acme-reports")[0] == 403
        with api.database.transaction() as session:
            change(session, is_active=False)
        assert api.post(path, body)[0] == 422

    def test_revocation_answers_nothing_even_when_repeated_by_its_key(self, api: Api) -> None:
        with api.database.transaction() as session:
            assign(session, emails(2))
            activate(session, emails(2))
        path, body = f"{self.PATH}/bulk-revoke", {"user_emails": [*emails(1), *emails(1)]}
        key = {"idempotency-key": "k"}
        assert api.post(path, body, headers=key) == (204, None)
        assert api.post(path, body, headers=key) == (204, None)
        status, answer = api.post(path, body)
        assert (status, list(answer)) == (404, ["detail"])
        assert emails(1)[0] in answer["detail"]
        assert api.post(path, {"filters": [{"status_in": ["activated"]}]}) == (204, None)
        assert api.post(path, {"filters": [{"status_in": ["activated"]}]}) == (204, None)
        assert api.post(path, {"filters": []})[0] == 400

    def test_a_license_is_activated_under_its_own_plan(self, api: Api) -> None:
        other = uuid4()
        with api.database.transaction() as session:
            plan(session, other)
            ((_, uuid),) = assign(session, emails(1)).licenses
        path = f"{self.PATH}/{uuid}/activate"
        status, answer = api.post(path)
        assert (status, answer["status"], answer["uuid"]) == (200, "activated", str(uuid))
        assert api.post(path) == (200, answer)
        assert api.post(f"{BASE}/{other}/licenses/{uuid}/activate")[0] == 404
        assert api.post(path, client="globex")[0] == 404

    def test_reminders(self, api: Api) -> None:
        with api.database.transaction() as session:
            assign(session, emails(1))
        path = f"{self.PATH}/remind"
        assert api.post(path, {"user_emails": emails(1)}) == (204, None)
        assert api.post(path, {"user_emails": emails(2)})[0] == 404


def test_summaries_are_unique() -> None:
    summaries = [each.documentation.summary for each in ENDPOINTS]
    assert len(summaries) == len(set(summaries))
