"""Documents come out as they went in, except for what a catalog puts into them."""

import json
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.refusals import BrokenDocument
from bursar.catalog.content.templates import Links, Shown, decode_template, fill_in
from bursar.clock import FOREVER, NEVER
from testing.paths import REFERENCE

LINKS = Links(
    "https://courses.example",
    UUID("40709edf-3748-4fcf-aa18-99abd765b692"),
    UUID("fcbb8cc6-85f5-427e-b154-4055fdd69472"),
    "dusenbery-devices",
)


def sent(
    document: dict[str, Any], shown: Shown = Shown.ITEM, allowed: Collection[str] = ()
) -> dict[str, Any]:
    parsed = parse_document(json.dumps(document).encode())
    answer: dict[str, Any] = json.loads(fill_in(parsed.body, LINKS, shown, allowed))
    return answer


def run(key: str = "course-v1:edX+DemoX+1T2026", **fields: Any) -> dict[str, Any]:
    return {"key": key, "course": "edX+DemoX", "status": "published", **fields}


def course(key: str = "edX+DemoX", **fields: Any) -> dict[str, Any]:
    return {"key": key, "title": "Demo", "course_runs": [], **fields}


@pytest.mark.parametrize("name", ["course", "course_run", "program"])
def test_a_reference_document_comes_back_in_the_same_order(name: str) -> None:
    original = json.loads((REFERENCE / f"{name}.json").read_text())
    answer = sent(original)
    answer.pop("enrollment_url")
    original.pop("enrollment_url")
    for run_sent, run_stored in zip(
        answer.get("course_runs", []), original.get("course_runs", []), strict=True
    ):
        assert list(run_sent)[-1] == "enrollment_url"
        del run_sent["enrollment_url"], run_stored["enrollment_url"]
    assert json.dumps(answer) == json.dumps(original)


def test_the_reference_course_gets_the_reference_links() -> None:
    answer = sent(json.loads((REFERENCE / "course.json").read_text()))
    assert answer["enrollment_url"] == (
        "https://courses.example/enterprise/40709edf-3748-4fcf-aa18-99abd765b692/course/"
        "edx+tr1012/enroll/?catalog=fcbb8cc6-85f5-427e-b154-4055fdd69472"
        "&utm_medium=enterprise&utm_source=dusenbery-devices"
    )
    assert (
        "/course/course-v1:edx+tr1012+1T2021/enroll/"
        in (answer["course_runs"][0]["enrollment_url"])
    )


def test_a_program_its_courses_and_their_runs_get_links_of_their_own() -> None:
    uuid = "fcfe93c3-9123-4a58-a190-8614c96b8eab"
    answer = sent({"uuid": uuid, "title": "P", "courses": [course(course_runs=[run()])]})
    assert f"/program/{uuid}/enroll/?catalog=" in answer["enrollment_url"]
    assert "/course/edX+DemoX/enroll/" in answer["courses"][0]["enrollment_url"]
    nested = answer["courses"][0]["course_runs"][0]["enrollment_url"]
    assert "/course/course-v1:edX+DemoX+1T2026/enroll/" in nested


@pytest.mark.parametrize(
    ("stored", "listed"),
    [
        ("https://e.example/c", "https://e.example/c?utm_medium=enterprise&utm_source=S"),
        (
            "https://e.example/c?utm_source=x&z=1&a=2&utm_medium=y#top",
            "https://e.example/c?a=2&utm_medium=enterprise&utm_source=S&z=1#top",
        ),
        (
            "https://e.example/c?a=1&a=2",
            "https://e.example/c?a=1&a=2&utm_medium=enterprise&utm_source=S",
        ),
        ("", ""),
        (None, None),
        (7, 7),
    ],
)
def test_a_marketing_url_is_tracked_in_listings_only(stored: Any, listed: Any) -> None:
    document = course(marketing_url=stored)
    if isinstance(listed, str):
        listed = listed.replace("utm_source=S", "utm_source=dusenbery-devices")
    assert sent(document, Shown.LISTED)["marketing_url"] == listed
    assert sent(document)["marketing_url"] == stored


def test_an_enrollment_url_of_their_own_is_replaced_and_comes_last() -> None:
    answer = sent(course(enrollment_url="https://theirs.example", subjects=[]))
    assert list(answer)[-1] == "enrollment_url"
    assert answer["enrollment_url"].startswith("https://courses.example/")


UUID_TEXT = "fcfe93c3-9123-4a58-a190-8614c96b8eab"


@pytest.mark.parametrize(
    ("document", "keys"),
    [
        (course(), ("course", "course:edX+DemoX")),
        (run(), ("courserun", "courserun:edX+DemoX")),
        ({"key": "course-v1:edX+DemoX+1"}, ("courserun", "courserun:edX+DemoX")),
        ({"uuid": UUID_TEXT, "type": "MicroMasters"}, ("program", f"program:{UUID_TEXT}")),
    ],
)
def test_listings_say_what_a_document_is(document: dict[str, Any], keys: tuple[str, str]) -> None:
    listed = sent(document, Shown.LISTED_WITH_KEYS)
    assert list(listed)[-3:] == ["content_type", "aggregation_key", "enrollment_url"]
    assert (listed["content_type"], listed["aggregation_key"]) == keys
    own = [name for name in listed if name not in ("content_type", "aggregation_key")]
    assert list(sent(document, Shown.LISTED)) == list(sent(document)) == own
    assert "content_type" not in decode_template(parse_document(document).body)


def test_what_a_document_says_of_itself_stays_where_it_stands() -> None:
    document = {"aggregation_key": "course:own", **course(), "extra": 1}
    listed = sent(document, Shown.LISTED_WITH_KEYS)
    assert list(listed) == [*document, "content_type", "enrollment_url"]
    assert listed["aggregation_key"] == "course:own"
    whole = course(content_type="course", aggregation_key="x")
    assert list(sent(whole, Shown.LISTED_WITH_KEYS)) == [*whole, "enrollment_url"]


def test_a_pathway_says_it_all_in_listings() -> None:
    pathway = {"uuid": UUID_TEXT, "title": "P", "content_type": "learnerpathway"}
    listed = sent(pathway, Shown.LISTED_WITH_KEYS)
    assert listed == pathway | {"aggregation_key": f"learnerpathway:{UUID_TEXT}"}
    assert sent(pathway, Shown.LISTED) == pathway


def restricted_course(restricted: Collection[int], count: int = 3, **fields: Any) -> dict[str, Any]:
    runs = [
        run(f"r{n}", uuid=f"u{n}", seats=[{"type": "x,["}])
        | ({"restriction_type": "custom-b2b"} if n in restricted else {})
        for n in range(count)
    ]
    keys = [each["key"] for each in runs]
    return course(course_runs=runs, course_run_keys=keys, **fields)


@pytest.mark.parametrize("shown", list(Shown))
@given(
    restricted=st.sets(st.integers(0, 3)),
    allowed=st.sets(st.sampled_from(["r0", "r1", "r2", "r3", "other"])),
    advertised=st.integers(0, 3),
)
def test_a_course_shows_only_the_restricted_runs_that_are_allowed(
    shown: Shown, restricted: set[int], allowed: set[str], advertised: int
) -> None:
    uuid = f"u{advertised}"
    document = restricted_course(restricted, 4, advertised_course_run_uuid=uuid, last="r1")
    visible = [f"r{n}" for n in range(4) if n not in restricted or f"r{n}" in allowed]
    answer = sent(document, shown, allowed)
    assert [each["key"] for each in answer["course_runs"]] == visible
    assert answer["course_run_keys"] == visible
    assert answer["advertised_course_run_uuid"] == (uuid if f"r{advertised}" in visible else None)
    assert answer["last"] == "r1"
    assert [name for name in answer if name in document] == list(document)
    assert all(list(each)[-1] == "enrollment_url" for each in answer["course_runs"])
    stored = decode_template(parse_document(document).body)
    assert [each["key"] for each in stored["course_runs"]] == ["r0", "r1", "r2", "r3"]
    assert stored["advertised_course_run_uuid"] == uuid


def test_a_program_shows_no_restricted_runs_of_its_courses() -> None:
    program = {"uuid": UUID_TEXT, "type": "X", "courses": [restricted_course({0}), course()]}
    first, _ = sent(program)["courses"]
    assert [each["key"] for each in first["course_runs"]] == ["r1", "r2"]
    first, _ = sent(program, allowed=["r0"])["courses"]
    assert [each["key"] for each in first["course_runs"]] == ["r0", "r1", "r2"]


def test_the_restricted_runs_of_a_document_are_known() -> None:
    assert parse_document(restricted_course({1})).restricted_run_keys == {"r1"}


@given(key=st.text(st.characters(exclude_categories=["Cs", "Cf"])), extra=st.text())
def test_a_restricted_run_may_have_any_key(key: str, extra: str) -> None:
    document = course(course_runs=[run(key, restriction_type="x"), run("open", title=extra)])
    assert [each["key"] for each in sent(document)["course_runs"]] == ["open"]
    allowed = sent(document, allowed=[key])["course_runs"]
    assert [each["key"] for each in allowed] == [key, "open"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(extra=json_values, text=st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_a_document_holds_comes_back(extra: Any, text: str) -> None:
    document = course(anything=extra, short_description=text)
    for shown in Shown:
        answer = sent(document, shown)
        assert answer["anything"] == extra
        assert answer["short_description"] == text
    stored = decode_template(parse_document(json.dumps(document).encode()).body)
    assert stored["anything"] == extra


@given(slug=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_slug_gives_json(slug: str) -> None:
    parsed = parse_document(course(marketing_url="https://e.example/?q=1"))
    links = Links('https://l.example/"x"\\', LINKS.enterprise_uuid, LINKS.catalog_uuid, slug)
    json.loads(fill_in(parsed.body, links, Shown.LISTED_WITH_KEYS))


@pytest.mark.parametrize(
    ("document", "content_type", "key", "family"),
    [
        (course(), ContentType.COURSE, "edX+DemoX", "edX+DemoX"),
        ({"key": "edX+DemoX"}, ContentType.COURSE, "edX+DemoX", "edX+DemoX"),
        (run(), ContentType.COURSE_RUN, "course-v1:edX+DemoX+1T2026", "edX+DemoX"),
        ({"key": "course-v1:a+b+c"}, ContentType.COURSE_RUN, "course-v1:a+b+c", "a+b"),
        (
            {"uuid": "FCFE93C3-9123-4a58-a190-8614c96b8eab", "title": "P", "courses": []},
            ContentType.PROGRAM,
            "fcfe93c3-9123-4a58-a190-8614c96b8eab",
            None,
        ),
        (
            {"key": "MITx/6.002x/2012_Spring", "content_type": "courserun"},
            ContentType.COURSE_RUN,
            "MITx/6.002x/2012_Spring",
            "MITx+6.002x",
        ),
    ],
)
def test_a_document_is_recognised_from_its_shape(
    document: dict[str, Any], content_type: ContentType, key: str, family: str | None
) -> None:
    parsed = parse_document(document)
    assert (parsed.content_type, parsed.key, parsed.family_key) == (content_type, key, family)


def test_a_learner_pathway_says_what_it_is_and_has_no_enrollment_link() -> None:
    uuid = "786BBE57-e06c-4eee-92f4-49087fccc200"
    bare = {"uuid": uuid, "title": "Data Engineer", "enrollment_url": "https://theirs.example"}
    parsed = parse_document(bare, ContentType.LEARNER_PATHWAY)
    assert (parsed.key, parsed.family_key) == (uuid.lower(), None)
    assert json.loads(fill_in(parsed.body, LINKS, Shown.LISTED)) == {
        "uuid": uuid, "title": "Data Engineer", "content_type": "learnerpathway",
    }  # fmt: skip
    own = {"uuid": uuid, "title": "Data Engineer", "content_type": "learnerpathway", "steps": []}
    assert json.dumps(sent(own)) == json.dumps(own)
    assert parsed.active_until == FOREVER
    assert parse_document(own | {"hidden": True}).active_until == NEVER


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"key": "\xff"}', "not JSON"),
        (b"[" * 100_000, "nested more than 64 levels deep"),
        (b"[1]", "expected a JSON object"),
        (b'{"title": "x", "course_runs": []}', "needs a key"),
        (b'{"key": "  ", "course_runs": []}', "needs a key"),
        (b'{"key": 7, "content_type": "courserun"}', "needs a key"),
        (b'{"key": "a+' + b"k" * 300 + b'"}', "longer than"),
        (b'{"key": "a+\\u0000b"}', "NUL"),
        (b'{"uuid": "nope", "type": "MicroMasters"}', "needs a uuid"),
        (b'{"content_type": "learnerpathway", "title": "x"}', "needs a uuid"),
        (b'{"key": "a+b", "course_runs": {}}', "list of objects"),
        (b'{"key": "a+b", "course_runs": [1]}', "list of objects"),
        (
            b'{"key": "a+b", "course_runs": [{"key": "r", "status": "published", "end": "soon"}]}',
            "no date",
        ),
    ],
)
def test_a_broken_document_says_why(text: bytes, reason: str) -> None:
    with pytest.raises(BrokenDocument, match=reason):
        parse_document(text)


def test_a_course_is_active_as_long_as_its_last_run() -> None:
    runs = [run(end="2027-01-01T00:00:00Z"), run(enrollment_end="2028-01-01T00:00:00+01:00")]
    assert parse_document(course(course_runs=runs)).active_until == datetime(
        2027, 12, 31, 23, tzinfo=UTC
    )
    assert parse_document(course()).active_until == NEVER


def test_a_key_with_an_invisible_character_is_refused() -> None:
    with pytest.raises(BrokenDocument, match=r"U\+200B at position 4"):
        parse_document({"key": "edX\u200b+DemoX", "course_runs": []})


def program(**fields: Any) -> dict[str, Any]:
    return {"uuid": "00000000-0000-4000-8000-000000000001", "type": "X", **fields}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (course(course_runs=[run(key="a\u200b")]), "the key of a run in it 'a\\u200b'"),
        (run(course="a\u200b"), "the key of its course 'a\\u200b'"),
        (
            program(courses=[{"key": "a\u200b"}]),
            "the key of a course in it 'a\\u200b'",
        ),
        (
            program(courses=[{"course_runs": [{"key": "a\u200b"}]}]),
            "the key of a run in it",
        ),
    ],
)
def test_so_is_one_with_a_key_like_it_within(document: dict[str, Any], what: str) -> None:
    with pytest.raises(BrokenDocument, match=rf"^{re.escape(what)}.*U\+200B at position 2"):
        parse_document(document)
