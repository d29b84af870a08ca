"""An Open edX LMS as the place where learners are enrolled.

Bursar's client must be staff in the LMS, because only staff may enroll others and look up
accounts. Usernames are requested with the addresses in the body, because URLs end up in logs.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Final, TypeVar
from urllib.parse import quote

from bursar import emails, tracing
from bursar.batches import batched
from bursar.connectors.openedx.answers import (
    WITHOUT_ACCOUNT,
    AccountAnswer,
    EnrollmentAnswer,
    outcome_of_ending,
    outcome_of_enrolling,
)
from bursar.connectors.openedx.client import Call, LmsAccess, LmsClient, Sleep
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome, LmsUnavailable
from bursar.settings import Settings

T = TypeVar("T")
R = TypeVar("R")

ADDRESSES_AT_ONCE: Final = 100
_ENROLLMENT: Final = "/api/enrollment/v1/enrollment"
_ACCOUNTS: Final = "/api/user/v1/accounts/search_emails"


@dataclass(frozen=True, slots=True)
class UserInRun:
    """A user and a course run. The LMS has one enrollment for them, even if Bursar has several."""

    username: str
    courserun_key: str
    mode: str


class OpenEdxGateway:
    """Keeps a token and connections, so a process makes one gateway, which all of its threads
    use."""

    def __init__(self, access: LmsAccess, sleep: Sleep = time.sleep) -> None:
        self._client = LmsClient(access, sleep)
        self._threads = max(1, access.connections - 1)
        """Those who act on many learners share these, so that a single one finds a connection."""
        self._shared = BoundedSemaphore(self._threads)

    @classmethod
    def of(cls, settings: Settings) -> "OpenEdxGateway":
        return cls(
            LmsAccess(
                settings.lms_url,
                settings.lms_client_id,
                settings.lms_client_secret,
                settings.lms_timeout,
                settings.lms_attempts,
                settings.lms_connections,
            )
        )

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        return self._each(enrollments, self._enroll, WITHOUT_ACCOUNT)

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        """Ends the enrollments. A learner without an account has no enrollment, which counts as
        ended."""
        return self._each(enrollments, self._end, LmsOutcome())

    def sign_in(self) -> None:
        """Proves that the LMS can be reached and knows Bursar's client. Raises LmsUnavailable."""
        self._client.sign_in()

    def close(self) -> None:
        self._client.close()

    def _each(
        self,
        enrollments: Sequence[LmsEnrollment],
        act: Callable[[UserInRun], LmsOutcome],
        without_account: LmsOutcome,
    ) -> list[LmsOutcome]:
        nameless = {each.email for each in enrollments if not each.username}
        usernames = self._usernames(nameless)
        places = [place_of(each, usernames) for each in enrollments]
        distinct = list(dict.fromkeys(place for place in places if place))
        one_by_one = act if len(distinct) == 1 else self._sharing(act)
        outcomes = dict(zip(distinct, in_threads(one_by_one, distinct, self._threads), strict=True))
        return [outcomes[place] if place else without_account for place in places]

    def _sharing(self, act: Callable[[UserInRun], LmsOutcome]) -> Callable[[UserInRun], LmsOutcome]:
        def act_in_turn(place: UserInRun) -> LmsOutcome:
            with self._shared:
                return act(place)

        return act_in_turn

    def _usernames(self, addresses: Iterable[str]) -> dict[str, str]:
        """The usernames by normalised address, for addresses that have an account."""
        found: dict[str, str] = {}
        for some in batched(sorted(addresses), ADDRESSES_AT_ONCE):
            answer = self._client.call(
                Call("accounts", "POST", _ACCOUNTS, list[AccountAnswer], {"emails": some})
            )
            if answer.content is None:
                # The problem is Bursar's client and not a learner, so no enrollment may fail
                # because of it.
                raise LmsUnavailable(f"the LMS client may look up no accounts: {answer.status}")
            found |= {emails.normalised(one.email): one.username for one in answer.content}
        return found

    def _enroll(self, place: UserInRun) -> LmsOutcome:
        details = {"mode": place.mode, "is_active": True}
        return outcome_of_enrolling(self._client.call(posting("enroll", place, details)))

    def _end(self, place: UserInRun) -> LmsOutcome:
        """Ends an enrollment if there is one. This is asked first, because an LMS that is told to
        end an unknown enrollment creates an inactive one."""
        known = self._client.call(reading(place))
        if not known.is_good:
            return LmsOutcome(known.refusal)
        if known.content is None or not known.content.is_active:
            return LmsOutcome()
        # No mode is named, because the LMS refuses to end an enrollment in another mode than the
        # named one.
        answer = self._client.call(posting("end", place, {"is_active": False}))
        return outcome_of_ending(answer)


def place_of(enrollment: LmsEnrollment, usernames: dict[str, str]) -> UserInRun | None:
    """The user and the run, or None when the LMS has no account for the address."""
    username = enrollment.username or usernames.get(emails.normalised(enrollment.email))
    return UserInRun(username, enrollment.courserun_key, enrollment.mode) if username else None


def posting(name: str, place: UserInRun, details: dict[str, object]) -> Call[EnrollmentAnswer]:
    course = {"course_id": place.courserun_key}
    body = {"user": place.username, "course_details": course, **details}
    return Call(name, "POST", _ENROLLMENT, EnrollmentAnswer, body)


def reading(place: UserInRun) -> Call[EnrollmentAnswer | None]:
    username, course = quote(place.username, safe=""), quote(place.courserun_key, safe=":+")
    kind: type[EnrollmentAnswer | None] = EnrollmentAnswer | None  # type: ignore[assignment]
    return Call("read", "GET", f"{_ENROLLMENT}/{username},{course}", kind)


def in_threads(act: Callable[[T], R], things: Sequence[T], threads: int) -> list[R]:
    """The results in order. When one call finds the LMS unavailable, the calls that have not begun
    are dropped, and LmsUnavailable is raised."""
    troubles: list[LmsUnavailable] = []

    def attempt(thing: T) -> list[R]:
        try:
            return [] if troubles else [act(thing)]
        except LmsUnavailable as trouble:
            troubles.append(trouble)
            return []

    with ThreadPoolExecutor(threads) as pool:
        results = [
            result for some in pool.map(tracing.carrying(attempt), things) for result in some
        ]
    if troubles:
        raise max(troubles, key=lambda trouble: trouble.retry_after or 0.0)
    return results
