"""Whether the time or the work of an answer tells a foreign object from an unknown one."""

from time import perf_counter

import msgspec
import pytest

from testing.clients.inside import Answered, Inside
from testing.clients.samples import OF_AN_OBJECT, UNKNOWN, Sample
from testing.databases.statements import statements_of
from testing.shops.service import Service
from testing.worlds.contract import ADMIN

PAIRS = 15
ROUNDS = 8
of_an_object = pytest.mark.parametrize("sample", OF_AN_OBJECT.values(), ids=list(OF_AN_OBJECT))


class Asked:
    """One sample, asked for without a server between."""

    def __init__(self, inside: Inside, token: str, sample: Sample) -> None:
        self.inside = inside
        self.sample = sample
        self.body = b"" if sample.body is None else msgspec.json.encode(sample.body)
        self.headers = [(b"authorization", f"JWT {token}".encode())]
        if sample.body is not None:
            self.headers.append((b"content-type", b"application/json"))

    def at(self, url: str) -> Answered:
        return self.inside.ask(self.sample.method, url.encode(), self.headers, self.body)

    def seconds_at(self, url: str) -> float:
        started = perf_counter()
        self.at(url)
        return perf_counter() - started


@pytest.fixture(scope="module")
def token(service: Service) -> str:
    return service.token(ADMIN)


@of_an_object
def test_both_cost_the_same_statements(
    service: Service, inside: Inside, token: str, sample: Sample
) -> None:
    asked = Asked(inside, token, sample)
    seen = []
    for url in (sample.url_of(UNKNOWN), sample.foreign_url, sample.url_of(UNKNOWN)):
        with statements_of(service.database) as executed:
            assert asked.at(url).status == 404
        seen.append(executed)
    _warmed_up, foreign, unknown = seen
    assert foreign == unknown != []


def differs(asked: Asked) -> bool:
    """By a third of what an answer takes: a join that finds one row more costs far less.

    The quickest of each is compared, because a busy machine makes an answer slower and never
    quicker; and each comes first as often as the other.
    """
    urls = (asked.sample.foreign_url, asked.sample.url_of(UNKNOWN))
    taken: dict[str, list[float]] = {url: [] for url in urls}
    for number in range(PAIRS):
        for url in urls if number % 2 else urls[::-1]:
            taken[url].append(asked.seconds_at(url))
    foreign, unknown = map(min, taken.values())
    return abs(foreign - unknown) > 0.3 * min(foreign, unknown)


@of_an_object
def test_no_usable_difference_in_time(inside: Inside, token: str, sample: Sample) -> None:
    """A real difference shows in every round; a busy machine's does not."""
    asked = Asked(inside, token, sample)
    asked.at(sample.foreign_url)
    assert not all(differs(asked) for _ in range(ROUNDS))
