"""An Open edX LMS as the place where learners are enrolled.

Bursar's client must be staff in the LMS, because only staff may enroll others and look up
accounts. Usernames are requested with the addresses in the body, because URLs end up in logs.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import BoundedSemaphore
from typing import Final, TypeVar
from urllib.parse import quote

from bursar import emails
from bursar.batches import batched
from bursar.connectors.openedx.answers import (
    WITHOUT_ACCOUNT,
    AccountAnswer,
    BulkAnswer,
    ClientRefused,
    EnrollmentAnswer,
    outcome_of_ending,
    outcome_of_enrolling,
    outcomes_of_addresses,
)
from bursar.connectors.openedx.client import Call, LmsAccess, LmsClient, Sleep
from bursar.connectors.openedx.together import in_threads, is_stumble
from bursar.enrollment.gateway import LmsEnrollment, LmsOutcome, LmsUnavailable
from bursar.settings import Settings

T = TypeVar("T")
R = TypeVar("R")

ADDRESSES_AT_ONCE: Final = 100
_ENROLLMENT: Final = "/api/enrollment/v1/enrollment"
_BULK: Final = "/api/bulk_enroll/v1/bulk_enroll"
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
        return cls(LmsAccess.of(settings))

    def enroll(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        return self._each(enrollments, self._enroll, self._enroll_later)

    def end(self, enrollments: Sequence[LmsEnrollment]) -> list[LmsOutcome]:
        """Ends the enrollments. A learner without an account has none, but may be going to."""
        return self._each(enrollments, self._end, self._never_enroll)

    def accounts_among(self, emails: Collection[str]) -> set[str]:
        found = self._accounts(emails)
        if found.unanswered:
            outcome = next(iter(found.unanswered.values()))
            raise LmsUnavailable(outcome.error or "", outcome.retry_after, may_be_done=False)
        return set(found.usernames)

    def sign_in(self) -> float | None:
        """Proves that the LMS can be reached and knows Bursar's client. Returns by how many seconds
        its clock is ahead, if it tells the time. Raises LmsUnavailable."""
        self._client.sign_in()
        return self._client.clock_skew()

    def close(self) -> None:
        self._client.close()

    def _each(
        self,
        enrollments: Sequence[LmsEnrollment],
        act: Callable[[UserInRun], LmsOutcome],
        act_without_account: Callable[["AddressesInRun"], dict[str, LmsOutcome]],
    ) -> list[LmsOutcome]:
        accounts = self._accounts({each.email for each in enrollments if not each.username})
        places = [place_of(each, accounts.usernames) for each in enrollments]
        distinct = list(dict.fromkeys(place for place in places if place))
        outcomes = self._together(act, distinct)
        unknown = [
            each
            for each, place in zip(enrollments, places, strict=True)
            if place is None and accounts.has_none(each)
        ]
        others = self._without_account(unknown, act_without_account)
        return [
            outcome_of(outcomes[place])
            if place
            else others.get(address_in_run(each)) or accounts.outcome_of(each, WITHOUT_ACCOUNT)
            for each, place in zip(enrollments, places, strict=True)
        ]

    def _without_account(
        self,
        enrollments: Sequence[LmsEnrollment],
        act: Callable[["AddressesInRun"], dict[str, LmsOutcome]],
    ) -> dict[tuple[str, str], LmsOutcome]:
        """By address and run. The LMS takes many addresses of a run at once."""
        calls = [
            AddressesInRun(run, tuple(some))
            for run, addresses in addresses_by_run(enrollments).items()
            for some in batched(addresses, ADDRESSES_AT_ONCE)
        ]
        found: dict[tuple[str, str], LmsOutcome] = {}
        for call, answered in self._together(act, calls).items():
            for address in call.addresses:
                outcome = (
                    LmsOutcome.unavailable(answered)
                    if isinstance(answered, LmsUnavailable)
                    else answered[address]
                )
                found[address, call.courserun_key] = outcome
        return found

    def _enroll_later(self, those: "AddressesInRun") -> dict[str, LmsOutcome]:
        """Has the LMS enroll them in its free mode as soon as they have accounts. Where its bulk
        enrollment is switched off, they are without an account, and nothing more."""
        answer = self._client.call(bulk("enroll", those))
        if answer.content is None:
            return dict.fromkeys(those.addresses, WITHOUT_ACCOUNT)
        return outcomes_of_addresses(answer.content, those.courserun_key, those.addresses)

    def _never_enroll(self, those: "AddressesInRun") -> dict[str, LmsOutcome]:
        """Has the LMS forget that it was to enroll them."""
        self._client.call(bulk("unenroll", those))
        return dict.fromkeys(those.addresses, LmsOutcome())

    def _together(self, act: Callable[[T], R], things: Sequence[T]) -> dict[T, R | LmsUnavailable]:
        """A single call takes any connection. Several leave one to others."""

        def act_in_turn(thing: T) -> R:
            with self._shared:
                return act(thing)

        return in_threads(act if len(things) == 1 else act_in_turn, things, self._threads)

    def _accounts(self, addresses: Iterable[str]) -> "Accounts":
        """The accounts of addresses. Those of a batch that the LMS stumbles over are asked for one
        by one, so that one address keeps no other from being found."""
        batches = [tuple(some) for some in batched(sorted(addresses), ADDRESSES_AT_ONCE)]
        found = self._together(self._usernames, batches)
        stumbled = [some for some, answer in found.items() if len(some) > 1 and is_stumble(answer)]
        for some in stumbled:
            del found[some]
        alone = [(one,) for some in stumbled for one in some]
        return accounts_of(found | self._together(partial(self._usernames, attempts=1), alone))

    def _usernames(
        self, addresses: Sequence[str], attempts: int | None = None
    ) -> Mapping[str, str]:
        """The usernames by normalised address, for addresses that have an account."""
        answer = self._client.call(
            Call("accounts", "POST", _ACCOUNTS, list[AccountAnswer], {"emails": list(addresses)}),
            attempts=attempts,
        )
        if answer.content is None:
            # The problem is Bursar's client and not a learner, so no enrollment may fail because
            # of it.
            raise ClientRefused(f"the LMS client may look up no accounts: {answer.status}")
        return {emails.normalised(one.email): one.username for one in answer.content}

    def _enroll(self, place: UserInRun) -> LmsOutcome:
        details = {"mode": place.mode, "is_active": True}
        try:
            return outcome_of_enrolling(self._client.call(posting("enroll", place, details)))
        except LmsUnavailable as trouble:
            # The LMS may have enrolled the learner, although its answer did not arrive.
            if is_stumble(trouble) and self._is_enrolled(place):
                return LmsOutcome()
            raise

    def _is_enrolled(self, place: UserInRun) -> bool:
        """Whether the LMS says now that the learner has the seat. It is asked once."""
        try:
            known = self._client.call(reading(place), attempts=1).content
        except LmsUnavailable:
            return False
        return known is not None and known.is_active and known.mode == place.mode

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


@dataclass(frozen=True, slots=True)
class AddressesInRun:
    """Addresses that have no account, and a course run."""

    courserun_key: str
    addresses: tuple[str, ...]


def address_in_run(enrollment: LmsEnrollment) -> tuple[str, str]:
    return emails.normalised(enrollment.email), enrollment.courserun_key


def addresses_by_run(enrollments: Iterable[LmsEnrollment]) -> dict[str, list[str]]:
    runs: dict[str, dict[str, None]] = {}
    for each in enrollments:
        address, run = address_in_run(each)
        # The LMS takes a list that is separated by commas.
        if "," not in address and "," not in run:
            runs.setdefault(run, {})[address] = None
    return {run: sorted(addresses) for run, addresses in runs.items()}


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the LMS says about addresses, by their normalised form."""

    usernames: dict[str, str]
    unanswered: dict[str, LmsOutcome]
    """For the addresses about which it did not answer."""

    def has_none(self, enrollment: LmsEnrollment) -> bool:
        """Whether the LMS has said that there is no account."""
        return emails.normalised(enrollment.email) not in self.unanswered

    def outcome_of(self, enrollment: LmsEnrollment, without_account: LmsOutcome) -> LmsOutcome:
        """For an address that has no username."""
        return self.unanswered.get(emails.normalised(enrollment.email), without_account)


def accounts_of(found: Mapping[tuple[str, ...], Mapping[str, str] | LmsUnavailable]) -> Accounts:
    """The accounts, by the answers to each batch of addresses."""
    usernames: dict[str, str] = {}
    unanswered: dict[str, LmsOutcome] = {}
    for some, answer in found.items():
        if isinstance(answer, LmsUnavailable):
            # Only who they are was asked, so that nobody was enrolled.
            outcome = replace(LmsOutcome.unavailable(answer), may_be_done=False)
            unanswered |= {emails.normalised(one): outcome for one in some}
        else:
            usernames |= answer
    return Accounts(usernames, unanswered)


def outcome_of(result: LmsOutcome | LmsUnavailable) -> LmsOutcome:
    return LmsOutcome.unavailable(result) if isinstance(result, LmsUnavailable) else result


def place_of(enrollment: LmsEnrollment, usernames: dict[str, str]) -> UserInRun | None:
    """The user and the run, or None when the LMS has no account for the address."""
    username = enrollment.username or usernames.get(emails.normalised(enrollment.email))
    return UserInRun(username, enrollment.courserun_key, enrollment.mode) if username else None


def bulk(action: str, those: AddressesInRun) -> Call[BulkAnswer]:
    """Nobody is told by the LMS: Bursar sends its own mails."""
    body = {
        "action": action,
        "auto_enroll": True,
        "email_students": False,
        "courses": those.courserun_key,
        "identifiers": ",".join(those.addresses),
    }
    return Call(f"bulk {action}", "POST", _BULK, BulkAnswer, body)


def posting(name: str, place: UserInRun, details: dict[str, object]) -> Call[EnrollmentAnswer]:
    course = {"course_id": place.courserun_key}
    body = {"user": place.username, "course_details": course, **details}
    return Call(name, "POST", _ENROLLMENT, EnrollmentAnswer, body)


def reading(place: UserInRun) -> Call[EnrollmentAnswer | None]:
    username, course = quote(place.username, safe=""), quote(place.courserun_key, safe=":+")
    kind: type[EnrollmentAnswer | None] = EnrollmentAnswer | None  # type: ignore[assignment]
    return Call("read", "GET", f"{_ENROLLMENT}/{username},{course}", kind)
