"""What commands that examine an installation find, a line each."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

SKEW: Final = timedelta(seconds=5)
"""By which another system's clock may differ."""


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Nothing is wrong, but the operator may want to know."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    about: str
    """The setting, or the part of the installation."""
    text: str
