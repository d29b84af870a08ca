"""Learners without an account are enrolled by the LMS itself, once they have one."""

from bursar.enrollment.gateway import WILL_BE_ENROLLED, LmsOutcome
from testing.fakes.connected_lms import ADA, COURSE, connected, seat
from testing.fakes.lms import Trouble

NEW, NEWER = "new@example.com", "newer@example.com"
WAITS = LmsOutcome(WILL_BE_ENROLLED, needs_account=True)
GOOD = LmsOutcome()
OTHER = "course-v1:edX+Other+2026"


def test_who_registers_later_is_enrolled_then_and_moved_to_the_paid_mode() -> None:
    with connected() as campus:
        campus.lms.has_bulk_enrollment = True
        seats = [seat(None, email=NEW), seat(None, email=ADA), seat(None, email=NEWER)]
        assert campus.gateway.enroll(seats) == [WAITS, GOOD, WAITS]
        assert campus.lms.allowed == {(NEW, COURSE): True, (NEWER, COURSE): True}
        # One call for all addresses of a run.
        assert campus.lms.calls["bulk"] == 1
        campus.lms.register(NEW, "new")
        assert campus.lms.enrollments["new", COURSE]["mode"] == "audit"
        assert campus.gateway.enroll(seats) == [GOOD, GOOD, WAITS]
        assert campus.lms.enrollments["new", COURSE]["mode"] == "verified"


def test_what_is_taken_back_before_is_never_done() -> None:
    with connected() as campus:
        campus.lms.has_bulk_enrollment = True
        seats = [seat(None, email=NEW), seat(None, OTHER, NEW)]
        campus.gateway.enroll(seats)
        assert campus.gateway.end(seats[:1]) == [GOOD]
        campus.lms.register(NEW, "new")
        assert not campus.lms.is_enrolled("new", COURSE)
        assert campus.lms.is_enrolled("new", OTHER)


def test_without_bulk_enrollment_they_are_without_an_account() -> None:
    with connected() as campus:
        (outcome,) = campus.gateway.enroll([seat(None, email=NEW)])
        assert (outcome.needs_account, outcome.will_be_done) == (True, False)
        assert campus.gateway.end([seat(None, email=NEW)]) == [GOOD]


def test_one_run_that_the_lms_refuses_spoils_no_other() -> None:
    with connected() as campus:
        campus.lms.has_bulk_enrollment = True
        campus.lms.unknown_courses = {OTHER}
        refused, good = campus.gateway.enroll([seat(None, OTHER, NEW), seat(None, email=NEW)])
        assert (refused.will_be_done, good) == (False, WAITS)


def test_an_lms_that_does_not_answer_is_asked_again() -> None:
    with connected(attempts=1) as campus:
        campus.lms.has_bulk_enrollment = True
        campus.lms.script(Trouble(on="bulk", status=503))
        (outcome,) = campus.gateway.enroll([seat(None, email=NEW)])
        assert outcome.is_unavailable
        assert campus.gateway.enroll([seat(None, email=NEW)]) == [WAITS]
