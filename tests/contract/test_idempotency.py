from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from testing.clients.api import Api, detail_of, xml_of
from testing.clients.samples import GOOD_BODY
from testing.servers.contract_endpoints import REFUSALS, THINGS
from testing.shops.service import Service
from testing.worlds.contract import BOTH, EXAMPLES, SHELF

URL = f"{THINGS}/{EXAMPLES}"
REPLAYED = "idempotent-replayed"


@pytest.fixture
def name() -> str:
    return f"thing {uuid4()}"


@pytest.fixture
def key() -> str:
    return str(uuid4())


def send(
    api: Api, name: str, key: str, url: str = URL, accept: str = "application/json", **fields: Any
) -> httpx.Response:
    headers = {"Accept": accept, "Idempotency-Key": key}
    return api.post(url, json=GOOD_BODY | {"name": name} | fields, headers=headers)


def test_without_a_key_every_call_does_the_work(api: Api, service: Service, name: str) -> None:
    for _ in range(2):
        response = api.post(URL, json=GOOD_BODY | {"name": name})
        assert response.status_code == 201
        assert REPLAYED not in response.headers
    assert service.changes_of(name) == 2


def test_the_second_call_with_a_key_gets_the_answer_of_the_first(
    api: Api, service: Service, name: str, key: str
) -> None:
    first, *again = (send(api, name, key) for _ in range(3))
    assert (first.status_code, REPLAYED in first.headers) == (201, False)
    for replayed in again:
        assert replayed.headers[REPLAYED] == "true"
        assert (replayed.status_code, replayed.content) == (201, first.content)
        assert replayed.headers["location"] == first.headers["location"]
        assert replayed.headers["x-request-id"] != first.json()["request"]
    assert service.changes_of(name) == 1


def test_a_replay_is_written_in_the_format_that_it_is_asked_for(
    api: Api, service: Service, name: str, key: str
) -> None:
    first = send(api, name, key)
    replayed = send(api, name, key, accept="application/xml")
    assert replayed.headers[REPLAYED] == "true"
    root = xml_of(replayed)
    assert [child.tag for child in root] == list(first.json())
    assert root.findtext("request") == first.json()["request"]
    assert service.changes_of(name) == 1


def test_the_same_key_with_another_body_is_refused(
    api: Api, service: Service, name: str, key: str
) -> None:
    first = send(api, name, key)
    other = send(api, name, key, amount=2)
    assert other.status_code == 422
    assert detail_of(other)
    assert REPLAYED not in other.headers
    assert service.changes_of(name) == 1
    assert send(api, name, key).content == first.content


def test_a_refusal_is_not_stored(api: Api, service: Service, name: str, key: str) -> None:
    refused = [
        send(api, name, key, url=f"{REFUSALS}/{EXAMPLES}"),
        send(api, name, key, url=f"{REFUSALS}/{EXAMPLES}"),
        send(api, name, key, amount=-1),
        send(api, name, key, accept="text/html"),
    ]
    assert [response.status_code for response in refused] == [422, 422, 400, 406]
    assert all(REPLAYED not in response.headers for response in refused)
    good = send(api, name, key)
    assert (good.status_code, REPLAYED in good.headers) == (201, False)
    assert service.changes_of(name) == 1


def test_a_key_is_known_to_its_client_path_and_query_only(
    api: Api, service: Service, name: str, key: str
) -> None:
    calls = [
        send(api, name, key),
        send(service.acting_as(BOTH), name, key),
        send(api, name, key, url=f"{THINGS}/{SHELF}"),
        send(api, name, key, url=f"{URL}?a=1"),
        send(api, name, key.upper()),
    ]
    assert all(call.status_code == 201 and REPLAYED not in call.headers for call in calls)
    assert service.changes_of(name) == len(calls)


def test_a_trailing_slash_is_the_same_path(api: Api, service: Service, name: str, key: str) -> None:
    send(api, name, key)
    assert send(api, name, key, url=URL + "/").headers[REPLAYED] == "true"
    assert service.changes_of(name) == 1


@pytest.mark.parametrize("length", [1, 255])
def test_a_key_has_1_to_255_characters(api: Api, service: Service, name: str, length: int) -> None:
    key = (uuid4().hex * 8)[:length]
    first = send(api, name, key, url=f"{URL}?{name}")
    assert first.status_code == 201
    assert send(api, name, key, url=f"{URL}?{name}").headers[REPLAYED] == "true"


@pytest.mark.parametrize("key", ["", "k" * 256, "k" * 4000])
def test_any_other_key_is_refused(api: Api, service: Service, name: str, key: str) -> None:
    response = send(api, name, key)
    assert response.status_code == 400
    assert list(response.json()) == ["Idempotency-Key"]
    assert service.changes_of(name) == 0


def test_a_put_knows_no_keys(api: Api, service: Service, name: str, key: str) -> None:
    for _ in range(2):
        response = api.request(
            "PUT", URL, json=GOOD_BODY | {"name": name}, headers={"Idempotency-Key": key}
        )
        assert (response.status_code, REPLAYED in response.headers) == (201, False)
    assert service.changes_of(name) == 2


def test_of_calls_at_the_same_time_one_does_the_work_and_the_others_wait_for_it(
    api: Api, service: Service, name: str, key: str
) -> None:
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(send, api, name, key, pause_milliseconds=400) for _ in range(4)]
        answers = [call.result() for call in calls]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(REPLAYED in answer.headers for answer in answers) == [False, True, True, True]
    assert service.changes_of(name) == 1


def test_a_replay_still_needs_the_right_to_ask(
    api: Api, reporting: Api, name: str, key: str
) -> None:
    send(api, name, key)
    assert send(reporting, name, key).status_code == 403
    assert send(api.acting_as("JWT x"), name, key).status_code == 401
