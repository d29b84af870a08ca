"""What a content filter is refused for."""

from typing import TypeAlias

Problem: TypeAlias = tuple[str, str]
"""A path inside the filter, and what is wrong there."""


class FilterError(ValueError):
    """A filter cannot be understood; `errors` holds every problem of it at once."""

    def __init__(self, errors: list[Problem]) -> None:
        super().__init__("; ".join(": ".join(filter(None, error)) for error in errors))
        self.errors = errors
