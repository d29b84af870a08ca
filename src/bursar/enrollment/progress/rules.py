"""What a reported row changes in the row that is stored. Pure decisions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from bursar.enrollment.commands import Payer
from bursar.enrollment.days import day_number

_TIMES: Final = ("enrolled_at", "unenrolled_at")
_SHOWN_ANYWAY: Final[dict[str, Any]] = {"is_refunded": False}
_BY_ENTERPRISE: Final[dict[str, Any]] = {"amount_learner_paid": 0.0, "paid_by": "Enterprise"}
_SHOWN_FOR_PAYER: Final[Mapping[str, Mapping[str, Any]]] = {
    Payer.REPORTED: _SHOWN_ANYWAY,
    Payer.LICENSE: {
        **_SHOWN_ANYWAY,
        **_BY_ENTERPRISE,
        "seat_delivery_method": "Subscription",
    },
    Payer.CREDIT: {
        **_SHOWN_ANYWAY,
        **_BY_ENTERPRISE,
        "seat_delivery_method": "Learner Credit",
    },
}
"""What the report shows where nothing is stored, by who pays (reporting.fields)."""


def differences(stored: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The reported values that differ from the stored ones, by column.

    Of an enrollment that Bursar made, a report can correct the days, never take one away. A day
    that is right already leaves the instant alone. What the report shows anyway is not stored: so
    the report can be exported and read back without a change.
    """
    shown = _SHOWN_FOR_PAYER[stored["payer"]]
    found = {
        name: value
        for name, value in values.items()
        if stored[name] != value and (stored[name] is not None or shown.get(name) != value)
    }
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
