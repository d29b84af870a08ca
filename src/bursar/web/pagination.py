"""Links from one page of a list to the next and back."""

from urllib.parse import urlencode

from bursar.pages import Page
from bursar.web.parameters import QueryParameters


def link(url: str, query: QueryParameters, number: int) -> str:
    """The same request for another page: every other parameter is kept as it came."""
    pairs = [(name, value) for name, value in query.pairs if name != "page"]
    return f"{url}?{urlencode([*pairs, ('page', str(number))])}"


def next_link(url: str, query: QueryParameters, page: Page) -> str | None:
    return link(url, query, page.number + 1) if page.number < page.pages else None


def previous_link(url: str, query: QueryParameters, page: Page) -> str | None:
    return link(url, query, page.number - 1) if page.number > 1 else None
