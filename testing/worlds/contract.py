"""What the servers of the contract tests hold: two enterprises, their clients and catalogs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from testing.paths import REFERENCE

Document = dict[str, Any]

_NAMES = UUID("0d5a7d1c-6f0b-4c39-8c4e-52a53c0e8b52")


def identifier(name: str) -> UUID:
    return uuid5(_NAMES, name)


def reference(name: str) -> Document:
    """One of the three example documents of the API reference."""
    document: Document = json.loads((REFERENCE / f"{name}.json").read_text())
    return document


ACME = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
GLOBEX = UUID("40709edf-3748-4fcf-aa18-99abd765b692")
ADMIN, REPORTING, LEAVER, BOTH = "acme-admin", "acme-reporting", "acme-leaver", "both"
GLOBEX_ADMIN, GLOBEX_REPORTING = "globex-admin", "globex-reporting"
SECRET = "s3cret: with + odd & letters é"

EXAMPLES = identifier("examples")
EVERYTHING = identifier("everything")
SHELF = identifier("shelf")
NOTHING = identifier("nothing")
UNFILTERED = identifier("unfiltered")
WINDOWS = identifier("windows")
HOSTILE = identifier("hostile")
GLOBEX_EXAMPLES = identifier("globex examples")

COURSE, RUN, PROGRAM = reference("course"), reference("course_run"), reference("program")
COURSE_KEY: str = COURSE["key"]
NESTED_RUN_KEY: str = COURSE["course_runs"][0]["key"]
RUN_KEY: str = RUN["key"]
PROGRAM_UUID: str = PROGRAM["uuid"]

SHELF_SIZE = 45
SHELF_KEYS = sorted(f"ShelfX+C{number}" for number in range(SHELF_SIZE))
HOSTILE_KEY = "HostileX+All"
LEGACY_KEY = "MITx/6.002x"
LEGACY_RUN_KEY = "MITx/6.002x/2012_Spring"
HIDDEN_PROGRAM = str(identifier("hidden program"))
NESTING_PROGRAM = str(identifier("program with courses"))

EXAMPLES_FILTER = {
    "key": "nothing has this key",
    "enterprise_force_include_aggregation_keys": [
        f"course:{COURSE_KEY}",
        f"courserun:{RUN['course']}",
        f"program:{PROGRAM_UUID}",
        f"program:{HIDDEN_PROGRAM}",
        f"program:{NESTING_PROGRAM}",
        f"course:{LEGACY_KEY}",
    ],
}


def course(key: str, *runs: Document, **fields: Any) -> Document:
    org = key.replace("/", "+").partition("+")[0]
    owners = [{"uuid": str(identifier(org)), "key": org, "name": f"{org} University"}]
    base = {"key": key, "uuid": str(identifier(key)), "title": f"Course {key}", "owners": owners}
    return {**base, "course_runs": list(runs), **fields}


def run(key: str, **fields: Any) -> Document:
    base = {
        "key": key,
        "uuid": str(identifier(key)),
        "title": f"Run {key}",
        "status": "published",
        "is_enrollable": True,
        "enrollment_start": None,
        "enrollment_end": None,
        "start": "2020-01-01T00:00:00Z",
        "end": None,
    }
    return base | fields


def open_course(key: str, **fields: Any) -> Document:
    return course(key, run(f"course-v1:{key}+1T2026"), **fields)


def hours_from_now(hours: float) -> str:
    instant = datetime.now(UTC) + timedelta(hours=hours)
    return instant.isoformat().replace("+00:00", "Z")


PAST, FUTURE = hours_from_now(-24), hours_from_now(24 * 365)
FUTURE_ELSEWHERE = "2990-01-01T00:00:00.5+05:30"

# Fields of the only run of a course, and whether the course is listed.
WINDOW_CASES: dict[str, tuple[Document, bool]] = {
    "open without dates": ({}, True),
    "published in capitals": ({"status": "PUBLISHED"}, True),
    "unpublished": ({"status": "unpublished"}, False),
    "reviewed": ({"status": "reviewed"}, False),
    "without a status": ({"status": None}, False),
    "enrollment ends later": ({"enrollment_end": FUTURE}, True),
    "enrollment ends later elsewhere": ({"enrollment_end": FUTURE_ELSEWHERE}, True),
    "enrollment ended": ({"enrollment_end": PAST}, False),
    "ends later": ({"end": FUTURE}, True),
    "ended": ({"end": PAST}, False),
    "ended before its enrollment": ({"end": PAST, "enrollment_end": FUTURE}, False),
    "enrollment ended before its end": ({"end": FUTURE, "enrollment_end": PAST}, False),
    "enrollment opens later": ({"enrollment_start": FUTURE}, True),
    "closed by hand": ({"is_enrollable": False}, False),
    "closed by hand after it opened": ({"is_enrollable": False, "enrollment_start": PAST}, False),
    "not enrollable yet": ({"is_enrollable": False, "enrollment_start": FUTURE}, True),
    "nothing said of enrolling": ({"is_enrollable": None}, True),
}


def window_key(case: str) -> str:
    return f"WindowX+{case.title().replace(' ', '')}"


def window_courses() -> list[Document]:
    single = [
        course(window_key(case), run(f"course-v1:{window_key(case)}+1", **fields))
        for case, (fields, _) in WINDOW_CASES.items()
    ]
    closed = run("course-v1:WindowX+Two+1", end=PAST)
    return [
        *single,
        course("WindowX+Two", closed, run("course-v1:WindowX+Two+2")),
        course("WindowX+Alone"),
    ]


HOSTILE_TEXT = {
    "controls": "a\x01b\x0bc\x1fd\x7f",
    "cdata": "]]> <![CDATA[ & < > \" '",
    "lines": "one\r\ntwo\rthree\n\tfour  ",
    "astral": "\U0001f393 \U00020000 \ufffe\uffff é 漢",
    "markup": "<p onclick='x'>&amp;</p>",
    "spaces": "   ",
}
HOSTILE_EXTRA = {
    **HOSTILE_TEXT,
    "1st key": "starts with a digit",
    "a b:c/<d>": "is no name",
    "-": 1,
    "": "empty",
    "xml:lang": "colon",
    "nested": [[1, [2.5, -3e-7]], [], {}, {"": []}],
    "numbers": [0, -1, 1e300, 0.1, 12345678901234567890],
    "booleans": [True, False, None],
}


def content() -> list[dict[str, Document]]:
    legacy = course(LEGACY_KEY, run(LEGACY_RUN_KEY))
    nesting = {
        "uuid": NESTING_PROGRAM,
        "title": "Nesting",
        "hidden": False,
        "marketing_url": "https://www.example.org/p?b=2&utm_source=theirs&a=1&utm_medium=x#top",
        "courses": [open_course("NestX+One"), open_course("NestX+Two")],
    }
    hidden = {"uuid": HIDDEN_PROGRAM, "title": "Hidden", "hidden": True, "courses": []}
    courses = [
        COURSE,
        legacy,
        open_course(HOSTILE_KEY, **HOSTILE_EXTRA),
        *window_courses(),
        *(open_course(key) for key in SHELF_KEYS),
    ]
    return [
        *({"course": document} for document in courses),
        {"course_run": RUN},
        *({"program": document} for document in (PROGRAM, nesting, hidden)),
    ]


def catalog(uuid: UUID, title: str, content_filter: Document | None, **fields: Any) -> Document:
    return {"uuid": str(uuid), "title": title, "content_filter": content_filter, **fields}


def client(client_id: str, role: str, secret: str | None = None) -> Document:
    return {"client_id": client_id, "role": role, "client_secret": secret}


def manifest() -> Document:
    acme = {
        "uuid": str(ACME),
        "name": "Acme Corporation",
        "slug": "acme",
        "sandbox": True,
        "clients": [
            client(ADMIN, "admin", SECRET),
            client(REPORTING, "reporting"),
            client(LEAVER, "admin", SECRET),
            client(BOTH, "admin"),
        ],
        "catalogs": [
            catalog(EXAMPLES, "Examples & more", EXAMPLES_FILTER, query_title="The examples"),
            catalog(EVERYTHING, "Everything", {}, include_exec_ed_2u_courses=True),
            catalog(SHELF, "Shelf", {"org": "ShelfX"}),
            catalog(NOTHING, "Nothing", {"org": "NobodyX"}),
            catalog(UNFILTERED, "Unfiltered", None),
            catalog(WINDOWS, "Windows", {"org": "WindowX"}),
            catalog(HOSTILE, "<Hostile> ]]>\r", {"org": "HostileX"}),
        ],
    }
    globex = {
        "uuid": str(GLOBEX),
        "name": "Globex",
        "slug": "globex_2",
        "sandbox": True,
        "clients": [
            client(GLOBEX_ADMIN, "admin"),
            client(GLOBEX_REPORTING, "reporting"),
            client(BOTH, "reporting"),
        ],
        "catalogs": [catalog(GLOBEX_EXAMPLES, "Examples of Globex", EXAMPLES_FILTER)],
    }
    return {"content": content(), "enterprises": [acme, globex]}
