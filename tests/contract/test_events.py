"""The log of events over HTTP: pages, waiting, streams, and what is refused."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import update

from bursar import clock
from bursar.database.bulk import bulk_insert
from bursar.events.cursors import cursor_of, position_of
from bursar.events.models import EventRecord, EventSequence
from bursar.events.sequencing import BATCH
from testing.clients.api import Api, JsonObject, xml_of
from testing.shops.plan import PlanShop, open_plan
from testing.shops.service import Service
from testing.waiting import wait_until
from testing.worlds.contract import ACME, GLOBEX, client

EVENTS = "/enterprise/v1/events"
STREAM = {"Accept": "text/event-stream"}
ASSIGNED = "license.assigned"


@pytest.fixture
def plan(service: Service) -> PlanShop:
    return open_plan(service)


def asked(plan: PlanShop, **parameters: Any) -> JsonObject:
    named = {"enterprise_customer_uuid": str(plan.shop.uuid), **parameters}
    return plan.shop.api.json(EVENTS, params=named)


def refused(api: Api, enterprise: object = ACME, **parameters: Any) -> JsonObject:
    named = {"enterprise_customer_uuid": str(enterprise), **parameters}
    answer = api.get(EVENTS, params=named, headers={"Accept": "application/json"})
    assert answer.status_code == 400, answer.text
    body: JsonObject = answer.json()
    return body


def latest(plan: PlanShop) -> str:
    cursor: str = asked(plan, after="latest")["next"]
    return cursor


def who(events: list[JsonObject]) -> list[str]:
    return [event["data"]["user_email"] for event in events if event["type"] == ASSIGNED]


def test_an_event_says_what_happened_to_what_and_by_whom(plan: PlanShop) -> None:
    begin = latest(plan)
    plan.post("assign", {"user_emails": ["ana@example.org"]}, **{"X-Request-ID": "request-9"})
    page = asked(plan, after=begin, wait=10)
    assert list(page) == ["results", "next", "has_more"]
    (event,) = (each for each in page["results"] if each["type"] == ASSIGNED)
    assert list(event) == [
        "id", "type", "timestamp", "enterprise_customer_uuid", "object", "data", "actor",
        "request_id", "cursor",
    ]  # fmt: skip
    license_uuid = plan.license_of("ana@example.org")["uuid"]
    assert event["object"] == {"type": "license", "uuid": license_uuid, "version": 1}
    assert event["actor"] == {"kind": "client", "id": f"{plan.shop.org}-client"}
    assert event["enterprise_customer_uuid"] == str(plan.shop.uuid)
    assert event["request_id"] == "request-9"
    assert event["data"]["status"] == "assigned"
    assert page["next"] == page["results"][-1]["cursor"]
    assert page["has_more"] is False
    assert asked(plan, after=page["next"])["results"] == []


def test_what_others_did_before_does_not_delay_an_event(service: Service, plan: PlanShop) -> None:
    """However much was written since somebody read the log last."""
    begin = latest(plan)
    crowd = service.open_shop().uuid
    with service.database.transaction() as session:
        bulk_insert(session, EventRecord, [event_of(crowd) for _ in range(2 * BATCH + 1)])
    plan.assign("ana@example.org")
    assert who(asked(plan, after=begin)["results"]) == ["ana@example.org"]


def event_of(enterprise: UUID) -> dict[str, Any]:
    return {
        "uuid": uuid4(),
        "enterprise_uuid": enterprise,
        "type": ASSIGNED,
        "object_type": "license",
        "object_id": str(uuid4()),
        "version": 1,
        "at": clock.now(),
        "actor_kind": "operator",
        "actor": "operator:test",
        "request_id": None,
        "changes": {},
        "data": {},
        "is_public": True,
    }


def test_pages_of_any_size_show_every_event_once(plan: PlanShop) -> None:
    begin = latest(plan)
    emails = [f"learner{number}@example.org" for number in range(5)]
    for email in emails:
        plan.assign(email)
    whole = asked(plan, after=begin)["results"]
    assert who(whole) == emails
    paged, after = [], begin
    for _ in range(len(whole)):
        page = asked(plan, after=after, limit=1)
        paged += page["results"]
        after = page["next"]
    assert paged == whole
    assert asked(plan)["results"][-len(whole) :] == whole


def test_a_kind_of_types_leaves_out_the_others(plan: PlanShop) -> None:
    begin = latest(plan)
    plan.change(title="Another")
    plan.assign("ana@example.org")
    plan.activate("ana@example.org")
    kinds = [each["type"] for each in asked(plan, after=begin, type="license.*")["results"]]
    assert kinds == [ASSIGNED, "license.activated"]
    both = asked(plan, after=begin, type=["plan.changed", "license.activated"])["results"]
    assert [each["type"] for each in both] == ["plan.changed", "license.activated"]


def test_nothing_of_another_enterprise_is_shown(service: Service, plan: PlanShop) -> None:
    other = open_plan(service)
    begin = latest(plan)
    other.assign("ana@example.org")
    assert asked(plan, after=begin)["results"] == []
    shown = {each["enterprise_customer_uuid"] for each in asked(other)["results"]}
    assert shown == {str(other.shop.uuid)}


def test_a_reporting_client_may_read_and_answers_are_xml_too(
    service: Service, plan: PlanShop
) -> None:
    begin = latest(plan)
    plan.assign("ana@example.org")
    name = f"{plan.shop.org}-reader"
    plan.shop.declare(clients=[client(name, "reporting")])
    named = {"enterprise_customer_uuid": str(plan.shop.uuid), "after": begin, "type": ASSIGNED}
    answer = service.acting_as(name).get(
        EVENTS,
        params=named,
        headers={"Accept": "application/xml"},
    )
    assert answer.status_code == 200
    assert xml_of(answer).findtext("results/list-item/data/user_email") == "ana@example.org"


def test_what_cannot_be_meant_is_refused_with_a_sentence(api: Api) -> None:
    for cursor in ("1", "latest ", "AQAAAAAAARAi", "é" * 12, "x" * 5000, "????????????"):
        (sentence,) = refused(api, after=cursor)["after"]
        assert sentence.startswith("This is no cursor of this log.")
    assert refused(api, after=cursor_of(2**40))["after"] == refused(api, after="1")["after"]
    for kind in ("license.eaten", "license", "*", "license*", ".*", "mail.retried", "x" * 5000):
        (sentence,) = refused(api, type=["plan.changed", kind])["type"]
        assert sentence.startswith(f'"{kind[:100]}" is no type of event.')
    assert refused(api, type="license.asigned")["type"] == [
        '"license.asigned" is no type of event. Did you mean license.assigned?'
    ]
    for seconds in ("-1", "31", "1.5", "x", "٣", "9" * 5000):
        assert refused(api, wait=seconds)["wait"] == [
            "Enter a whole number of seconds from 0 to 30."
        ]
    answer = api.get(EVENTS, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {"enterprise_customer_uuid": ["This field is required."]}


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_an_enterprise_of_others_is_unknown(api: Api, anonymous: Api, accept: str) -> None:
    for enterprise in (GLOBEX, uuid4()):
        answer = api.get(
            EVENTS, params={"enterprise_customer_uuid": str(enterprise)}, headers={"Accept": accept}
        )
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    named = {"enterprise_customer_uuid": str(ACME)}
    assert anonymous.get(EVENTS, params=named, headers={"Accept": accept}).status_code == 401


def test_a_cursor_older_than_what_is_kept_is_told_where_to_go_on(
    service: Service, plan: PlanShop
) -> None:
    plan.assign("ana@example.org")
    end = asked(plan, after="latest")["next"]
    with service.database.transaction() as session:
        session.execute(update(EventSequence).values(forgotten_to=position_of(end)))
    try:
        for headers in ({"Accept": "application/json"}, STREAM):
            answer = plan.shop.api.get(
                EVENTS,
                params={
                    "enterprise_customer_uuid": str(plan.shop.uuid),
                    "after": cursor_of(position_of(end) - 1),
                },
                headers=headers,
            )
            assert answer.status_code == 410
            assert answer.json()["oldest"] == end
            assert "`oldest`" in answer.json()["detail"]
        assert asked(plan)["next"] == end
    finally:
        with service.database.transaction() as session:
            session.execute(update(EventSequence).values(forgotten_to=0))


def test_an_answer_waits_for_the_first_event(plan: PlanShop) -> None:
    begin = latest(plan)
    answered: list[JsonObject] = []
    waiting = threading.Thread(
        target=lambda: answered.append(asked(plan, after=begin, type=ASSIGNED, wait=25))
    )
    waiting.start()
    plan.change(title="Not what is waited for")
    assert not answered
    plan.assign("ana@example.org")
    waiting.join(30)
    assert who(answered[0]["results"]) == ["ana@example.org"]


def test_from_now_on_means_from_when_it_was_asked(plan: PlanShop) -> None:
    """What happens between asking and listening is in the answer."""
    answered: list[JsonObject] = []
    waiting = threading.Thread(
        target=lambda: answered.append(asked(plan, after="latest", wait=25, type=ASSIGNED))
    )
    waiting.start()
    number = 0
    while waiting.is_alive():
        number += 1
        plan.assign(f"learner{number}@example.org") if number <= 10 else waiting.join(30)
    assert who(answered[0]["results"])


def test_without_an_event_the_answer_comes_when_the_time_is_over(plan: PlanShop) -> None:
    begin = latest(plan)
    assert asked(plan, after=begin, wait=1) == {"results": [], "next": begin, "has_more": False}


class Reader:
    """Of one stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self._lines = response.iter_lines()
        self.last_id = ""

    def event(self) -> JsonObject:
        """The next one; comments and cursors without an event are passed."""
        for line in self._lines:
            name, _, value = line.partition(": ")
            if name == "id":
                self.last_id = value
            if name == "data":
                event: JsonObject = json.loads(value)
                return event
        raise AssertionError("the stream has ended")

    def first_cursor(self) -> str:
        for line in self._lines:
            if line.startswith("id: "):
                return line.removeprefix("id: ")
        raise AssertionError("the stream has ended")


@contextmanager
def streaming(plan: PlanShop, *, last: str = "", **parameters: Any) -> Iterator[Reader]:
    api = plan.shop.api
    headers = {"Authorization": str(api.authorization), **STREAM}
    if last:
        headers["Last-Event-ID"] = last
    named = {"enterprise_customer_uuid": str(plan.shop.uuid), **parameters}
    with httpx.stream(
        "GET", plan.shop.service.url + EVENTS, params=named, headers=headers, trust_env=False
    ) as response:
        assert response.status_code == 200, response.read()
        yield Reader(response)


def test_a_stream_shows_what_was_and_what_happens(plan: PlanShop) -> None:
    begin = latest(plan)
    plan.assign("before@example.org")
    with streaming(plan, after=begin, type=ASSIGNED) as reader:
        assert reader.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert reader.headers["cache-control"] == "private, no-store"
        first = reader.event()
        assert who([first]) == ["before@example.org"]
        assert reader.last_id == first["cursor"]
        plan.change(title="Not of this type")
        plan.assign("then@example.org")
        second = reader.event()
        assert who([second]) == ["then@example.org"]
    assert asked(plan, after=begin, type=ASSIGNED)["results"] == [first, second]


def test_a_stream_that_was_cut_off_goes_on_where_it_was(plan: PlanShop) -> None:
    with streaming(plan, after="latest") as reader:
        begin = reader.first_cursor()
        plan.assign("one@example.org", "two@example.org")
        first = reader.event()
    plan.assign("three@example.org")
    # The address is the same: whoever connects again does not look into it.
    with streaming(plan, last=reader.last_id, after=begin) as reader:
        rest = [reader.event() for _ in range(2)]
    assert who([first, *rest]) == ["one@example.org", "two@example.org", "three@example.org"]
    with streaming(plan, last=begin, after="latest") as reader:
        assert reader.event() == first


def test_a_bad_last_event_id_is_refused(plan: PlanShop) -> None:
    answer = plan.shop.api.get(
        EVENTS,
        params={"enterprise_customer_uuid": str(plan.shop.uuid)},
        headers={**STREAM, "Last-Event-ID": "7"},
    )
    assert answer.status_code == 400
    assert list(answer.json()) == ["Last-Event-ID"]


def test_many_streams_are_told_of_one_event(plan: PlanShop) -> None:
    seen: list[str] = []
    ready = threading.Semaphore(0)

    def listen() -> None:
        with streaming(plan, after="latest", type="license.*") as reader:
            reader.first_cursor()
            ready.release()
            seen.extend(who([reader.event()]))

    threads = [threading.Thread(target=listen, daemon=True) for _ in range(20)]
    for each in threads:
        each.start()
    for _ in threads:
        assert ready.acquire(timeout=30)
    plan.assign("ana@example.org")
    wait_until(lambda: len(seen) == len(threads), "all are told")
    assert set(seen) == {"ana@example.org"}
