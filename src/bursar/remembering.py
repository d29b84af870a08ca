"""A cache for functions of texts that come from outside."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

Result = TypeVar("Result")

LONGEST_REMEMBERED: Final = 512
"""Characters. Longer texts are allowed but rare. They are not cached, so that they cannot fill the
memory."""


def remembered(maximum: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """Caches up to `maximum` results and drops the least recently used, like `functools.lru_cache`.

    `lru_cache` limits the number of its keys but not their size. Here, the result for a text of
    more than LONGEST_REMEMBERED characters is not cached. Errors are not cached either.
    """

    def decorate(function: Callable[[str], Result]) -> Callable[[str], Result]:
        cached = lru_cache(maximum)(function)

        @wraps(function)
        def look_up(text: str) -> Result:
            return cached(text) if len(text) <= LONGEST_REMEMBERED else function(text)

        return look_up

    return decorate
