from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.pages import LAST, Page, PageOutOfRange, PageRequest
from bursar.web.pagination import link, next_link, previous_link
from bursar.web.parameters import QueryParameters

URL = "https://api.example.org/enterprise/v2/enterprise-catalogs"
counts = st.integers(0, 10_000)
sizes = st.integers(1, 1000)


def query(text: str) -> QueryParameters:
    return QueryParameters(text.encode())


class TestPage:
    def test_without_a_number_it_is_the_first(self) -> None:
        assert PageRequest(10).within(25) == Page(1, 10, 25)

    def test_the_last_can_be_asked_for_by_name(self) -> None:
        assert PageRequest(10, LAST).within(25).number == 3
        assert PageRequest(10, LAST).within(30).number == 3
        assert PageRequest(10, LAST).within(0).number == 1

    def test_an_empty_list_has_one_page(self) -> None:
        page = PageRequest(10).within(0)
        assert (page.pages, page.start) == (1, 0)

    @pytest.mark.parametrize("number", [0, 4, 999_999_999_999])
    def test_outside_of_the_list_there_is_none(self, number: int) -> None:
        with pytest.raises(PageOutOfRange):
            PageRequest(10, number).within(25)

    @given(counts, sizes)
    def test_all_pages_hold_every_row_exactly_once(self, count: int, size: int) -> None:
        last = PageRequest(size, LAST).within(count).number
        rows: list[int] = []
        for number in range(1, last + 1):
            page = PageRequest(size, number).within(count)
            assert page.pages == last
            rows += range(page.start, min(page.start + page.size, count))
        assert rows == list(range(count))
        with pytest.raises(PageOutOfRange):
            PageRequest(size, last + 1).within(count)


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


def page_at(url: str, *, count: int, size: int) -> Page:
    number = query(urlsplit(url).query).get("page") or ""
    return PageRequest(size, int(number)).within(count)


@given(counts, sizes)
def test_the_chain_of_next_links_visits_every_page_and_comes_back(count: int, size: int) -> None:
    size = max(size, count // 20 + 1)
    page = PageRequest(size).within(count)
    visited = 1
    while (url := next_link(URL, query(""), page)) is not None:
        page = page_at(url, count=count, size=size)
        visited += 1
    assert visited == page.number == page.pages
    while (url := previous_link(URL, query(""), page)) is not None:
        page = page_at(url, count=count, size=size)
    assert page.number == 1
