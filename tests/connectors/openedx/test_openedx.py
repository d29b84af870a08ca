"""Against an LMS that speaks real HTTP and misbehaves to order."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
import structlog
from pydantic import SecretStr

from bursar.connectors.openedx import client as openedx_client
from bursar.connectors.openedx.adapter import OpenEdxGateway
from bursar.connectors.openedx.client import LmsAccess
from bursar.connectors.openedx.together import AWAY_AFTER
from bursar.enrollment.gateway import LmsOutcome, LmsUnavailable, require_answers
from testing.fakes.connected_lms import ADA, COURSE, Connected, connected, seat
from testing.fakes.lms import CLIENT_SECRET, Trouble
from testing.servers.processes import free_port
from testing.together import at_once

GOOD = LmsOutcome()
FAULTS = [
    Trouble(status=500),
    Trouble(status=503, retry_after="1"),
    Trouble(status=429),
    Trouble(drops=True, body='{"is_active"'),
    Trouble(body="<html>gateway</html>"),
    Trouble(body=""),
    Trouble(body='{"is_active": "perhaps"}'),
    Trouble(status=500, done_first=True),
    Trouble(drops=True, done_first=True),
]

TAKEN = [trouble for trouble in FAULTS if trouble.done_first]


@pytest.fixture
def world() -> Iterator[Connected]:
    with connected() as made:
        yield made


def assert_unavailable(outcomes: list[LmsOutcome], reason: str = "") -> None:
    assert all(outcome.is_unavailable for outcome in outcomes)
    assert all(reason in (outcome.error or "") for outcome in outcomes)


def enrolled_once(world: Connected) -> bool:
    return dict(world.lms.effects) == {("ada", COURSE, "enrolled"): 1}


class TestEnrolling:
    def test_a_learner_gets_an_active_seat_in_the_mode_asked_for(self, world: Connected) -> None:
        assert world.gateway.enroll([seat()]) == [GOOD]
        assert world.lms.enrollments["ada", COURSE]["mode"] == "verified"
        assert enrolled_once(world)

    def test_outcomes_are_in_the_order_of_the_seats(self, world: Connected) -> None:
        world.lms.unknown_courses = {f"course-v1:X+{number}+Y" for number in range(0, 40, 3)}
        seats = [seat(course=f"course-v1:X+{number}+Y") for number in range(40)]
        outcomes = world.gateway.enroll(seats)
        assert [one.is_good for one in outcomes] == [number % 3 != 0 for number in range(40)]

    def test_many_leave_a_connection_to_a_single_one(self) -> None:
        with connected(connections=3) as world:
            world.lms.script(Trouble(seconds=0.05), times=12)
            world.gateway.enroll([seat(course=f"course-v1:X+{number}+Y") for number in range(12)])
            assert world.lms.most_at_once == 2

    def test_two_who_enroll_many_leave_a_connection_to_a_single_one_too(self) -> None:
        with connected(connections=3) as world:
            world.lms.script(Trouble(seconds=0.05), times=24)

            def enroll_many(first: int) -> list[LmsOutcome]:
                courses = [f"course-v1:X+{first + number}+Y" for number in range(12)]
                return world.gateway.enroll([seat(course=course) for course in courses])

            at_once([lambda: enroll_many(0), lambda: enroll_many(100)])
            assert world.lms.most_at_once == 2

    def test_no_more_calls_run_at_once_than_there_are_connections(self) -> None:
        with connected(connections=3) as world:
            world.lms.script(Trouble(seconds=0.05), times=12)
            single = [
                partial(world.gateway.enroll, [seat(course=f"course-v1:X+{number}+Y")])
                for number in range(12)
            ]
            at_once(single)
            assert world.lms.most_at_once == 3

    def test_the_time_of_a_call_begins_when_it_has_a_connection(self) -> None:
        with connected(connections=1, timeout=0.6, attempts=1) as world:
            world.gateway.sign_in()
            world.lms.script(Trouble(seconds=0.3), times=4)
            single = [
                partial(world.gateway.enroll, [seat(course=f"course-v1:X+{number}+Y")])
                for number in range(4)
            ]
            assert at_once(single) == [[GOOD]] * 4

    def test_the_same_seat_named_twice_is_one_call(self, world: Connected) -> None:
        assert world.gateway.enroll([seat(), seat(None), seat()]) == [GOOD] * 3
        assert world.lms.calls["enroll"] == 1

    def test_being_enrolled_already_is_good(self, world: Connected) -> None:
        world.lms.script(Trouble(status=409, body='{"message": "exists"}'))
        assert world.gateway.enroll([seat()]) == [GOOD]

    def test_an_enrollment_left_inactive_is_not_good(self, world: Connected) -> None:
        world.lms.script(Trouble(body='{"is_active": false}'))
        assert not world.gateway.enroll([seat()])[0].is_good

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 422])
    def test_a_refusal_is_final_and_names_no_address(self, world: Connected, status: int) -> None:
        words = f'{{"message": "{ADA} may not (or Ada%40Example.com)"}}'
        world.lms.script(Trouble(status=status, body=words))
        [outcome] = world.gateway.enroll([seat()])
        assert outcome.error
        assert "example.com" not in outcome.error.lower()
        assert world.lms.calls["enroll"] == 1

    def test_the_reason_of_the_lms_is_passed_on(self, world: Connected) -> None:
        world.lms.unknown_courses = {COURSE}
        [outcome] = world.gateway.enroll([seat()])
        assert outcome.error is not None
        assert outcome.error.endswith(f"No course '{COURSE}' found for enrollment")


class TestAccounts:
    def test_a_username_is_found_by_address_in_any_case(self, world: Connected) -> None:
        world.lms.accounts = {"Ada@Example.com": "ada"}
        assert world.gateway.enroll([seat(None, email="Ada@Example.com")]) == [GOOD]
        assert enrolled_once(world)

    def test_a_batch_asks_once_for_a_hundred_addresses(self, world: Connected) -> None:
        people = [f"p{number}@example.com" for number in range(150)]
        world.lms.accounts = {address: address.partition("@")[0] for address in people}
        seats = [seat(None, email=address) for address in people for _ in range(2)]
        assert world.gateway.enroll(seats) == [GOOD] * 300
        assert world.lms.calls["accounts"] == 2
        assert world.lms.calls["enroll"] == 150

    def test_who_has_none_is_refused_and_the_others_are_enrolled(self, world: Connected) -> None:
        outcomes = world.gateway.enroll([seat(None, email="nobody@example.com"), seat(None)])
        assert outcomes == [LmsOutcome("the learner has no LMS account", needs_account=True), GOOD]

    def test_nobody_is_asked_for_when_usernames_are_known(self, world: Connected) -> None:
        world.gateway.enroll([seat()])
        assert world.lms.calls["accounts"] == 0

    def test_no_address_stands_in_a_path(self, world: Connected) -> None:
        world.gateway.enroll([seat(None)])
        world.gateway.end([seat(None)])
        assert not any("example" in path for path in world.lms.paths)

    def test_a_client_that_may_not_look_is_no_fault_of_the_learner(self, world: Connected) -> None:
        world.lms.is_staff = False
        assert_unavailable(world.gateway.enroll([seat(None)]), "look up no accounts")


class TestEnding:
    def test_an_enrollment_becomes_inactive_whatever_its_mode(self, world: Connected) -> None:
        world.gateway.enroll([replace(seat(), mode="audit")])
        assert world.gateway.end([seat()]) == [GOOD]
        assert not world.lms.is_enrolled("ada", COURSE)
        assert world.lms.enrollments["ada", COURSE]["mode"] == "audit"

    def test_what_the_lms_does_not_know_is_not_made_in_order_to_end_it(
        self, world: Connected
    ) -> None:
        assert world.gateway.end([seat(), seat(None, email="nobody@example.com")]) == [GOOD, GOOD]
        assert world.lms.enrollments == {}

    def test_it_is_done_once_when_the_answer_is_lost(self, world: Connected) -> None:
        world.gateway.enroll([seat()])
        world.lms.script(Trouble(drops=True, done_first=True))
        assert world.gateway.end([seat()]) == [GOOD]
        assert world.lms.effects["ada", COURSE, "ended"] == 1

    def test_an_enrollment_left_active_is_not_good(self, world: Connected) -> None:
        world.gateway.enroll([seat()])
        world.lms.script(Trouble(body='{"is_active": true}'))
        assert not world.gateway.end([seat()])[0].is_good

    def test_odd_names_stay_one_part_of_the_path(self, world: Connected) -> None:
        odd, course = "a/b?c d%2F", "edX/Old/Run"
        world.lms.accounts["odd@example.com"] = odd
        world.gateway.enroll([seat(odd, course)])
        assert world.gateway.end([seat(odd, course)]) == [GOOD]
        assert world.lms.effects[odd, course, "ended"] == 1


class TestTrouble:
    @pytest.mark.parametrize("trouble", FAULTS, ids=str)
    def test_what_may_pass_is_tried_again_and_done_once(
        self, world: Connected, trouble: Trouble
    ) -> None:
        world.lms.script(trouble, times=3)
        assert world.gateway.enroll([seat()]) == [GOOD]
        assert enrolled_once(world)
        assert len(world.pauses) == 3

    @pytest.mark.parametrize("trouble", [one for one in FAULTS if not one.done_first], ids=str)
    def test_after_the_last_try_the_lms_is_unavailable(
        self, world: Connected, trouble: Trouble
    ) -> None:
        world.lms.script(trouble, times=4)
        assert_unavailable(world.gateway.enroll([seat()]))
        assert world.lms.calls["enroll"] == 4

    def test_trouble_with_tokens_and_accounts_passes_as_well(self, world: Connected) -> None:
        world.lms.script(
            Trouble("token", status=502),
            Trouble("accounts", body="{"),
            Trouble("accounts", drops=True),
        )
        assert world.gateway.enroll([seat(None)]) == [GOOD]
        assert world.lms.calls == {"token": 2, "accounts": 3, "enroll": 1}

    def test_the_lms_says_how_long_to_wait(self, world: Connected) -> None:
        world.lms.script(Trouble(status=429, retry_after="20"), times=2)
        assert world.gateway.enroll([seat()]) == [GOOD]
        assert [int(pause) for pause in world.pauses] == [20, 20]

    def test_being_told_to_slow_down_often_is_no_failure(self, world: Connected) -> None:
        world.lms.script(Trouble(status=429, retry_after="1"), times=30)
        assert world.gateway.enroll([seat()]) == [GOOD]

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_long_wait_is_left_to_the_caller(self, world: Connected, status: int) -> None:
        world.lms.script(Trouble(status=status, retry_after="90"))
        outcomes = world.gateway.enroll([seat()])
        assert_unavailable(outcomes)
        assert outcomes[0].retry_after == 90
        with pytest.raises(LmsUnavailable) as raised:
            require_answers([GOOD, *outcomes])
        assert raised.value.retry_after == 90
        assert world.pauses == []

    def test_a_slow_lms_is_waited_for_as_long_as_set(self) -> None:
        with connected(timeout=0.2, attempts=2) as world:
            world.lms.script(Trouble(seconds=30), times=2)
            started = time.monotonic()
            assert_unavailable(world.gateway.enroll([seat()]), "in time")
            assert time.monotonic() - started < 5

    def test_an_endless_answer_is_not_read_to_its_end(self, world: Connected) -> None:
        world.lms.script(Trouble(body=" " * 3_000_000), times=4)
        assert_unavailable(world.gateway.enroll([seat()]), "too long")

    def test_redirects_are_not_followed(self, world: Connected) -> None:
        world.lms.script(Trouble(status=302))
        assert_unavailable(world.gateway.enroll([seat()]), "302")
        assert world.lms.calls["enroll"] == 1

    def test_an_lms_that_is_away_is_unavailable(self) -> None:
        url = f"http://127.0.0.1:{free_port()}"
        pauses: list[float] = []
        gateway = OpenEdxGateway(LmsAccess(url, "x", SecretStr("y")), sleep=pauses.append)
        outcomes = gateway.enroll([seat()])
        assert_unavailable(outcomes, "connection")
        assert not outcomes[0].may_be_done
        gateway.close()
        assert len(pauses) == 3

    def test_seats_not_begun_are_left_when_the_lms_goes_away(self) -> None:
        with connected(connections=2, attempts=1) as world:
            world.lms.script(Trouble(status=500), times=100)
            seats = [seat(course=f"course-v1:X+{n}+Y") for n in range(100)]
            outcomes = world.gateway.enroll(seats)
            assert all(outcome.is_unavailable for outcome in outcomes)
            assert world.lms.calls["enroll"] == AWAY_AFTER
            assert sum(outcome.may_be_done for outcome in outcomes) == AWAY_AFTER

    def test_one_account_that_the_lms_stumbles_over_decides_nothing_about_its_neighbours(
        self, world: Connected
    ) -> None:
        world.lms.broken_users = {"bo"}
        seats = [seat(course=f"course-v1:X+{number}+Y") for number in range(40)]
        seats[::13] = [seat("bo", course=f"course-v1:X+{number}+Y") for number in range(0, 40, 13)]
        for act in (world.gateway.enroll, world.gateway.enroll):
            outcomes = act(seats)
            assert [one.is_unavailable for one in outcomes] == [n % 13 == 0 for n in range(40)]
            assert [one.is_good for one in outcomes] == [n % 13 != 0 for n in range(40)]
        assert set(world.lms.effects.values()) == {1}
        assert len(world.lms.effects) == 36

    def test_an_address_that_the_lms_stumbles_over_keeps_no_other_from_being_found(
        self, world: Connected
    ) -> None:
        world.lms.broken_users = {"bo@example.com"}
        seats = [seat(None), seat(None, email="bo@example.com"), seat(None, email="no@example.com")]
        ada, bo, nobody = world.gateway.enroll(seats)
        assert (ada, bo.is_unavailable, nobody.needs_account) == (GOOD, True, True)

    @pytest.mark.parametrize("trouble", TAKEN, ids=str)
    def test_a_seat_that_the_lms_took_is_good_although_its_answers_were_lost(
        self, world: Connected, trouble: Trouble
    ) -> None:
        world.lms.script(trouble, times=4)
        assert world.gateway.enroll([seat()]) == [GOOD]
        assert world.lms.calls == {"token": 1, "enroll": 4, "read": 1}

    @pytest.mark.parametrize(
        ("trouble", "may_be_done"),
        [
            (Trouble(status=500), True),
            (Trouble(status=503, retry_after="90"), True),
            (Trouble(drops=True), True),
            (Trouble(body="<html>gateway</html>"), True),
            (Trouble(status=429), False),
            (Trouble("token", status=500), False),
            (Trouble("accounts", status=500), False),
            (Trouble(status=302), False),
        ],
        ids=str,
    )
    def test_it_says_whether_the_lms_may_have_enrolled(
        self, world: Connected, trouble: Trouble, may_be_done: bool
    ) -> None:
        world.lms.script(trouble, times=10)
        [outcome] = world.gateway.enroll([seat(None)])
        assert (outcome.is_unavailable, outcome.may_be_done) == (True, may_be_done)

    def test_an_earlier_attempt_may_have_enrolled_whatever_the_last_one_was(
        self, world: Connected
    ) -> None:
        world.lms.script(Trouble(status=500), Trouble(status=302))
        [outcome] = world.gateway.enroll([seat()])
        assert (outcome.is_unavailable, outcome.may_be_done) == (True, True)

    def test_a_seat_in_another_mode_is_not_the_one_that_was_asked_for(
        self, world: Connected
    ) -> None:
        world.gateway.enroll([replace(seat(), mode="audit")])
        world.lms.script(Trouble(status=500), times=4)
        [outcome] = world.gateway.enroll([seat()])
        assert outcome.is_unavailable

    def test_a_batch_repeated_after_trouble_does_nothing_twice(self) -> None:
        with connected(attempts=1) as world:
            seats = [seat(course=f"course-v1:X+{number}+Y") for number in range(30)]
            rounds = 0
            while True:
                rounds += 1
                if rounds == 1:
                    world.lms.script(
                        Trouble(status=500, done_first=True), Trouble("read", status=500)
                    )
                outcomes = world.gateway.enroll(seats)
                if all(one.is_good for one in outcomes):
                    break
            assert outcomes == [GOOD] * 30
            assert rounds == 2
            assert set(world.lms.effects.values()) == {1}
            assert len(world.lms.effects) == 30


class TestTokens:
    def test_one_is_asked_for_as_the_lms_wants_it_and_used_by_all(self, world: Connected) -> None:
        world.gateway.enroll([seat(course=f"course-v1:X+{number}+Y") for number in range(20)])
        [form] = world.lms.token_forms
        assert form["grant_type"] == "client_credentials"
        assert form["token_type"] == "jwt"

    def test_an_expired_one_is_renewed_before_it_is_refused(self, world: Connected) -> None:
        world.lms.token_seconds = 0
        world.gateway.enroll([seat()])
        world.gateway.enroll([seat()])
        assert world.lms.calls == {"token": 2, "enroll": 2}

    def test_a_revoked_one_is_renewed_once(self, world: Connected) -> None:
        world.gateway.enroll([seat()])
        world.lms.script(Trouble(revokes=True))
        assert world.gateway.enroll([seat()]) == [GOOD]
        assert world.lms.calls == {"token": 2, "enroll": 3}
        assert world.pauses == []

    def test_one_that_is_never_accepted_makes_the_lms_unavailable(self, world: Connected) -> None:
        world.lms.script(Trouble(status=401), times=2)
        assert_unavailable(world.gateway.enroll([seat()]), "401")
        assert world.lms.calls == {"token": 2, "enroll": 2}

    def test_wrong_credentials_are_not_tried_again(self) -> None:
        with connected(secret="wrong") as world:
            assert_unavailable(world.gateway.enroll([seat()]), "no access token: status 401")
            assert world.lms.calls == {"token": 1}

    @pytest.mark.parametrize("token", ["", "a\\r\\nX-Forged: 1", "é", "a b"])
    def test_one_that_fits_no_header_is_not_used(self, world: Connected, token: str) -> None:
        world.lms.script(Trouble("token", body=f'{{"access_token": "{token}"}}'), times=5)
        assert_unavailable(world.gateway.enroll([seat()]), "cannot be read")
        assert world.lms.calls == {"token": 5}


class TestLogs:
    def test_they_hold_no_secret_token_or_address(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines = structlog.testing.LogCapture()
        logger = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lines])
        monkeypatch.setattr(openedx_client, "_log", logger)
        with connected() as world:
            everything_at_debug(caplog)
            world.lms.script(*FAULTS[:3], Trouble("accounts", status=500))
            world.gateway.enroll([seat(None), seat(None, email="nobody@example.com")])
            world.lms.script(Trouble(revokes=True))
            world.gateway.end([seat(None)])
            world.lms.script(Trouble(drops=True), times=9)
            outcomes = world.gateway.enroll([seat(None)])
            assert_unavailable(outcomes)
        assert "lms trouble" in str(lines.entries)
        assert "HTTP Request" in caplog.text
        for text in (caplog.text, str(lines.entries), repr(outcomes)):
            assert CLIENT_SECRET not in text
            assert "hunter3" not in text
            assert "example.com" not in text

    def test_the_http_client_is_silent_at_debug(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        with connected() as world:
            world.gateway.end([seat()])
        assert caplog.text == ""

    def test_no_text_of_an_object_shows_the_secret(self) -> None:
        access = LmsAccess("http://lms.example", "x", SecretStr(CLIENT_SECRET))
        assert CLIENT_SECRET not in f"{access!r} {access}"


def everything_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
