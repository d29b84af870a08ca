"""The limit of requests is one for each client and process: see `docs/explanation/scaling.md`."""

import pytest

from bursar.web.errors import Throttled
from bursar.web.throttle import ClientThrottle


def taken(throttle: ClientThrottle, client: str) -> int:
    """How many of ten requests are let through."""
    number = 0
    for _ in range(10):
        try:
            throttle.check(client)
        except Throttled:
            continue
        number += 1
    return number


def test_each_client_has_a_limit_of_its_own_in_each_process() -> None:
    here, there = ClientThrottle("3/minute"), ClientThrottle("3/minute")
    assert [taken(here, "one"), taken(here, "two")] == [3, 3]
    assert [taken(here, "one"), taken(there, "one")] == [0, 3]


def test_who_is_over_the_limit_is_told_how_long_to_wait() -> None:
    throttle = ClientThrottle("1/minute")
    throttle.check("one")
    with pytest.raises(Throttled) as refused:
        throttle.check("one")
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60


def test_without_a_limit_nobody_is_refused() -> None:
    assert taken(ClientThrottle(""), "one") == 10
