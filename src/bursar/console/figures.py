"""How amounts, shares and instants are written."""

from datetime import UTC, datetime, timedelta

MINUS = "\N{MINUS SIGN}"


def dollars(cents: int) -> str:
    """`1,234.50`; the currency stands in the header."""
    sign = MINUS if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def plain_dollars(cents: int) -> str:
    """`-1234.50`, for files."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def money(cents: int) -> str:
    """`$1,234.50`, for sentences."""
    sign = MINUS if cents < 0 else ""
    return f"{sign}${dollars(abs(cents))}"


def number(count: int) -> str:
    return f"{count:,}".replace("-", MINUS)


def counted(count: int, one: str, several: str = "") -> str:
    """`1 person`, `24 people`."""
    return f"{number(count)} {one if count == 1 else several or one + 's'}"


def percent(part: int, whole: int) -> str:
    return "-" if whole <= 0 else f"{100 * part / whole:.0f} %"


def day(instant: datetime) -> str:
    return f"{instant.day} {instant:%b %Y}"


def instant(at: datetime) -> str:
    """`28 Nov 2026, 04:35`, in UTC."""
    told = at.astimezone(UTC)
    return f"{told.day} {told:%b %Y, %H:%M}"


def exact(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ago(at: datetime, now: datetime) -> str:
    """`3 hours ago`, `in 12 days`."""
    seconds = (now - at).total_seconds()
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(abs(seconds) // size)
        if count:
            told = counted(count, name)
            return f"{told} ago" if seconds > 0 else f"in {told}"
    return "just now" if seconds >= 0 else "in a moment"


def lasting(span: timedelta) -> str:
    """`3 hours`, `12 seconds`; `-` for none at all."""
    seconds = span.total_seconds()
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        count = int(seconds // size)
        if count:
            return counted(count, name)
    return "under a second" if seconds > 0 else "-"
