"""The lists of an Open edX LMS from which progress is pulled.

The shapes of the answers are those of edx-platform: `CourseGradesView` in
lms/djangoapps/grades/rest_api/v1/views.py, `CourseEnrollmentsApiListView` in
openedx/core/djangoapps/enrollments/views.py, both paged by the cursors of Django REST framework,
and `search_emails` of openedx/core/djangoapps/user_api/accounts/views.py.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec

from bursar import clock, emails
from bursar.connectors.openedx.answers import ClientRefused
from bursar.connectors.openedx.client import Call, LmsAccess, LmsClient, Sleep
from bursar.connectors.openedx.pace import Pace
from bursar.enrollment.progress.lms_facts import EnrollmentFact, GradeFact, LmsFact, ResultFact
from bursar.enrollment.progress.lms_reading import FactPage, RunRefused
from bursar.learners.appearing import LmsAccount
from bursar.settings import Settings

T = TypeVar("T")

GRADES_AT_ONCE: Final = 250
"""The LMS reads each grade by itself, and must answer within the time that a call may take. The
list of enrollments has pages of 100, whatever is asked for."""
_LONGEST_CURSOR: Final = 1_000
_REFUSALS: Final = {
    400: "the LMS does not know the course run",
    403: "the LMS does not let Bursar's client read this list",
    404: "the LMS does not know the course run",
}
_ACCOUNTS: Final = "/api/user/v1/accounts/search_emails"


class ListAnswer(msgspec.Struct, Generic[T]):
    results: list[T]
    next: str | None = None


class ListedEnrollment(msgspec.Struct):
    user: str
    is_active: bool
    mode: str
    created: datetime | None = None


class ListedGrade(msgspec.Struct):
    username: str
    passed: bool
    percent: float
    letter_grade: str | None = None
    email: str = ""
    """Empty but for learners in the mode `masters`."""


class ListedAccount(msgspec.Struct):
    email: str
    username: str
    id: int


class OpenEdxLists:
    """Reads the lists, at most so many a minute."""

    def __init__(self, access: LmsAccess, per_minute: int, sleep: Sleep = time.sleep) -> None:
        self._client = LmsClient(access, sleep)
        self._pace = Pace(per_minute, sleep)

    @classmethod
    def of(cls, settings: Settings) -> "OpenEdxLists":
        return cls(LmsAccess.of(settings), settings.progress_per_minute)

    def close(self) -> None:
        self._client.close()

    def enrollments(self, courserun_key: str, cursor: str | None) -> FactPage:
        query = {"course_id": courserun_key}
        kind = ListAnswer[ListedEnrollment]
        at, answer = self._list(
            "enrollments", "/api/enrollment/v1/enrollments", kind, query, cursor
        )
        facts = [_enrolled(courserun_key, each, at) for each in answer.results]
        return FactPage(facts, cursor_of(answer.next))

    def grades(self, courserun_key: str, cursor: str | None) -> FactPage:
        path = f"/api/grades/v1/courses/{quote(courserun_key, safe=':+')}/"
        query = {"page_size": str(GRADES_AT_ONCE)}
        at, answer = self._list("grades", path, ListAnswer[ListedGrade], query, cursor)
        return FactPage(
            [_graded(courserun_key, each, at) for each in answer.results], cursor_of(answer.next)
        )

    def accounts(self, addresses: Sequence[str]) -> list[LmsAccount]:
        body = {"emails": list(addresses)}
        self._pace.wait()
        call = Call("accounts", "POST", _ACCOUNTS, list[ListedAccount], body)
        found = self._client.call(call).content
        if found is None:
            raise ClientRefused("the LMS client may look up no accounts")
        return [LmsAccount(emails.normalised(one.email), one.id, one.username) for one in found]

    def _list(
        self, name: str, path: str, kind: type[T], query: dict[str, str], cursor: str | None
    ) -> tuple[datetime, T]:
        """What the list says, and the time before it was asked: what happens meanwhile is newer."""
        self._pace.wait()
        at = clock.now()
        asked = query if cursor is None else {**query, "cursor": cursor}
        answer = self._client.call(Call(name, "GET", f"{path}?{urlencode(asked)}", kind))
        if answer.content is None:
            raise RunRefused(_REFUSALS.get(answer.status, f"status {answer.status}"))
        return at, answer.content


def cursor_of(following: str | None) -> str | None:
    """Only the cursor of the URL is used: the LMS may know itself under another name.

    Raises RunRefused for a URL without one, because the rest of the list would be left out.
    """
    if following is None:
        return None
    found = parse_qs(urlsplit(following).query).get("cursor", [])
    if not found or len(found[0]) > _LONGEST_CURSOR:
        raise RunRefused("the LMS names a next page without a cursor")
    return found[0]


def _enrolled(courserun_key: str, listed: ListedEnrollment, at: datetime) -> LmsFact:
    day = None if listed.created is None else listed.created.date()
    return LmsFact(
        courserun_key,
        at,
        username=listed.user,
        enrollment=EnrollmentFact(listed.is_active, listed.mode, day),
    )


def _graded(courserun_key: str, listed: ListedGrade, at: datetime) -> LmsFact:
    return LmsFact(
        courserun_key,
        at,
        email=emails.normalised(listed.email) if listed.email else None,
        username=listed.username,
        grade=GradeFact(listed.percent, listed.letter_grade),
        result=ResultFact(listed.passed, at),
    )
