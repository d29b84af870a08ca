"""The languages that there are, and what texts are in them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.messages.pofile import read_po

from bursar.languages.texts import Texts

ENGLISH: Final = "en"
LANGUAGES: Final = ("en", "es", "fr", "de", "ar")


def texts_in(package: str, wanted: Iterable[str], timezone: str | None) -> Texts:
    """Of a package that has translations in its folder `locale`, in the first language that there
    is; in English when nothing else is wanted."""
    language = next(filter(None, map(_available, wanted)), ENGLISH)
    return Texts(Locale(language), _messages(package, language), _zone(timezone))


def _available(tag: str) -> str | None:
    language = tag.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a machine with other time zones
        return UTC


@lru_cache
def _messages(package: str, language: str) -> Mapping[str, str]:
    """The translations by message; what is not translated is shown in English."""
    if language == ENGLISH:
        return {}
    catalog = files(package) / "locale" / f"{language}.po"
    with catalog.open("rb") as file:
        found = read_po(file, locale=language)
    return {
        str(message.id): str(message.string)
        for message in found
        if message.id and message.string and not message.fuzzy
    }
