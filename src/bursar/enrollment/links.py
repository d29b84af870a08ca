"""Where learners find the courses that they are enrolled in."""

from urllib.parse import quote


def course_link(lms_public_url: str, course_run_key: str) -> str:
    return f"{lms_public_url.rstrip('/')}/courses/{quote(course_run_key, safe=':+')}/course/"
