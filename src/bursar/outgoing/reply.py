"""What comes of a request, and its limits."""

from dataclasses import dataclass
from typing import Final

DEADLINE: Final = 15.0
"""Seconds for all of a request, from the look-up of the name to the last byte that is read."""
MOST_ANSWER: Final = 2048
"""Bytes of an answer that are read and kept."""
AT_ONCE: Final = 4
"""Requests to one endpoint."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request."""

    status: int | None
    """None when there was no answer."""
    text: str
    """The beginning of the answer, or a sentence that says why there is none."""
    seconds: float
    retry_after: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300
