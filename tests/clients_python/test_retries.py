from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bursar_client import (
    NEVER,
    BadRequest,
    Bursar,
    ConnectionFailed,
    RateLimited,
    Retries,
    Unavailable,
)
from tests.clients_python.scripted import URL, Clock, FastPace, Script, answer

AWAY = answer({"detail": "The database is unavailable."}, 503, {"retry-after": "7"})
PLANS: dict[str, object] = {"count": 0, "next": None, "previous": None, "results": []}
ASSIGNED = {"num_successful_assignments": 1, "num_already_associated": 0}


def _keys(script: Script) -> list[str | None]:
    return [request.headers.get("idempotency-key") for request in script.requests]


def test_retry_after_is_waited_for() -> None:
    script = Script([AWAY, answer(PLANS)])
    assert list(script.bursar().subscriptions.find()) == []
    assert len(script.clock.slept) == 1
    assert 7.0 <= script.clock.slept[0] < 8.0


def test_retry_after_may_be_an_instant() -> None:
    at = datetime.now(UTC) + timedelta(seconds=60)
    limited = answer(
        {"detail": "Slowly."}, 429, {"retry-after": at.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    )
    script = Script([limited, answer(PLANS)])
    list(script.bursar().subscriptions.find())
    assert 50.0 < script.clock.slept[0] <= 60.0


def test_who_is_told_to_wait_too_long_is_told_so_at_once() -> None:
    limited = answer({"detail": "Tomorrow."}, 429, {"retry-after": "86400"})
    script = Script([limited])
    with pytest.raises(RateLimited) as raised:
        list(script.bursar().subscriptions.find())
    assert raised.value.retry_after == 86400.0
    assert script.clock.slept == []


def test_a_change_is_repeated_with_the_same_key() -> None:
    cut = httpx.ReadTimeout("nothing came")
    script = Script([cut, AWAY, answer(None, 502), answer(ASSIGNED)])
    assert script.bursar().licenses.assign("plan", ["a@b.example"]).num_successful_assignments == 1
    first, *others = _keys(script)
    assert first
    assert others == [first] * 3


def test_two_changes_have_two_keys_or_the_one_that_was_given() -> None:
    script = Script([answer(ASSIGNED)])
    licenses = script.bursar().licenses
    licenses.assign("plan", ["a@b.example"])
    licenses.assign("plan", ["a@b.example"])
    licenses.assign("plan", ["a@b.example"], idempotency_key="mine")
    one, other, mine = _keys(script)
    assert one != other
    assert mine == "mine"


def test_what_has_no_key_is_not_repeated_when_it_may_be_done() -> None:
    """PATCH takes no Idempotency-Key."""
    script = Script([httpx.ReadTimeout("nothing came")])
    with pytest.raises(ConnectionFailed, match="nothing came"):
        script.bursar().webhook_endpoints.change("endpoint", enabled=False)
    assert len(script.requests) == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), AWAY])
def test_what_has_no_key_is_repeated_when_nothing_was_done(
    failure: httpx.Response | Exception,
) -> None:
    endpoint = {"uuid": "endpoint", "url": "https://a.example"}
    script = Script([failure, answer(endpoint)])
    script.bursar().webhook_endpoints.change("endpoint", enabled=False)
    assert len(script.requests) == 2


def test_what_was_perhaps_deleted_and_is_gone_was_deleted() -> None:
    gone = answer({"detail": "Not found."}, 404)
    script = Script([httpx.ReadTimeout("nothing came"), gone])
    script.bursar().webhook_endpoints.delete("endpoint")
    assert len(script.requests) == 2


def test_a_server_that_stays_away_is_given_up() -> None:
    script = Script([answer({"detail": "Away."}, 503)])
    with pytest.raises(Unavailable):
        list(script.bursar(Retries(attempts=4)).subscriptions.find())
    assert len(script.requests) == 4
    waits = script.clock.slept
    assert len(waits) == 3
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0 <= waits[2] <= 2.0


def test_nothing_is_repeated_for_who_does_not_want_it() -> None:
    script = Script([AWAY])
    with pytest.raises(Unavailable):
        list(script.bursar(NEVER).subscriptions.find())
    assert len(script.requests) == 1


def test_a_refusal_is_not_repeated() -> None:
    script = Script([answer({"user_emails": ["This field is required."]}, 400)])
    with pytest.raises(BadRequest):
        script.bursar().licenses.assign("plan", [])
    assert len(script.requests) == 1
    assert script.clock.slept == Clock().slept


def test_a_server_without_keys_gets_a_change_once() -> None:
    script = Script([httpx.ReadTimeout("nothing came")])
    bursar = Bursar(
        URL,
        token="t",
        has_idempotency_keys=False,
        transport=httpx.MockTransport(script),
        pace=FastPace(script.clock),
    )
    with pytest.raises(ConnectionFailed):
        bursar.licenses.assign("plan", ["a@b.example"])
    assert _keys(script) == [None]
