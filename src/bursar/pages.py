"""Pages of lists whose length is known. How a page is requested or linked is left to `web`."""

from dataclasses import dataclass
from typing import Final, Literal

LAST: Final = "last"


class PageOutOfRange(Exception):
    """The list has no page of this number. An empty list has one page."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of `count` rows; `number` counts from 1."""

    number: int
    size: int
    count: int

    @property
    def pages(self) -> int:
        return _pages(self.count, self.size)

    @property
    def start(self) -> int:
        """The index of the page's first row in the whole list."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a caller asks for, before the length of the list is known."""

    size: int
    number: int | Literal["last"] = 1
    """Zero means that the request had no valid number. No list has a page zero."""

    @property
    def is_first(self) -> bool:
        """Whether the page begins at the first row, so that no count is needed to find it."""
        return self.number == 1

    def within(self, count: int) -> Page:
        """The page in a list of so many rows. Raises PageOutOfRange."""
        pages = _pages(count, self.size)
        number = pages if self.number == LAST else self.number
        if not 1 <= number <= pages:
            raise PageOutOfRange
        return Page(number, self.size, count)


def _pages(count: int, size: int) -> int:
    return max(1, -(-count // size))
