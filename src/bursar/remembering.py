"""A cache for functions of texts that strangers send."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

Result = TypeVar("Result")

LONGEST_REMEMBERED: Final = 512
"""Characters. Longer texts are legal but rare: kept out, they cannot fill memory with megabytes."""


def remembered(maximum: int) -> Callable[[Callable[[str], Result]], Callable[[str], Result]]:
    """Keeps so many answers, least recently used first out, as `functools.lru_cache` does.

    `lru_cache` bounds the number of its keys and not their size. Here the answer for a text of
    more than LONGEST_REMEMBERED characters is worked out at each call. Errors are not kept.
    """

    def decorate(function: Callable[[str], Result]) -> Callable[[str], Result]:
        cached = lru_cache(maximum)(function)

        @wraps(function)
        def look_up(text: str) -> Result:
            return cached(text) if len(text) <= LONGEST_REMEMBERED else function(text)

        return look_up

    return decorate
