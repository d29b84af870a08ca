"""Which language a page is in."""

from collections.abc import Sequence
from typing import Final

from bursar.languages.catalogs import texts_in
from bursar.languages.texts import Texts

_MOST_READ: Final = 1_000
"""Characters of Accept-Language."""


def texts_for(accept_language: str, preferred: str | None, timezone: str | None) -> Texts:
    """In the first language of the browser that there is, else in the preferred one of the
    enterprise, else in English."""
    wanted = [*_wanted(accept_language), *([preferred] if preferred else [])]
    return texts_in("bursar.claim_pages", wanted, timezone)


def _wanted(accept_language: str) -> Sequence[str]:
    """The tags of Accept-Language, the most wanted first."""
    weighed: list[tuple[float, str]] = []
    for part in accept_language[:_MOST_READ].split(","):
        tag, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if weight > 0:
            weighed.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(weighed, key=lambda each: each[0])]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
