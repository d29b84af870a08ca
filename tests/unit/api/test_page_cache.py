"""Pages that a web process remembers."""

import pytest

from bursar.api.catalog_answers import PageCache


def key(name: str) -> tuple[str, ...]:
    return (name,)


def test_pages_are_bounded_by_their_bytes() -> None:
    pages = PageCache(100)
    for name in "abcdefgh":
        pages.put(key(name), name.encode() * 20)
    kept = [name for name in "abcdefgh" if pages.get(key(name)) is not None]
    assert kept == ["d", "e", "f", "g", "h"]


def test_the_page_that_was_not_asked_for_the_longest_goes_first() -> None:
    pages = PageCache(100)
    for name in "abcde":
        pages.put(key(name), name.encode() * 20)
    assert pages.get(key("a")) == b"a" * 20
    pages.put(key("f"), b"f" * 20)
    assert pages.get(key("b")) is None
    assert pages.get(key("a")) == b"a" * 20


def test_a_page_that_grew_takes_the_place_of_its_former_self() -> None:
    pages = PageCache(100)
    for name in "abcde":
        pages.put(key(name), b"x" * 10)
    pages.put(key("a"), b"y" * 25)
    assert pages.get(key("a")) == b"y" * 25
    assert all(pages.get(key(name)) for name in "bcde")


@pytest.mark.parametrize("room", [0, 99])
def test_a_page_that_would_take_more_than_a_quarter_is_not_kept(room: int) -> None:
    pages = PageCache(room)
    pages.put(key("a"), b"x" * 25)
    assert pages.get(key("a")) is None
