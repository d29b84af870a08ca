"""The bulk enrollment of the fake LMS, in the shapes of the real one.

Sources, in https://github.com/openedx/edx-platform: `BulkEnrollView` and `BulkEnrollmentSerializer`
of lms/djangoapps/bulk_enroll (views.py, serializers.py), which call `students_update_enrollment`
of lms/djangoapps/instructor/views/api.py for each course; the states before and after are
`EmailEnrollmentState.to_dict` of lms/djangoapps/instructor/enrollment.py. Who has no account gets a
`CourseEnrollmentAllowed`, which `CourseEnrollment` is made of at the registration.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testing.fakes.lms import FakeLms

BULK = "/api/bulk_enroll/v1/bulk_enroll"


def bulk_enroll(lms: "FakeLms", content: dict[str, Any]) -> tuple[int, Any]:
    """Status and content of the answer."""
    if content.get("action") not in {"enroll", "unenroll"}:
        return 400, {"action": ["This field is required."]}
    courses = content["courses"].split(",")
    if unknown := [course for course in courses if course in lms.unknown_courses]:
        return 400, {"courses": [f"Course key not valid: {unknown[0]}"]}
    emails = content["identifiers"].replace("\n", ",").split(",")
    return (
        200,
        {
            "auto_enroll": bool(content.get("auto_enroll")),
            "email_students": bool(content.get("email_students")),
            "action": content["action"],
            "courses": {
                course: {
                    "action": content["action"],
                    "auto_enroll": bool(content.get("auto_enroll")),
                    "results": [_result(lms, content, course, each.strip()) for each in emails],
                }
                for course in courses
            },
        },
    )


def _result(lms: "FakeLms", content: dict[str, Any], course: str, email: str) -> dict[str, Any]:
    if "@" not in email:
        return {"identifier": email, "invalidIdentifier": True}
    before = _state(lms, course, email)
    username = lms.accounts.get(email)
    if content["action"] == "unenroll":
        lms.allowed.pop((email, course), None)
        if username and (username, course) in lms.enrollments:
            lms.enrollments[username, course]["is_active"] = False
    elif username:
        lms.enroll_free(username, course)
    else:
        lms.allowed[email, course] = bool(content.get("auto_enroll"))
    return {"identifier": email, "before": before, "after": _state(lms, course, email)}


def _state(lms: "FakeLms", course: str, email: str) -> dict[str, Any]:
    username = lms.accounts.get(email, "")
    return {
        "user": bool(username),
        "enrollment": lms.is_enrolled(username, course),
        "allowed": (email, course) in lms.allowed,
        "auto_enroll": lms.allowed.get((email, course), False),
    }
