"""What every gateway promises its callers."""

from collections.abc import Iterator

import pytest

from bursar.enrollment.gateway import EmbeddedGateway, LmsGateway, LmsOutcome
from testing.fakes.connected_lms import COURSE, connected, seat

GOOD = LmsOutcome()
OTHER = "course-v1:edX+Other+2026"


@pytest.fixture(params=["embedded", "openedx"])
def gateway(request: pytest.FixtureRequest) -> Iterator[LmsGateway]:
    if request.param == "embedded":
        yield EmbeddedGateway()
        return
    with connected() as world:
        yield world.gateway


def test_a_learner_is_enrolled_by_username_or_by_address(gateway: LmsGateway) -> None:
    assert gateway.enroll([seat("ada"), seat(None, OTHER)]) == [GOOD, GOOD]


def test_enrolling_again_is_good(gateway: LmsGateway) -> None:
    assert [gateway.enroll([seat()]) for _ in range(3)] == [[GOOD]] * 3


def test_ending_again_is_good(gateway: LmsGateway) -> None:
    gateway.enroll([seat()])
    assert [gateway.end([seat()]) for _ in range(3)] == [[GOOD]] * 3


def test_ending_what_never_was_is_good(gateway: LmsGateway) -> None:
    assert gateway.end([seat(), seat(None, email="nobody@example.com")]) == [GOOD, GOOD]


def test_a_learner_can_come_back(gateway: LmsGateway) -> None:
    gateway.enroll([seat()])
    gateway.end([seat()])
    assert gateway.enroll([seat()]) == [GOOD]


def test_there_is_one_outcome_for_each_seat(gateway: LmsGateway) -> None:
    seats = [seat(course=course) for course in (COURSE, OTHER, COURSE)] * 20
    assert gateway.enroll(seats) == [GOOD] * 60
    assert gateway.end(seats) == [GOOD] * 60


def test_no_seats_have_no_outcomes(gateway: LmsGateway) -> None:
    assert gateway.enroll([]) == []
    assert gateway.end([]) == []
