"""What waits for somebody."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Todo:
    """Something that waits for a decision, and where it is made."""

    title: str
    about: str
    tone: str
    path: str
