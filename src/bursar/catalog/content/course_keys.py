"""The keys of course runs as Open edX writes them: `course-v1:edX+DemoX+2026`, or, long ago,
`edX/DemoX/2026`.

edx-opaque-keys parses these and a dozen other kinds of keys, but it installs a MongoDB driver for
it. We read two parts of one kind. A test compares both on any text.
"""

import re
from typing import Final, NamedTuple

_ID: Final = r"[\w\-~.:]+"
_RUN_KEY: Final = re.compile(
    rf"(?:course-v1|slashes):({_ID})\+({_ID})\+{_ID}"
    # What only the authoring tools of Open edX write behind a key: it names no other run.
    rf"(?:\+branch@{_ID})?(?:\+version@[0-9a-f]{{24}})?"
    rf"(?:\+type@{_ID})?(?:\+block@[\w\-~.:%]+)?"
)
_OLD_RUN_KEY: Final = re.compile(r"([\w.%-]+)/([\w.%-]+)/[\w.%-]*")


class RunKey(NamedTuple):
    organization: str
    course: str
    """The number of the course, such as `DemoX`."""


def course_key_of_run(run_key: str) -> str | None:
    parsed = parse_run_key(run_key)
    return f"{parsed.organization}+{parsed.course}" if parsed else None


def parse_run_key(text: str) -> RunKey | None:
    """None for what is no key of a course run."""
    match = _RUN_KEY.fullmatch(text) or _OLD_RUN_KEY.fullmatch(text)
    return RunKey(match[1], match[2]) if match else None
