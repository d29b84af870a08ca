"""What a manifest says of how an enterprise shows itself to its learners."""

from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from bursar.provisioning.fields import Name, Text

_LONGEST_CONSENT: Final = 5_000


def _picture(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        is_good = False
    # What ends a directive of the page's policy cannot stand in a URL without encoding either.
    if not is_good or not url.isascii() or any(each in url for each in " ;,'\"<>"):
        raise PydanticCustomError("logo", "must be the URL of a picture, with https://")
    return url


def _language(tag: str) -> str:
    try:
        return str(Locale.parse(tag, sep="-")).replace("_", "-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise PydanticCustomError("language", "must be a language, such as es or pt-BR") from None


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise PydanticCustomError("zone", "must be a time zone, such as Europe/Berlin") from None
    return name


Logo = Annotated[Text, Field(max_length=2_000), AfterValidator(_picture)]
Accent = Annotated[Text, Field(pattern=r"^#[0-9A-Fa-f]{6}$"), AfterValidator(str.lower)]
Language = Annotated[Name, AfterValidator(_language)]
TimeZone = Annotated[Name, AfterValidator(_timezone)]
ConsentText = Annotated[Text, Field(min_length=1, max_length=_LONGEST_CONSENT)]
