"""Places of requests that wait for what is scarce."""

from contextlib import ExitStack

import pytest

from bursar.web.errors import Refusal
from bursar.web.places import Places


def test_one_caller_takes_at_most_half_of_the_places() -> None:
    places = Places(4)
    with ExitStack() as taken:
        for _ in range(2):
            taken.enter_context(places.place("one"))
        with pytest.raises(Refusal) as refused, places.place("one"):
            pass
        assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
        taken.enter_context(places.place("another"))


def test_when_all_places_are_taken_everybody_is_told_when_to_come_again() -> None:
    places = Places(2)
    with places.place("one"), places.place("another"):
        with pytest.raises(Refusal) as refused, places.place("third"):
            pass
        assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "1"})


def test_a_place_is_given_back_whatever_happened() -> None:
    places = Places(2)
    for _ in range(3):
        with pytest.raises(KeyError), places.place("one"):
            raise KeyError
    with places.place("one"):
        pass


def test_nothing_is_kept_of_callers_that_are_gone() -> None:
    places = Places(2)
    for number in range(100):
        with places.place(f"caller {number}"):
            pass
    assert not places._taken
