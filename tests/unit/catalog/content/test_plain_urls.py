"""Plain keys and URLs go a shorter way, to the same bytes."""

import re
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bursar.catalog.content import templates
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.templates import template_of

NEVER = re.compile(r"(?!)")
hosts = st.sampled_from(["https://e.example", "http://x-1.y", "HTTPS://E.example", "https://e:80"])
paths = st.text("aZ09/:+@!$'()*,;=~-._%é #?[]\\&", max_size=12)
queries = st.text("aZ09=&+%;~-._2Cé #?\\", max_size=12)
urls = st.builds(lambda *parts: "".join(parts), hosts, paths, st.just("?") | st.just(""), queries)


def the_long_way(document: dict[str, str]) -> bytes:
    with (
        patch.object(templates, "_PLAIN_URL", NEVER),
        patch.object(templates, "_PLAIN_PATH", NEVER),
    ):
        return template_of(document, ContentType.COURSE)


@given(urls)
@example("https://e.example?utm_source=x&a=%2C;b&&utm_medium=")
@example("https://e.example//a;b?")
def test_a_url_becomes_what_splitting_and_joining_makes_of_it(url: str) -> None:
    document = {"key": "edX+A", "marketing_url": url}
    assert template_of(document, ContentType.COURSE) == the_long_way(document)


@given(paths.filter(bool))
def test_a_key_becomes_what_quoting_makes_of_it(key: str) -> None:
    document = {"key": key}
    assert template_of(document, ContentType.COURSE) == the_long_way(document)


@pytest.mark.parametrize(
    "url", ["https://www.school.example/course/harbours", "https://e.example/c?utm_source=a&b=1"]
)
def test_usual_urls_are_plain(url: str) -> None:
    assert templates._PLAIN_URL.fullmatch(url)
