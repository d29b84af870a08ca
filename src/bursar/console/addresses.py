"""Reads the addresses of learners that somebody typed or pasted, in whichever form."""

import re
from dataclasses import dataclass
from typing import Final

from bursar.emails import checked, normalised

MOST: Final = 1_000
_BETWEEN: Final = re.compile(r"[\s,;<>\"'|()\[\]]+")


@dataclass(frozen=True, slots=True)
class Pasted:
    emails: tuple[str, ...]
    """Normalised, each once, in the order of the text."""
    repeated: int
    wrong: tuple[tuple[str, str], ...]
    """What has an @ and is no address, each with why not."""


def read_addresses(text: str) -> Pasted:
    """Of lines, lists, CSV and `Name <address>`: words without an @ are names, and left out."""
    emails: dict[str, None] = {}
    wrong: dict[str, str] = {}
    repeated = 0
    for word in _BETWEEN.split(text):
        if "@" not in word:
            continue
        address = word.strip(".:")
        try:
            email = normalised(checked(address))
        except ValueError as error:
            wrong[address[:100]] = str(error)
            continue
        repeated += email in emails
        emails[email] = None
    return Pasted(tuple(emails), repeated, tuple(wrong.items()))
