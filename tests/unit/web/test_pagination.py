from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.pages import Page
from bursar.web.errors import InvalidPage
from bursar.web.pagination import link, next_link, page_size, previous_link, select_page
from bursar.web.parameters import QueryParameters

URL = "https://api.example.org/enterprise/v2/enterprise-catalogs"
NOT_POSITIVE = [
    "0",
    "-1",
    "+1",
    "1.0",
    "1e2",
    "x",
    "\u0662",
    "\u00b2",
    "0x1",
    "1_0",
    "00",
    "9" * 13,
]

counts = st.integers(0, 10_000)
sizes = st.integers(1, 1000)


def query(text: str) -> QueryParameters:
    return QueryParameters(text.encode())


def size_of(text: str) -> int:
    return page_size(query(text), ("limit", "page_size"), default=20, maximum=1000)


def selected(text: str, *, count: int, size: int = 10) -> Page:
    return select_page(query(text), count=count, size=size)


class TestSize:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", 20),
            ("limit=", 20),
            ("limit=1", 1),
            ("limit=1000", 1000),
            ("limit=1001", 1000),
            ("limit=999999999999", 1000),
            ("limit=%20007", 7),
            ("page_size=50", 50),
            ("page_size=50&limit=30", 30),
            ("limit=&page_size=50", 50),
            ("limit=x&page_size=50", 20),
            ("limit=5&limit=6", 6),
            ("LIMIT=5", 20),
        ],
    )
    def test_it_is_what_the_first_name_says_within_bounds(self, text: str, expected: int) -> None:
        assert size_of(text) == expected

    @pytest.mark.parametrize("value", NOT_POSITIVE)
    def test_nonsense_is_the_default(self, value: str) -> None:
        assert size_of(f"limit={value.replace('+', '%2B')}") == 20

    @given(st.text())
    def test_it_is_always_within_bounds(self, text: str) -> None:
        assert 1 <= size_of(f"limit={text}") <= 1000


class TestPage:
    def test_without_a_number_it_is_the_first(self) -> None:
        assert selected("", count=25) == Page(1, 10, 25)
        assert selected("page=", count=25) == Page(1, 10, 25)

    def test_the_last_can_be_asked_for_by_name(self) -> None:
        assert selected("page=last", count=25).number == 3
        assert selected("page=last", count=30).number == 3
        assert selected("page=last", count=0).number == 1

    def test_an_empty_list_has_one_page(self) -> None:
        page = selected("page=1", count=0)
        assert (page.pages, page.start) == (1, 0)

    @pytest.mark.parametrize("value", [*NOT_POSITIVE, "LAST", "4", "999999999999", "\x00"])
    def test_outside_of_the_list_there_is_none(self, value: str) -> None:
        with pytest.raises(InvalidPage) as caught:
            selected(f"page={value.replace('+', '%2B')}", count=25)
        assert (caught.value.status, caught.value.body) == (404, {"detail": "Invalid page."})

    @given(counts, sizes)
    def test_all_pages_hold_every_row_exactly_once(self, count: int, size: int) -> None:
        last = selected("page=last", count=count, size=size).number
        rows: list[int] = []
        for number in range(1, last + 1):
            page = selected(f"page={number}", count=count, size=size)
            assert page.pages == last
            rows += range(page.start, min(page.start + page.size, count))
        assert rows == list(range(count))
        with pytest.raises(InvalidPage):
            selected(f"page={last + 1}", count=count, size=size)


class TestLinks:
    def test_there_are_none_at_the_ends(self) -> None:
        only = Page(1, 10, 10)
        assert (next_link(URL, query(""), only), previous_link(URL, query(""), only)) == (
            None,
            None,
        )

    def test_they_lead_to_the_neighbours(self) -> None:
        middle = Page(2, 10, 30)
        assert next_link(URL, query("page=2"), middle) == f"{URL}?page=3"
        assert previous_link(URL, query("page=2"), middle) == f"{URL}?page=1"

    def test_a_page_by_name_becomes_a_number(self) -> None:
        assert previous_link(URL, query("page=last"), Page(3, 10, 30)) == f"{URL}?page=2"

    def test_every_other_parameter_is_kept_in_its_order(self) -> None:
        text = "b=2&page=1&a=1&b=3&empty=&page=1&x%26y=%C3%A9+%2B"
        assert link(URL, query(text), 2) == f"{URL}?b=2&a=1&b=3&empty=&x%26y=%C3%A9+%2B&page=2"

    def test_bytes_beyond_ascii_are_taken_as_utf_8(self) -> None:
        assert link(URL, query("title=é"), 2) == f"{URL}?title=%C3%A9&page=2"

    @given(st.lists(st.tuples(st.text(min_size=1), st.text())), st.integers(1, 99))
    def test_they_always_parse_to_the_same_parameters(
        self, pairs: list[tuple[str, str]], number: int
    ) -> None:
        from_caller = QueryParameters(b"")
        from_caller.pairs = [pair for pair in pairs if _is_encodable(pair)]
        made = urlsplit(link(URL, from_caller, number))
        kept = [pair for pair in from_caller.pairs if pair[0] != "page"]
        assert parse_qsl(made.query, keep_blank_values=True) == [*kept, ("page", str(number))]


def _is_encodable(pair: tuple[str, str]) -> bool:
    return "".join(pair).isprintable()


@given(counts, sizes)
def test_the_chain_of_next_links_visits_every_page_and_comes_back(count: int, size: int) -> None:
    size = max(size, count // 20 + 1)
    page = selected("", count=count, size=size)
    visited = 1
    while (url := next_link(URL, query(""), page)) is not None:
        page = selected(urlsplit(url).query, count=count, size=size)
        visited += 1
    assert visited == page.number == page.pages
    while (url := previous_link(URL, query(""), page)) is not None:
        page = selected(urlsplit(url).query, count=count, size=size)
    assert page.number == 1
