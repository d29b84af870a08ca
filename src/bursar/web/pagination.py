"""Page numbers, page sizes and links, as every list of the reference has them."""

from urllib.parse import urlencode

from bursar.pages import Page
from bursar.web.errors import InvalidPage
from bursar.web.parameters import QueryParameters


def page_size(query: QueryParameters, names: tuple[str, ...], *, default: int, maximum: int) -> int:
    """The size, limited to the maximum. If it is zero, negative or not a number, it is the default.
    Of several names that are given, the first counts."""
    for name in names:
        text = query.get(name)
        if text is not None:
            size = _positive(text)
            return min(size, maximum) if size else default
    return default


def select_page(query: QueryParameters, *, count: int, size: int) -> Page:
    """The page that the query names. Raises InvalidPage beyond the end; the first page may be
    empty."""
    text = query.get("page")
    pages = max(1, -(-count // size))
    if text is None:
        return Page(1, size, count)
    number = pages if text == "last" else _positive(text)
    if number is None or number > pages:
        raise InvalidPage
    return Page(number, size, count)


def link(url: str, query: QueryParameters, number: int) -> str:
    """The same request for another page: every other parameter is kept as it came."""
    pairs = [(name, value) for name, value in query.pairs if name != "page"]
    return f"{url}?{urlencode([*pairs, ('page', str(number))])}"


def next_link(url: str, query: QueryParameters, page: Page) -> str | None:
    return link(url, query, page.number + 1) if page.number < page.pages else None


def previous_link(url: str, query: QueryParameters, page: Page) -> str | None:
    return link(url, query, page.number - 1) if page.number > 1 else None


def _positive(text: str) -> int | None:
    # Twelve digits are enough for any real list. Converting much longer texts would cost time.
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return None
    return int(text) or None
