"""A page of what a search finds."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from scim2_models import Resource, SearchRequest, TooManyException
from scim2_server.storage import SearchPage

from bursar.scim.resources import MOST_RESULTS

MOST_SEARCHED: Final = 20_000
"""Resources that one search looks through, where the database cannot."""


def page_by_database(
    request: SearchRequest[Any],
    count: int,
    fetch: Callable[[int, int], Sequence[Resource[Any]]],
) -> SearchPage:
    """`fetch` gets from which on, and how many. For a search without a filter and an order."""
    start, size = request.start_index_0 or 0, _size(request)
    return SearchPage(count, list(fetch(start, size)) if size else [])


def page_of_matching(
    request: SearchRequest[Any], candidates: Iterable[Resource[Any]]
) -> SearchPage:
    """Matches, orders and pages what the database has found."""
    found = [each for each in candidates if request.filter is None or request.filter.match(each)]
    start = request.start_index_0 or 0
    return SearchPage(len(found), request.sort(found)[start : start + _size(request)])


def refuse_too_many(count: int) -> None:
    """Raises TooManyException."""
    if count > MOST_SEARCHED:
        raise TooManyException(
            detail=f"Say more: {count} resources would be looked through, at most {MOST_SEARCHED}."
        )


def _size(request: SearchRequest[Any]) -> int:
    return MOST_RESULTS if request.count is None else min(request.count, MOST_RESULTS)
