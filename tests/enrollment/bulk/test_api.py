"""Bulk enrollment over HTTP: what is accepted, what is refused, and what a client reads of it."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from bursar import clock
from bursar.api.bulk_enrollment import PATH
from bursar.database.engine import Database
from bursar.enrollment.bulk import chunks, queries, service
from bursar.enrollment.bulk.models import BulkEnrollmentJob
from bursar.settings import Settings
from testing.databases.statements import statements_of
from testing.jobs import jobs as all_jobs
from testing.worlds.bulk_enrollment import (
    ACME,
    ANA,
    BOB,
    CLOSED,
    CYD,
    GLOBEX,
    OPEN,
    Lms,
    counts,
    do_chunk,
    emails,
    give,
    job_row,
    know,
    outcomes,
    run,
)
from tests.enrollment.bulk.calling import ADMIN, REPORTING, ROOT, STRANGER, Api, content

HEADER = "email address,course key,enrollment status,notes\r\n"
GOOD: dict[str, Any] = {"emails": [ANA], "course_run_keys": [OPEN]}
TOO_MANY = "At most 1000 learners and course keys together; these are 1001."


@pytest.fixture
def api(acme: Database) -> Api:
    return Api(acme)


def stored_jobs(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(BulkEnrollmentJob)) or 0


class TestCreating:
    def test_answers_with_the_job_and_where_it_is(self, api: Api) -> None:
        answer = api.post({**GOOD, "notify": True})
        job = UUID(content(answer)["job_id"])
        assert answer.status == 201
        assert list(content(answer)) == ["job_id"]
        assert job.version == 4
        assert answer.headers["Location"] == f"{ROOT}{PATH}/{job}"
        assert list(all_jobs(api.database)) == [f"bulk_enrollment.chunk:{job}:0"]
        with api.database.transaction() as session:
            row = job_row(session, job)
        assert (row.enterprise_uuid, row.total, row.notify, row.state) == (ACME, 1, True, "queued")
        assert (row.client_id, row.request_id) == (ADMIN, "request-1")

    def test_repetitions_count_once_and_addresses_are_normalised(self, api: Api) -> None:
        job = api.start([f" {ANA.upper()} ", BOB, ANA], [OPEN, f" {OPEN} ", "x"])
        with api.database.transaction() as session:
            row = job_row(session, job)
        assert (row.emails, row.course_run_keys) == ([ANA, BOB], [OPEN, "x"])
        assert (row.total, row.notify) == (4, False)

    def test_a_job_for_an_lms_has_smaller_chunks(self, api: Api) -> None:
        without = api.start([ANA], [OPEN])
        api.pipeline.provided[Settings] = Settings(
            lms_url="https://lms.example.org", lms_client_id="x", lms_client_secret=SecretStr("x")
        )
        with_lms = api.start([ANA], [OPEN])
        with api.database.transaction() as session:
            sizes = [job_row(session, job).chunk_size for job in (without, with_lms)]
        assert sizes == [service.CHUNK_SIZE, service.LMS_CHUNK_SIZE] == [1_000, 100]

    def test_an_enterprise_in_the_body_is_ignored(self, api: Api) -> None:
        assert api.post({**GOOD, "enterprise_customer_uuid": str(GLOBEX)}).status == 201
        assert api.post({**GOOD, "enterprise_customer_uuid": str(ACME)}, None).status == 400

    def test_the_same_idempotency_key_makes_one_job(self, api: Api) -> None:
        first, second = (api.post(GOOD, idempotency_key="k") for _ in range(2))
        assert content(first) == content(second)
        assert first.headers["Location"] == second.headers["Location"]
        assert second.headers["Idempotent-Replayed"] == "true"
        assert stored_jobs(api.database) == 1

    def test_takes_a_handful_of_statements_for_a_quarter_of_a_million_pairs(self, api: Api) -> None:
        keys = [f"key {number}" for number in range(500)]
        with statements_of(api.database) as seen:
            job = api.start(emails(500), keys)
        assert len(seen) < 12
        assert counts(api.database, job) == ("queued", 0, 0, 0)

    @pytest.mark.parametrize(
        ("change", "errors"),
        [
            ({"emails": None}, {"emails": ["This field may not be null."]}),
            ({"emails": []}, {"emails": ["This list may not be empty."]}),
            (
                {"emails": "ana@acme.example"},
                {"emails": ['Expected a list of items but got type "str".']},
            ),
            ({"emails": [ANA, "x"]}, {"emails": {"1": ["Enter a valid email address."]}}),
            ({"emails": [1]}, {"emails": {"0": ["Not a valid string."]}}),
            ({"course_run_keys": []}, {"course_run_keys": ["This list may not be empty."]}),
            (
                {"course_run_keys": [OPEN, " "]},
                {"course_run_keys": {"1": ["This field may not be blank."]}},
            ),
            ({"course_run_keys": [7]}, {"course_run_keys": {"0": ["Not a valid string."]}}),
            ({"course_run_keys": {}}, {"course_run_keys": ["Expected a list of items but got type "
             '"dict".']}),
            ({"notify": "true"}, {"notify": ["Must be a valid boolean."]}),
            ({"notify": None}, {"notify": ["This field may not be null."]}),
            ({"emails": emails(1_000)}, {"non_field_errors": [TOO_MANY]}),
        ],
    )  # fmt: skip
    def test_a_bad_body_is_refused(
        self, api: Api, change: dict[str, Any], errors: dict[str, Any]
    ) -> None:
        answer = api.post(GOOD | change)
        assert (answer.status, content(answer)) == (400, errors)
        assert stored_jobs(api.database) == 0
        assert all_jobs(api.database) == {}

    def test_all_that_is_missing_is_named_at_once(self, api: Api) -> None:
        answer = api.post({}, None)
        required = ["This field is required."]
        assert (answer.status, content(answer)) == (
            400,
            {
                "enterprise_customer_uuid": required,
                "emails": required,
                "course_run_keys": required,
            },
        )

    def test_the_limit_counts_after_repetitions_are_dropped(self, api: Api) -> None:
        assert api.post({**GOOD, "emails": emails(999)}).status == 201
        assert api.post({**GOOD, "emails": emails(999) * 2}).status == 201

    @pytest.mark.parametrize("enterprise", [None, "", "x", "{" + str(ACME) + "}"])
    def test_without_a_good_enterprise_it_is_refused(
        self, api: Api, enterprise: str | None
    ) -> None:
        answer = api.post(GOOD, enterprise)
        assert answer.status == 400
        assert list(content(answer)) == ["enterprise_customer_uuid"]

    @pytest.mark.parametrize("enterprise", [GLOBEX, uuid4()])
    def test_another_s_enterprise_is_as_unknown_as_one_that_is_not_there(
        self, api: Api, enterprise: UUID
    ) -> None:
        answer = api.post(GOOD, enterprise)
        assert (answer.status, content(answer)) == (404, {"detail": "Not found."})

    def test_mistakes_are_answered_in_the_documented_order(self, api: Api) -> None:
        bad: dict[str, Any] = {"emails": []}
        assert api.post(bad, GLOBEX, REPORTING, accept="text/html").status == 406
        assert api.post(bad, GLOBEX, REPORTING).status == 404
        assert api.post(bad, ACME, REPORTING, content_type="text/plain").status == 403
        assert api.post(bad, ACME, content_type="text/plain").status == 415
        assert api.post(bad, ACME).status == 400


class TestStatus:
    def test_has_the_documented_keys_in_order(self, api: Api) -> None:
        job = run(api.database, [ANA, BOB, CYD], [OPEN, CLOSED])
        status = content(api.ask("GET", job=job))
        created, finished = status.pop("created"), status.pop("finished")
        assert clock.parse_instant(created) <= clock.parse_instant(finished)
        assert list(status.items()) == [
            ("job_id", str(job)),
            ("state", "done"),
            ("total", 6),
            ("done", 6),
            ("succeeded", 1),
            ("pending", 1),
            ("failed", 4),
            ("download_url", f"{ROOT}{PATH}/{job}/download"),
        ]

    def test_is_the_same_in_both_places(self, api: Api) -> None:
        job = api.start([ANA], [OPEN])
        query = {"enterprise_customer_uuid": ACME, "bulk_enrollment_job_uuid": job}
        status = content(api.ask("GET", query=query))
        assert status == content(api.ask("GET", job=job))
        assert (status["state"], status["total"], status["done"]) == ("queued", 1, 0)
        assert list(status) == [
            "job_id", "state", "total", "done", "succeeded", "pending", "failed", "created",
            "finished", "download_url",
        ]  # fmt: skip

    def test_shows_the_progress(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service, "CHUNK_SIZE", 2)
        job = api.start([ANA, BOB, CYD], [OPEN])
        with api.database.transaction() as session:
            chunks.start(session, job_row(session, job), clock.now())
        do_chunk(api.database, job, 1, Lms())
        status = content(api.ask("GET", job=job))
        assert (status["state"], status["done"], status["finished"]) == ("running", 1, None)
        assert rows(api, job) == [(CYD, OPEN, "failed", "missing subscription")]

    @pytest.mark.parametrize("name", ["enterprise_customer_uuid", "bulk_enrollment_job_uuid"])
    @pytest.mark.parametrize("value", ["", "x"])
    def test_without_one_of_the_parameters_it_is_refused(
        self, api: Api, name: str, value: str
    ) -> None:
        job = api.start([ANA], [OPEN])
        query = {"enterprise_customer_uuid": ACME, "bulk_enrollment_job_uuid": job}
        answer = api.ask("GET", query=query | {name: value})
        assert (answer.status, list(content(answer))) == (400, [name])


class TestTenancy:
    @pytest.mark.parametrize("below", ["", "/rows", "/download"])
    def test_another_s_job_is_as_unknown_as_one_that_is_not_there(
        self, api: Api, below: str
    ) -> None:
        job = run(api.database, [ANA], [OPEN])
        assert api.ask("GET", below, job=job).status == 200
        assert api.ask("GET", below, job=job, client=REPORTING).status == 200
        foreign = api.ask("GET", below, job=job, client=STRANGER)
        unknown = api.ask("GET", below, job=uuid4(), client=STRANGER)
        assert (foreign.status, foreign.body) == (unknown.status, unknown.body)
        assert foreign.status == 404

    @pytest.mark.parametrize("enterprise", [ACME, GLOBEX])
    def test_it_is_so_in_the_query_too(self, api: Api, enterprise: UUID) -> None:
        job = run(api.database, [ANA], [OPEN])
        query = {"enterprise_customer_uuid": enterprise, "bulk_enrollment_job_uuid": job}
        assert api.ask("GET", query=query, client=STRANGER).status == 404
        expected = 200 if enterprise == ACME else 404
        assert api.ask("GET", query=query).status == expected


def rows(api: Api, job: UUID) -> list[tuple[str, str, str, str]]:
    """Of all pages."""
    found, number = [], 1
    while True:
        page = content(api.ask("GET", "/rows", job=job, query={"page": number}))
        assert list(page) == ["count", "next", "previous", "results"]
        for row in page["results"]:
            assert list(row) == ["email", "course_run_key", "status", "notes"]
            found.append(tuple(row.values()))
        if page["next"] is None:
            assert page["count"] == len(found)
            return found
        number += 1
        assert page["next"] == f"{ROOT}{PATH}/{job}/rows?page={number}"


class TestRows:
    def test_come_in_pages_of_a_hundred_in_the_order_of_the_request(self, api: Api) -> None:
        people = emails(25)
        keys = [f"key {number}" for number in range(10)]
        job = run(api.database, people, keys)
        first = content(api.ask("GET", "/rows", job=job))
        assert (first["count"], len(first["results"]), first["previous"]) == (250, 100, None)
        assert [row[:2] for row in rows(api, job)] == [(e, key) for e in people for key in keys]
        assert api.ask("GET", "/rows", job=job, query={"page": 4}).status == 404
        assert (
            len(content(api.ask("GET", "/rows", job=job, query={"page": "last"}))["results"]) == 50
        )

    def test_of_a_running_job_are_those_that_are_done(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "CHUNK_SIZE", 60)
        job = api.start(emails(300), ["x"])
        with api.database.transaction() as session:
            chunks.start(session, job_row(session, job), clock.now())
        for number in (4, 0, 2):
            do_chunk(api.database, job, number, Lms())
        done = [*range(60), *range(120, 180), *range(240, 300)]
        assert [row[0] for row in rows(api, job)] == [emails(300)[number] for number in done]


class TestDownload:
    @pytest.mark.parametrize("accept", ["application/json", "text/html", "*/*", "image/png", ""])
    def test_is_csv_whatever_the_caller_accepts(self, api: Api, accept: str) -> None:
        job = run(api.database, [ANA, BOB], [OPEN])
        answer = api.ask("GET", "/download", job=job, accept=accept)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.body.decode() == (
            f"{HEADER}{ANA},{OPEN},success,\r\n{BOB},{OPEN},pending,pending license activation\r\n"
        )

    def test_of_a_job_without_results_is_the_header(self, api: Api) -> None:
        job = api.start([ANA], [OPEN])
        assert api.ask("GET", "/download", job=job).body.decode() == HEADER

    def test_can_be_asked_for_as_csv_and_as_nothing_else(self, api: Api) -> None:
        job = api.start([ANA], [OPEN])
        assert api.ask("GET", "/download", job=job, query={"format": "csv"}).status == 200
        refused = api.ask("GET", "/download", job=job, query={"format": "json"})
        assert (refused.status, content(refused)) == (
            400,
            {"format": ['"json" is not a known format.']},
        )

    def test_runs_no_formula_and_loses_nothing(self, api: Api) -> None:
        keys = ['=HYPERLINK("http://evil","x")', "+1", "-1", "@SUM(A1)", 'a "b", c', "a\r\nb", "é"]
        job = run(api.database, ["=cmd@acme.example"], keys)
        text = api.ask("GET", "/download", job=job).body.decode()
        read = list(csv.reader(io.StringIO(text, newline="")))
        assert read[0] == HEADER.strip().split(",")
        assert [row[0] for row in read[1:]] == ["'=cmd@acme.example"] * 7
        assert [row[1] for row in read[1:]] == [*(f"'{key}" for key in keys[:4]), *keys[4:]]

    def test_has_every_pair_of_a_large_job(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queries, "ROWS_AT_ONCE", 7)
        people, keys = emails(10), ["a", "b", "c"]
        job = run(api.database, people, keys)
        text = api.ask("GET", "/download", job=job).body.decode()
        read = [(row[0], row[1]) for row in csv.reader(io.StringIO(text, newline=""))][1:]
        assert read == list(outcomes(api.database, job))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_five_hundred_learners_in_five_hundred_courses(api: Api) -> None:
    people, keys = emails(500), [OPEN, *(f"key {number}" for number in range(499))]
    with api.database.transaction() as session:
        know(session, people)
        give(session, people)
    job = api.start(people, keys)
    with api.database.transaction() as session:
        assert chunks.start(session, job_row(session, job), clock.now())
    for number in range(250):
        do_chunk(api.database, job, number, Lms())
    assert counts(api.database, job) == ("done", 500, 0, 249_500)
    text = api.ask("GET", "/download", job=job).body
    assert text.count(b"\r\n") == 250_001
    last = content(api.ask("GET", "/rows", job=job, query={"page": "last"}))
    assert last["results"][-1]["email"] == people[-1]
