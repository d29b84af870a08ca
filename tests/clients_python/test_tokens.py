import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bursar_client import Bursar, Unauthorized
from bursar_client.tokens import Credentials
from tests.clients_python.scripted import TOKEN_PATH, URL, Script, answer

ME = {"client_id": "acme", "enterprises": []}
EXPIRED = answer({"detail": "Signature has expired."}, 401)


def _page(number: int, last: int) -> httpx.Response:
    following = None if number == last else f"{URL}/enterprise/v1/subscriptions?page={number + 1}"
    plan = {"uuid": f"p{number}", "title": "Plan", "enterprise_customer_uuid": "e1"}
    return answer({"count": last, "next": following, "previous": None, "results": [plan]})


def test_one_token_serves_until_it_is_about_to_end() -> None:
    script = Script([answer(ME)])
    bursar = script.bursar()
    for _ in range(3):
        bursar.me()
    assert script.tokens == 1
    script.clock.seconds += 3541.0
    bursar.me()
    assert script.authorizations == ["JWT token-1"] * 3 + ["JWT token-2"]


def test_a_token_is_renewed_in_the_middle_of_a_crawl() -> None:
    """Before its time, such as when the server was given new keys."""
    script = Script([_page(1, 3), EXPIRED, _page(2, 3), _page(3, 3)])
    assert [plan.uuid for plan in script.bursar().subscriptions.find()] == ["p1", "p2", "p3"]
    one, two = "JWT token-1", "JWT token-2"
    assert script.authorizations == [one, one, two, two]


def test_a_crawl_that_takes_longer_than_tokens_live() -> None:
    script = Script([_page(number, 5) for number in range(1, 6)], token_lifetime=60.0)
    for _ in script.bursar().subscriptions.find():
        script.clock.seconds += 59.0
    assert len(script.requests) == script.tokens == 5


def test_a_client_that_is_not_accepted_is_not_asked_for_ever() -> None:
    script = Script([EXPIRED])
    with pytest.raises(Unauthorized, match="Signature has expired"):
        script.bursar().me()
    assert len(script.requests) == 2


def test_wrong_credentials_are_told_in_the_words_of_the_server() -> None:
    refusal = answer({"error": "invalid_client", "error_description": "Unknown client."}, 401)

    def refuse(request: httpx.Request) -> httpx.Response:
        assert request.url.path == TOKEN_PATH
        return refusal

    transport = httpx.MockTransport(refuse)
    with (
        Bursar(URL, client_id="a", client_secret="b", transport=transport) as bursar,
        pytest.raises(Unauthorized, match="Unknown client"),
    ):
        bursar.me()


def test_a_given_token_is_used_as_it_is() -> None:
    script = Script([answer(ME), EXPIRED])
    with Bursar(URL, token="mine", transport=httpx.MockTransport(script)) as bursar:
        bursar.me()
        with pytest.raises(Unauthorized):
            bursar.me()
    assert script.authorizations == ["JWT mine"] * 2
    assert script.tokens == 0


@pytest.mark.parametrize(
    "given", [{}, {"client_id": "a"}, {"token": "t", "client_id": "a", "client_secret": "b"}]
)
def test_either_credentials_or_a_token(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="client_id"):
        Bursar(URL, token=given.get("token"), client_id=given.get("client_id"))


def test_a_secret_is_not_printed() -> None:
    assert "only here" not in repr(Credentials("acme", "only here"))


def test_threads_that_come_at_once_ask_for_one_token() -> None:
    script = Script([answer(ME)])
    bursar = script.bursar()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: bursar.me(), range(16)))
    assert script.tokens == 1


def test_tasks_that_come_at_once_ask_for_one_token() -> None:
    script = Script([answer(ME)])

    async def ask() -> None:
        async with script.async_bursar() as bursar:
            await asyncio.gather(*(bursar.me() for _ in range(16)))

    asyncio.run(ask())
    assert script.tokens == 1
    assert len(script.requests) == 16
