"""What a reported row changes in the row that is stored. Pure decisions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from bursar.enrollment.commands import Payer
from bursar.enrollment.days import day_number

_TIMES: Final = ("enrolled_at", "unenrolled_at")


def differences(stored: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The reported values that differ from the stored ones, by column.

    Of an enrollment that Bursar made, a report can correct the days, never take one away. A day
    that is right already leaves the instant alone.
    """
    found = {name: value for name, value in values.items() if stored[name] != value}
    for name in _TIMES:
        if name in found and _stays(stored[name], found[name], stored["payer"]):
            del found[name]
    return found


def _stays(stored: datetime | None, reported: datetime | None, payer: str) -> bool:
    if reported is None:
        return payer != Payer.REPORTED
    return stored is not None and stored.date() == reported.date()


def shared(
    *, own_consent: bool | None, consent: bool, last_activity_date: date | None
) -> dict[str, Any]:
    """The columns that say what of a row may be seen."""
    is_consented = consent if own_consent is None else own_consent
    day = day_number(last_activity_date if is_consented else None)
    return {"is_consented": is_consented, "activity_day": day}
