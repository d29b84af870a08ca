"""Whether a process can serve. Commands import this too, so that it imports no web server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a part of the process says of itself."""

    problem: str | None = None
    """Why the process cannot serve; None when it can."""
    errors: tuple[str, ...] = ()
    """What an operator has to put right, although the process can serve."""
