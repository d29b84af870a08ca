"""Our reading of course run keys against the library that Open edX itself reads them with."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from bursar.catalog.content.course_keys import RunKey, parse_run_key

VERSION = "519665f6223ebd6980884f2b"
PIECES = st.lists(
    st.sampled_from(
        [
            *("course-v1:", "slashes:", "edX", "Demo~X", "x.y-1", "é", "_", "branch@draft"),
            *("version@", VERSION, "type@html", "block@a%b", "+", "/", ":", "%", "@", " ", "\n"),
        ]
    ),
    max_size=12,
).map("".join)
IDS = st.text(st.sampled_from("aZ0é_-~.:%+/@ "), max_size=5)
KEYS = st.one_of(
    PIECES,
    st.text(max_size=20),
    st.builds("course-v1:{}+{}+{}".format, IDS, IDS, IDS),
    st.builds("{}/{}/{}".format, IDS, IDS, IDS),
)


def as_open_edx_reads(text: str) -> RunKey | None:
    """None also for a version without a run, which names no run of a course."""
    try:
        key = CourseKey.from_string(text)
    except InvalidKeyError:
        return None
    if key.org is None or key.course is None or key.run is None:
        return None
    return RunKey(key.org, key.course)


@given(KEYS)
@example(f"course-v1:edX+DemoX+2026+branch@draft+version@{VERSION}")
@example(f"course-v1:version@{VERSION}")
@example(f"course-v1:edX+DemoX+version@{VERSION}")
@example("course-v1:edX+DemoX+2026+")
@example("course-v1:edX+DemoX+2026\n")
@example("edX/DemoX/")
def test_a_key_is_read_as_open_edx_reads_it(text: str) -> None:
    assert parse_run_key(text) == as_open_edx_reads(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("course-v1:edX+DemoX+2026", RunKey("edX", "DemoX")),
        ("slashes:edX+DemoX+2026", RunKey("edX", "DemoX")),
        ("edX/DemoX/2026", RunKey("edX", "DemoX")),
        ("edX/DemoX/", RunKey("edX", "DemoX")),
        ("course-v1:edX+DemoX", None),
        ("edX+DemoX", None),
        ("library-v1:edX+Questions", None),
        ("", None),
    ],
)
def test_what_is_no_run_of_a_course_is_no_key(text: str, expected: RunKey | None) -> None:
    assert parse_run_key(text) == expected
