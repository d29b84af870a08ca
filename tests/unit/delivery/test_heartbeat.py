import threading
from threading import Event

import pytest

from bursar.delivery.heartbeat import repeatedly


def test_the_work_is_repeated_until_the_block_ends() -> None:
    before, beats = set(threading.enumerate()), list[int]()
    thrice = Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 3:
            thrice.set()

    with repeatedly(0.001, beat):
        assert thrice.wait(10)
    assert set(threading.enumerate()) <= before


def test_a_failure_does_not_end_it() -> None:
    beats: list[int] = []
    twice = Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 2:
            twice.set()
        raise RuntimeError

    with repeatedly(0.001, beat):
        assert twice.wait(10)


def test_the_error_of_the_block_is_kept() -> None:
    with pytest.raises(KeyError), repeatedly(60, lambda: None):
        raise KeyError
