"""What pages say, in the language of whoever reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time
from markupsafe import Markup, escape

_BRITISH: Final = Locale("en", "GB")
_IS_NUMBERED: Final = re.compile(r"[+-]\d")


@dataclass(frozen=True, slots=True)
class Texts:
    """`texts("You can enroll until %(date)s.", date=...)`: values are escaped, messages are not."""

    locale: Locale
    messages: Mapping[str, str]
    """Translations by message."""
    timezone: tzinfo

    def __call__(self, message: str, **values: object) -> Markup:
        escaped = {name: escape(value) for name, value in values.items()}
        return Markup(self.messages.get(message, message) % escaped)  # noqa: S704 - the messages are our own

    @property
    def language(self) -> str:
        return str(self.locale).replace("_", "-")

    @property
    def direction(self) -> str:
        return self.locale.text_direction

    def last_moment(self, end: datetime) -> str:
        """How people are told of an end: see `clock.last_moment`."""
        told = end.astimezone(self.timezone)
        if told.time() == time():
            told -= timedelta(minutes=1)
        return self.moment(told)

    def moment(self, instant: datetime) -> str:
        # Mails tell dates in British order, and the page of an English mail should not differ.
        locale = _BRITISH if self.locale.language == "en" else self.locale
        local = instant.astimezone(self.timezone)
        date = format_date(local, "long", locale=locale)
        time_of_day = self._time(local, "HH:mm zzz", locale)
        if _IS_NUMBERED.search(time_of_day):  # no short name of the zone is known in the language
            time_of_day = self._time(local, "HH:mm ZZZZ", locale)
        return f"{date}, {time_of_day}"

    def _time(self, local: datetime, pattern: str, locale: Locale) -> str:
        return format_time(local, pattern, tzinfo=self.timezone, locale=locale)
