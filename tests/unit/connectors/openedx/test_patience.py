from hypothesis import given
from hypothesis import strategies as st

from bursar.connectors.openedx.answers import PassingTrouble
from bursar.connectors.openedx.patience import ASKED_SECONDS, FAULT_SECONDS, Patience, backoff

CHANCES = st.floats(0, 1, exclude_max=True)
TROUBLES = st.builds(
    PassingTrouble,
    st.just("x"),
    st.none() | st.floats(0, 100),
    is_throttle=st.booleans(),
)
FAULT = PassingTrouble("x")


def throttled(seconds: float) -> PassingTrouble:
    return PassingTrouble("x", seconds, is_throttle=True)


@given(st.integers(1, 10_000), CHANCES)
def test_a_pause_grows_and_stays_short(failures: int, chance: float) -> None:
    assert 0.25 <= backoff(failures, chance) <= 8
    assert backoff(failures, chance) <= backoff(failures + 1, 0) * 2


@given(st.integers(1, 20), st.lists(st.tuples(TROUBLES, CHANCES), min_size=90, max_size=90))
def test_it_ends_whatever_comes(
    attempts: int, troubles: list[tuple[PassingTrouble, float]]
) -> None:
    patience, elapsed = Patience(attempts), 0.0
    for trouble, chance in troubles:
        pause = patience.pause_after(trouble, elapsed, chance)
        if pause is None:
            break
        elapsed += pause
    else:
        raise AssertionError("still patient after 90 troubles")
    # A throttled pause is stretched by up to half a second each, at most once a second.
    assert elapsed <= FAULT_SECONDS + ASKED_SECONDS * 1.5


def test_attempts_are_counted_over_all_faults() -> None:
    patience = Patience(3)
    pauses = [patience.pause_after(FAULT, 0, 0) for _ in range(3)]
    assert pauses == [0.25, 0.5, None]


def test_slow_faults_use_up_the_time_before_the_attempts() -> None:
    assert Patience(20).pause_after(FAULT, FAULT_SECONDS, 0) is None


def test_time_waited_at_the_request_of_the_lms_does_not_count_as_faults() -> None:
    patience = Patience(4)
    assert patience.pause_after(throttled(50), 0, 0) == 50
    assert patience.pause_after(FAULT, 50, 0) == 0.25


def test_a_throttle_of_no_seconds_still_means_a_pause() -> None:
    assert Patience(4).pause_after(throttled(0), 0, 0) == 1


def test_a_longer_wait_than_a_minute_is_not_waited() -> None:
    assert Patience(4).pause_after(throttled(61), 0, 0) is None
