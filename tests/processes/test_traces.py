"""What a server and a worker tell a collector of traces, and that it names nobody."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from testing.databases.migrated import migrated_url
from testing.fakes import smtp
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, running_lms
from testing.fakes.otlp import SentSpan, TraceCollector, running_collector
from testing.servers.cli import Cli
from testing.servers.installation import Ground, running
from testing.shops.budget import redeemed
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

PERSON = "zoe.hidden@acme.example"
CLIENT, SERVER, CONSUMER = 3, 2, 5
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass(frozen=True)
class Traced:
    ground: Ground
    collector: TraceCollector
    sink: smtp.Sink


@pytest.fixture(params=["sqlite", "postgresql"])
def traced(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Traced]:
    is_sqlite = request.param == "sqlite"
    url = migrated_url(tmp_path, None if is_sqlite else request.getfixturevalue("postgres"))
    collector, lms, sink = TraceCollector(), FakeLms(), smtp.Sink()
    lms.accounts = {PERSON: "zoe"}
    with ExitStack() as stack:
        stack.enter_context(smtp.running(sink))
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": stack.enter_context(running_collector(collector)),
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "BURSAR_LMS_URL": stack.enter_context(running_lms(lms)),
            "BURSAR_LMS_CLIENT_ID": CLIENT_ID,
            "BURSAR_LMS_CLIENT_SECRET": CLIENT_SECRET,
            "BURSAR_SMTP_URL": sink.url,
        }
        cli = Cli(tmp_path, url)
        # On SQLite the server does the work itself.
        options = () if is_sqlite else ("--workers", "2")
        ground = stack.enter_context(
            running(cli, (options,), has_worker=not is_sqlite, settings=settings)
        )
        yield Traced(ground, collector, sink)


def only(spans: list[SentSpan]) -> SentSpan:
    [span] = spans
    return span


def test_a_redemption_is_followed_from_the_request_to_the_lms(traced: Traced) -> None:
    collector = traced.collector
    (budget,) = traced.ground.open_budget()
    budget.assigned(PERSON)
    wait_until(lambda: traced.sink.deliveries, "the mail arrived, before it is no longer true")
    api = budget.shop.api
    api.http.headers["traceparent"] = f"00-{TRACE}-{SPAN}-01"
    api.http.headers["tracestate"] = "vendor=told-by-a-stranger"
    api.http.headers["X-Request-ID"] = PERSON
    uuid = redeemed(budget, learner_email=PERSON)["uuid"]
    del api.http.headers["traceparent"]
    wait_until(lambda: budget.transaction(uuid)["state"] == "committed")
    wait_until(lambda: collector.named("LMS enroll"), "the LMS was called")
    wait_until(lambda: [each for each in collector.spans if each.kind == CONSUMER], "a job ended")
    request = only([each for each in collector.spans if each.parent == bytes.fromhex(SPAN)])
    assert request.kind == SERVER
    assert request.name == f"POST {request.attributes['http.route']}"
    assert "{" in request.attributes["http.route"]
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["bursar.request_id"] == "[address]"
    assert request.trace == bytes.fromhex(TRACE)
    below = collector.below(request)
    assert {each.trace for each in below} == {request.trace}
    statements = [each for each in below if "db.query.text" in each.attributes]
    assert {each.kind for each in statements} == {CLIENT}
    assert any("INSERT INTO" in each.attributes["db.query.text"] for each in statements)
    job = only([each for each in below if each.kind == CONSUMER])
    assert job.name.startswith("job ")
    call = only([each for each in collector.below(job) if each.name == "LMS enroll"])
    assert call.attributes == {"http.request.method": "POST", "http.response.status_code": 200}
    assert not any(each.is_error for each in below)


def test_nobody_is_named_and_nothing_is_noise(traced: Traced) -> None:
    collector = traced.collector
    (budget,) = traced.ground.open_budget()
    budget.assigned(PERSON)
    api = budget.shop.api
    form = {"grant_type": "client_credentials", "client_id": PERSON, "client_secret": "not-his"}
    assert api.http.post("/oauth2/v1/access_token", data=form).status_code == 401
    for path in ("/health", "/ready", "/metrics", f"/nowhere/{quote(PERSON)}?who={quote(PERSON)}"):
        api.http.get(path)
    wait_until(lambda: [each for each in collector.spans if each.name.startswith("mail ")])
    wait_until(lambda: collector.named("GET (none)"), "the last request was told")
    assert collector.paths == {"/v1/traces"}
    assert {each.service for each in collector.spans} == {"bursar"}
    sent = b"".join(collector.bodies)
    token = str(api.authorization).removeprefix("JWT ")
    for secret in (PERSON, quote(PERSON), "not-his", token, CLIENT_SECRET):
        assert secret.encode() not in sent, secret
    names = {each.name for each in collector.spans if not each.parent}
    assert not any(path in name for name in names for path in ("/health", "/ready", "/metrics"))
    # What a process asks again and again by itself belongs to no request and no job.
    kinds = ("GET ", "POST ", "PUT ", "job ", "mail ", "LMS ")
    assert [name for name in names if not name.startswith(kinds)] == []


def test_a_server_says_once_why_it_sends_none(tmp_path: Path, database_url: str) -> None:
    cli = Cli(tmp_path, database_url)
    settings = {"OTEL_TRACES_EXPORTER": "zipkin"}
    with running(cli, (("--workers", "2"),), settings=settings) as ground:
        assert ground.services[0].anonymous.get("/health").status_code == 200
        log = ground.services[0].log()
    assert log.count("OTEL_TRACES_EXPORTER may be otlp or none") == 1
