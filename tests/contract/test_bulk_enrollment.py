"""`/enterprise/v1/bulk-license-enrollment`: asking, and reading what came of it; no worker."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from bursar import clock
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from testing.clients.api import Api, JsonObject, xml_of
from testing.shops.bulk import BULK, OPEN, BulkShop, open_bulk
from testing.shops.plan import learners
from testing.shops.service import Service
from testing.worlds.contract import ACME, GLOBEX, NESTED_RUN_KEY, client
from testing.worlds.contract_credit import named
from testing.worlds.contract_enrollments import PAIRS

ANA, BEN = "ana@example.org", "ben@example.org"
JSON = {"Accept": "application/json"}
JOB = named(ACME, "job")
REQUIRED = ["This field is required."]
STATUS_KEYS = [
    "job_id", "state", "total", "done", "succeeded", "pending", "failed", "created", "finished",
    "download_url",
]  # fmt: skip
DONE = [f"{email},{NESTED_RUN_KEY},{status},{notes}" for email, status, notes, _ in PAIRS]


@pytest.fixture(scope="module")
def bulk(service: Service) -> BulkShop:
    return open_bulk(service)


def errors(response: httpx.Response) -> JsonObject:
    assert response.status_code == 400, response.text
    body: JsonObject = response.json()
    return body


def by_query(api: Api, job: object, enterprise: object, **more: str) -> httpx.Response:
    query = {"enterprise_customer_uuid": str(enterprise), "bulk_enrollment_job_uuid": str(job)}
    return api.get(BULK, params=query | more, headers=JSON)


class TestAsking:
    def test_the_answer_names_the_job_and_where_it_is(self, bulk: BulkShop) -> None:
        response = bulk.ask(bulk.wish([ANA, BEN], OPEN))
        assert response.status_code == 201
        assert list(response.json()) == ["job_id"]
        job = response.json()["job_id"]
        assert UUID(job).version == 4
        assert response.headers["location"] == f"{bulk.shop.service.url}{BULK}/{job}"
        assert bulk.shop.api.json(response.headers["location"]) == bulk.status(job)

    def test_so_it_does_in_xml(self, bulk: BulkShop) -> None:
        response = bulk.ask(bulk.wish([ANA], OPEN), Accept="application/xml")
        assert response.status_code == 201
        assert [element.tag for element in xml_of(response)] == ["job_id"]
        assert response.headers["location"].endswith(str(xml_of(response)[0].text))

    def test_repetitions_count_once_and_addresses_are_normalised(self, bulk: BulkShop) -> None:
        key = bulk.run_key(OPEN)
        keys = [key, f" {key} ", "any text"]
        job = bulk.start({"emails": [f" {ANA.upper()}", BEN, ANA], "course_run_keys": keys})
        assert bulk.status(job)["total"] == 4

    def test_the_limit_counts_what_is_left_then(self, bulk: BulkShop) -> None:
        keys = [str(number) for number in range(600)]
        job = bulk.start({"emails": learners(400), "course_run_keys": keys})
        assert bulk.status(job)["total"] == 240_000
        repeated = {"emails": learners(400), "course_run_keys": keys + keys[:50]}
        assert bulk.status(bulk.start(repeated))["total"] == 240_000

    @pytest.mark.parametrize("more", [{"emails": 401}, {"course_run_keys": 601}])
    def test_above_it_nothing_begins(self, bulk: BulkShop, more: dict[str, int]) -> None:
        numbers = {"emails": 400, "course_run_keys": 600} | more
        keys = [str(number) for number in range(numbers["course_run_keys"])]
        body = {"emails": learners(numbers["emails"]), "course_run_keys": keys}
        [message] = errors(bulk.ask(body))["non_field_errors"]
        assert "1000" in message
        assert "1001" in message

    @pytest.mark.parametrize("name", ["emails", "course_run_keys"])
    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ([], "This list may not be empty."),
            (None, "This field may not be null."),
            ("x", 'Expected a list of items but got type "str".'),
            ({"0": "x"}, 'Expected a list of items but got type "dict".'),
        ],
    )
    def test_lists_are_lists_of_something(
        self, bulk: BulkShop, name: str, value: Any, message: str
    ) -> None:
        body = bulk.wish([ANA], OPEN) | {name: value}
        assert errors(bulk.ask(body)) == {name: [message]}

    @pytest.mark.parametrize(
        ("change", "messages"),
        [
            ({"emails": [ANA, "x"]}, {"1": ["Enter a valid email address."]}),
            ({"emails": [7]}, {"0": ["Not a valid string."]}),
            ({"course_run_keys": ["x", " \t"]}, {"1": ["This field may not be blank."]}),
            ({"course_run_keys": [["x"]]}, {"0": ["Not a valid string."]}),
            ({"notify": "true"}, ["Must be a valid boolean."]),
            ({"notify": 1}, ["Must be a valid boolean."]),
        ],
    )
    def test_bad_items(self, bulk: BulkShop, change: JsonObject, messages: Any) -> None:
        body = bulk.wish([ANA], OPEN) | change
        assert errors(bulk.ask(body)) == dict.fromkeys(change, messages)

    def test_all_that_is_missing_is_told_at_once(self, bulk: BulkShop) -> None:
        names = ["enterprise_customer_uuid", "emails", "course_run_keys"]
        response = bulk.shop.api.post(BULK, json={}, headers=JSON)
        assert errors(response) == dict.fromkeys(names, REQUIRED)

    @pytest.mark.parametrize("enterprise", ["acme", "1", str(ACME)[:-1]])
    def test_an_enterprise_that_is_no_uuid_is_refused(
        self, bulk: BulkShop, enterprise: str
    ) -> None:
        response = bulk.ask(bulk.wish([ANA], OPEN), enterprise)
        assert list(errors(response)) == ["enterprise_customer_uuid"]

    def test_another_s_enterprise_is_as_unknown_as_one_that_is_not_there(
        self, bulk: BulkShop
    ) -> None:
        answers = [bulk.ask(bulk.wish([ANA], OPEN), uuid) for uuid in (ACME, uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content

    def test_the_enterprise_of_the_query_counts(self, bulk: BulkShop) -> None:
        body = bulk.wish([ANA], OPEN, enterprise_customer_uuid=str(ACME))
        assert by_query(bulk.shop.api, bulk.start(body), bulk.shop.uuid).status_code == 200

    def test_the_same_idempotency_key_gives_the_same_job(self, bulk: BulkShop) -> None:
        key, body = str(uuid4()), bulk.wish([ANA], OPEN)
        first, *again = (bulk.ask(body, Idempotency_Key=key) for _ in range(3))
        for replayed in again:
            assert (replayed.status_code, replayed.content) == (201, first.content)
            assert replayed.headers["location"] == first.headers["location"]
            assert replayed.headers["idempotent-replayed"] == "true"
        other = bulk.ask(bulk.wish([BEN], OPEN), Idempotency_Key=key)
        assert other.status_code == 422
        assert bulk.ask(body).json() != first.json()

    def test_a_reporting_client_reads_and_does_not_ask(self, bulk: BulkShop) -> None:
        job = bulk.start(bulk.wish([ANA], OPEN))
        name = f"{bulk.shop.org}-reader"
        bulk.shop.declare(clients=[client(name, "reporting")])
        reader = bulk.shop.service.acting_as(name)
        query = {"enterprise_customer_uuid": str(bulk.shop.uuid)}
        refused = reader.post(BULK, params=query, json=bulk.wish([ANA], OPEN), headers=JSON)
        assert refused.status_code == 403
        assert reader.json(f"{BULK}/{job}") == bulk.status(job)
        for below in ("/rows", "/download"):
            assert reader.get(f"{BULK}/{job}{below}").status_code == 200


class TestStatus:
    def test_of_a_job_that_waits(self, bulk: BulkShop) -> None:
        job = bulk.start(bulk.wish([ANA, BEN], OPEN))
        status = bulk.status(job)
        assert list(status) == STATUS_KEYS
        created = clock.parse_instant(status.pop("created"))
        assert abs((clock.now() - created).total_seconds()) < 60
        assert status == {
            "job_id": job,
            "state": "queued",
            "total": 2,
            **dict.fromkeys(("done", "succeeded", "pending", "failed"), 0),
            "finished": None,
            "download_url": f"{bulk.shop.service.url}{BULK}/{job}/download",
        }

    def test_of_a_job_that_is_done_by_path_and_by_query(self, api: Api) -> None:
        status = api.json(f"{BULK}/{JOB}")
        assert list(status) == STATUS_KEYS
        assert (status["state"], status["total"], status["done"]) == ("done", 3, 3)
        assert [status[name] for name in ("succeeded", "pending", "failed")] == [1, 1, 1]
        assert clock.parse_instant(status["finished"]) >= clock.parse_instant(status["created"])
        assert by_query(api, JOB, ACME).json() == status

    def test_in_xml(self, api: Api) -> None:
        root = xml_of(api.get(f"{BULK}/{JOB}"))
        assert [element.tag for element in root] == STATUS_KEYS
        assert root.findtext("state") == "done"

    @pytest.mark.parametrize("name", ["enterprise_customer_uuid", "bulk_enrollment_job_uuid"])
    @pytest.mark.parametrize("value", ["", "x"])
    def test_by_query_both_are_needed(self, api: Api, name: str, value: str) -> None:
        response = by_query(api, JOB, ACME, **{name: value})
        assert list(errors(response)) == [name]
        assert list(errors(api.get(BULK, headers=JSON))) == [
            "enterprise_customer_uuid",
            "bulk_enrollment_job_uuid",
        ]

    @pytest.mark.parametrize("below", ["", "/rows", "/download"])
    def test_another_s_job_is_as_unknown_as_one_that_is_not_there(
        self, api: Api, below: str
    ) -> None:
        jobs = (named(GLOBEX, "job"), uuid4())
        answers = [api.get(f"{BULK}/{job}{below}", headers=JSON) for job in jobs]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content

    def test_so_is_a_job_that_is_being_forgotten(self, bulk: BulkShop) -> None:
        job, api = bulk.start(bulk.wish([ANA], OPEN)), bulk.shop.api
        paths = [f"{BULK}/{job}{below}" for below in ("", "/rows", "/download")]
        assert [api.get(path, headers=JSON).status_code for path in paths] == [200, 200, 200]
        mine = update(BulkEnrollmentJob).where(BulkEnrollmentJob.uuid == UUID(job))
        with bulk.shop.service.database.transaction() as session:
            session.execute(mine.values(forgotten_at=clock.now()))
        answers = [api.get(path, headers=JSON) for path in (*paths, f"{BULK}/{uuid4()}")]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
        assert by_query(api, job, bulk.shop.uuid).status_code == 404

    @pytest.mark.parametrize("enterprise", [ACME, GLOBEX])
    def test_so_it_is_by_query(self, api: Api, enterprise: UUID) -> None:
        assert by_query(api, named(GLOBEX, "job"), enterprise).status_code == 404
        assert by_query(api, JOB, GLOBEX).status_code == 404


class TestRows:
    def test_are_in_pages(self, api: Api) -> None:
        page = api.json(f"{BULK}/{JOB}/rows")
        assert list(page) == ["count", "next", "previous", "results"]
        assert (page["count"], page["next"], page["previous"]) == (3, None, None)
        for row in page["results"]:
            assert list(row) == ["email", "course_run_key", "status", "notes"]
        assert [",".join(row.values()) for row in page["results"]] == DONE

    @pytest.mark.parametrize("page", ["0", "2", "x"])
    def test_pages_that_are_not_there(self, api: Api, page: str) -> None:
        response = api.get(f"{BULK}/{JOB}/rows", params={"page": page}, headers=JSON)
        assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})

    def test_of_a_job_that_waits_there_are_none(self, bulk: BulkShop) -> None:
        assert bulk.rows(bulk.start(bulk.wish([ANA], OPEN))) == []


class TestDownload:
    HEADER = "email address,course key,enrollment status,notes"

    @pytest.mark.parametrize(
        "accept", [None, "", "*/*", "application/json", "application/xml", "text/html", "image/png"]
    )
    def test_is_csv_whatever_the_caller_accepts(self, api: Api, accept: str | None) -> None:
        headers = {} if accept is None else {"Accept": accept}
        url = api.json(f"{BULK}/{JOB}")["download_url"]
        response = api.get(url, headers=headers)
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        assert response.headers["content-disposition"] == (
            f'attachment; filename="bulk-enrollment-{JOB}.csv"'
        )
        assert response.content.decode() == "".join(f"{line}\r\n" for line in [self.HEADER, *DONE])

    @pytest.mark.parametrize("coding", ["gzip", "zstd"])
    def test_it_is_compressed_on_request(self, api: Api, coding: str) -> None:
        response = api.get(f"{BULK}/{JOB}/download", headers={"Accept-Encoding": coding})
        assert response.headers["content-encoding"] == coding
        assert response.text.splitlines() == [self.HEADER, *DONE]

    def test_head_has_its_headers_and_no_body(self, api: Api) -> None:
        head, got = (api.request(method, f"{BULK}/{JOB}/download") for method in ("HEAD", "GET"))
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-disposition", "vary", "cache-control"):
            assert head.headers[name] == got.headers[name]

    def test_needs_a_token(self, anonymous: Api) -> None:
        assert anonymous.get(f"{BULK}/{JOB}/download").status_code == 401

    def test_of_a_job_that_waits_is_the_header(self, bulk: BulkShop) -> None:
        job = bulk.start(bulk.wish([ANA], OPEN))
        assert bulk.download(job).text == f"{self.HEADER}\r\n"
