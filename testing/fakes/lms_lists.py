"""The lists of the fake LMS, in the shapes of the real one.

Sources, in https://github.com/openedx/edx-platform: the enrollments of a run are
`CourseEnrollmentsApiListView` (openedx/core/djangoapps/enrollments/views.py; serializers.py names
the fields, paginators.py the 100 of a page); its grades are `CourseGradesView`
(lms/djangoapps/grades/rest_api/v1/views.py; utils.py has 50 on a page unless `page_size` says
otherwise, leaves out who is not enrolled now, and tells the address only in the mode `masters`).
Both are paged by the cursors of Django REST framework: `next` and `previous` are whole URLs.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

ENROLLMENTS = "/api/enrollment/v1/enrollments"
GRADES = "/api/grades/v1/courses/"
ENROLLMENTS_ON_A_PAGE = 100
GRADES_ON_A_PAGE = 50
HOST = "http://lms.internal:8000"
"""As which the LMS knows itself: not the address at which Bursar reaches it."""

Enrollments = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass
class Grade:
    percent: float
    passed: bool = False
    letter: str | None = None


def enrollments_page(path: str, enrollments: Enrollments) -> dict[str, Any]:
    query = _query(path)
    course = query.get("course_id", "")
    found = [
        {
            "created": one.get("created", "2026-01-05T09:30:00Z"),
            "mode": one["mode"],
            "is_active": one["is_active"],
            "user": username,
            "course_id": of_course,
        }
        for (username, of_course), one in enrollments.items()
        if of_course == course
    ]
    return _page(path, query, found, ENROLLMENTS_ON_A_PAGE)


def grades_page(
    path: str,
    enrollments: Enrollments,
    grades: Mapping[tuple[str, str], Grade],
    emails: Mapping[str, str],
) -> dict[str, Any]:
    """`emails` are by username."""
    query = _query(path)
    course = course_of(path)
    active = [
        (username, one)
        for (username, of_course), one in enrollments.items()
        if of_course == course and one["is_active"]
    ]
    page = _page(path, query, active, int(query.get("page_size", GRADES_ON_A_PAGE)))
    results = [
        _graded(course, username, one["mode"], grades, emails) for username, one in page["results"]
    ]
    return page | {"results": results}


def course_of(path: str) -> str:
    return unquote(urlsplit(path).path.removeprefix(GRADES).rstrip("/"))


def _graded(
    course: str,
    username: str,
    mode: str,
    grades: Mapping[tuple[str, str], Grade],
    emails: Mapping[str, str],
) -> dict[str, Any]:
    grade = grades.get((username, course), Grade(0.0))
    return {
        "username": username,
        "email": emails.get(username, "") if mode == "masters" else "",
        "course_id": course,
        "passed": grade.passed,
        "percent": grade.percent,
        "letter_grade": grade.letter,
    }


def _query(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def _page(path: str, query: dict[str, str], found: Sequence[Any], size: int) -> dict[str, Any]:
    begin = int(base64.b64decode(query.get("cursor", "")).decode().removeprefix("p=") or 0)
    following = None
    if begin + size < len(found):
        cursor = base64.b64encode(f"p={begin + size}".encode()).decode()
        following = f"{HOST}{urlsplit(path).path}?{urlencode({**query, 'cursor': cursor})}"
    return {"next": following, "previous": None, "results": found[begin : begin + size]}
