"""What the plugin openedx-webhooks sends, read as facts; and what nobody sends."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.connectors.openedx.webhook_payloads import EVENT_TYPES, BadPayload, news_of
from bursar.enrollment.progress.hook_news import ToldAccount, ToldNews
from bursar.enrollment.progress.lms_facts import EnrollmentFact, GradeFact, LmsFact, ResultFact
from testing.clients import lms_events as sent

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
ANA = sent.user(501, "ana", "Ana@Acme.example")
WHO: dict[str, Any] = {"lms_user_id": 501, "email": "ana@acme.example", "username": "ana"}
ACCOUNT = ToldAccount("ana@acme.example", 501, "ana")


def fact(**said: Any) -> LmsFact:
    return LmsFact(sent.RUN, NOW, **WHO, **said)


def test_an_enrollment() -> None:
    begun = EnrollmentFact(is_active=True, mode="audit", enrolled_on=date(2026, 3, 9))
    assert news_of(sent.enrollment(ANA, NOW), NOW) == ToldNews(fact(enrollment=begun), ACCOUNT)
    changed = sent.enrollment(ANA, NOW, what="course.enrollment.changed", mode="verified")
    news = news_of(changed, NOW)
    assert news is not None
    assert news.fact is not None
    assert news.fact.enrollment == EnrollmentFact(True, "verified", date(2026, 3, 9))  # noqa: FBT003
    ended = sent.enrollment(ANA, NOW, what="course.unenrollment.completed")
    over = EnrollmentFact(is_active=False, mode="audit", enrolled_on=date(2026, 3, 9))
    assert news_of(ended, NOW) == ToldNews(fact(enrollment=over), ACCOUNT)


def test_a_grade_names_the_account_and_since_when_it_was_passed() -> None:
    at = NOW - timedelta(days=1)
    body = sent.grade(501, 0.83, NOW, passed=at)
    passed = LmsFact(
        sent.RUN,
        NOW,
        lms_user_id=501,
        grade=GradeFact(0.83, "B"),
        result=ResultFact(is_passing=True, at=at),
    )
    assert news_of(body, NOW) == ToldNews(passed)
    low = LmsFact(sent.RUN, NOW, lms_user_id=501, grade=GradeFact(0.1))
    assert news_of(sent.grade(501, 0.1, NOW), NOW) == ToldNews(low)


def test_a_result() -> None:
    for body, is_passing in (
        (sent.passing(ANA, NOW), True),
        (sent.passing(ANA, NOW, is_passing=False), False),
        (sent.certificate(ANA, NOW), True),
        (sent.certificate(ANA, NOW, "notpassing"), False),
    ):
        result = ResultFact(is_passing=is_passing, at=NOW)
        assert news_of(body, NOW) == ToldNews(fact(result=result), ACCOUNT)
    assert news_of(sent.certificate(ANA, NOW, "generating"), NOW) is None


def test_an_account() -> None:
    assert news_of(sent.registration(ANA, NOW), NOW) == ToldNews(None, ACCOUNT)
    nobody = sent.user(502, "ben", "")
    assert news_of(sent.registration(nobody, NOW), NOW) is None


def test_an_event_that_says_nothing_of_progress() -> None:
    body = sent.event("cohort_membership.changed", "CohortData", {"name": "A"}, NOW)
    assert news_of(body, NOW) is None


def test_a_time_without_a_zone_is_utc() -> None:
    body = sent.passing(ANA, NOW.replace(tzinfo=None))
    assert news_of(body, NOW) == ToldNews(fact(result=ResultFact(True, NOW)), ACCOUNT)  # noqa: FBT003


def test_a_fact_of_the_future_is_refused() -> None:
    news_of(sent.passing(ANA, NOW + timedelta(minutes=9)), NOW)
    with pytest.raises(BadPayload, match="in the future"):
        news_of(sent.passing(ANA, NOW + timedelta(minutes=11)), NOW)


def altered(body: bytes, path: str, value: Any) -> bytes:
    whole = json.loads(body)
    place = whole
    *way, last = path.split("/")
    for name in way:
        place = next(iter(place.values())) if name == "*" else place[name]
    place[last] = value
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event_metadata", None),
        ("event_metadata", {}),
        ("event_metadata/time", "yesterday"),
        ("event_metadata/event_type", 7),
        ("*/user/id", -1),
        ("*/user/id", 2**63),
        ("*/user/id", "501"),
        ("*/user/pii", None),
        ("*/user/pii/username", ""),
        ("*/user/pii/username", "a\0b"),
        ("*/user/pii/username", "a" * 256),
        ("*/course/course_key", "a" * 256),
        ("*/course/course_key", "a\0b"),
        ("*/course/course_key", " "),
        ("*/is_active", "yes"),
        ("*/mode", "x" * 256),
        ("more", {"another": "object"}),
    ],
)
def test_what_no_lms_sends_is_refused_with_what_to_do(path: str, value: Any) -> None:
    body = altered(sent.enrollment(ANA, NOW), path, value)
    with pytest.raises(BadPayload) as refused:
        news_of(body, NOW)
    assert "openedx-webhooks" in str(refused.value)
    assert "ana" not in str(refused.value).lower()


@pytest.mark.parametrize("percent", [-0.1, 101, "0.5", None, 1e400])
def test_a_grade_that_is_none_is_refused(percent: Any) -> None:
    body = altered(sent.grade(501, 0.5, NOW), "*/percent_grade", percent)
    with pytest.raises(BadPayload):
        news_of(body, NOW)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b"user_id=4&event_metadata_id=1"],
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadPayload):
        news_of(body, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(EVENT_TYPES),
    data=st.dictionaries(
        st.sampled_from(["user", "course", "id", "pii", "mode", "is_active", "user_id"]), JSON
    ),
    time=st.sampled_from(["2026-03-10 12:00:00+00:00", "9999-12-31", "0001-01-01", ""]) | st.text(),
)
def test_nothing_but_a_refusal_comes_of_whatever_is_sent(
    kind: str, data: dict[str, Any], time: str
) -> None:
    metadata = {"event_type": kind, "time": time}
    body = json.dumps({"data": data, "event_metadata": metadata}).encode()
    try:
        news_of(body, NOW)
    except BadPayload:
        return
