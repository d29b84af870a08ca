"""What the plugin openedx-webhooks posts, byte for byte as its release 21.0.1 writes it.

It was made by its `send` (utils.py) from the classes of openedx-events 10.5.0.
"""

import json
from datetime import datetime
from typing import Any

RUN = "course-v1:edX+Open+1"


def event(kind: str, data_class: str, data: dict[str, Any], at: datetime) -> bytes:
    payload = {
        f"openedx_events.learning.data.{data_class}": data,
        "event_metadata": {
            "event_type": f"org.openedx.learning.{kind}.v1",
            "id": "c8bee32c-a1a5-11ed-baf0-0242ac140007",
            "minorversion": 0,
            "source": "openedx/lms/web",
            "sourcehost": "8616aa50f067",
            "time": str(at),
            "sourcelib": [10, 5, 0],
        },
    }
    return json.dumps(payload).encode()


def user(number: int, username: str, email: str) -> dict[str, Any]:
    return {
        "id": number,
        "is_active": True,
        "pii": {"username": username, "email": email, "name": ""},
    }


def course(run: str = RUN) -> dict[str, Any]:
    return {
        "course_key": run,
        "display_name": "Demonstration Course",
        "start": "2026-01-01 00:00:00+00:00",
        "end": None,
    }


def enrollment(
    who: dict[str, Any],
    at: datetime,
    *,
    what: str = "course.enrollment.created",
    mode: str = "audit",
    is_active: bool = True,
    run: str = RUN,
) -> bytes:
    data = {
        "user": who,
        "course": course(run),
        "mode": mode,
        "is_active": is_active,
        "creation_date": "2026-03-09 20:28:10.976084+00:00",
        "created_by": None,
    }
    return event(what, "CourseEnrollmentData", data, at)


def grade(number: int, percent: float, at: datetime, passed: datetime | None = None) -> bytes:
    data = {
        "user_id": number,
        "course": course(),
        "course_edited_timestamp": "2026-01-01 00:00:00+00:00",
        "course_version": "65",
        "grading_policy_hash": "Zx+abc=",
        "percent_grade": percent,
        "letter_grade": "B" if percent > 0.6 else "",
        "passed_timestamp": None if passed is None else str(passed),
    }
    kind = "course.persistent_grade_summary.changed"
    return event(kind, "PersistentCourseGradeData", data, at)


def passing(who: dict[str, Any], at: datetime, *, is_passing: bool = True) -> bytes:
    data = {"is_passing": is_passing, "course": course(), "user": who}
    return event("course.passing.status.updated", "CoursePassingStatusData", data, at)


def certificate(who: dict[str, Any], at: datetime, status: str = "downloadable") -> bytes:
    data = {
        "user": who,
        "course": course(),
        "mode": "verified",
        "grade": "0.83",
        "download_url": "",
        "name": "Ana",
        "current_status": status,
        "previous_status": "",
    }
    return event("certificate.created", "CertificateData", data, at)


def registration(who: dict[str, Any], at: datetime) -> bytes:
    return event("student.registration.completed", "UserData", who, at)
