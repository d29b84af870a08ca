"""What a reported row changes in the row that is stored. Pure decisions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from bursar.enrollment.commands import Payer
from bursar.enrollment.days import day_number

TIMES: Final = ("enrolled_at", "unenrolled_at")
"""What a report can change that is seen without consent and dates the enrollment."""
_SHOWN_ANYWAY: Final[dict[str, Any]] = {"is_refunded": False}
_BY_ENTERPRISE: Final[dict[str, Any]] = {"amount_learner_paid": 0.0, "paid_by": "Enterprise"}
_SHOWN_FOR_PAYER: Final[Mapping[str, Mapping[str, Any]]] = {
    Payer.REPORTED: _SHOWN_ANYWAY,
    Payer.API: {**_SHOWN_ANYWAY, **_BY_ENTERPRISE},
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
    shown = {**_SHOWN_FOR_PAYER[stored["payer"]]}
    if stored["is_consented"]:
        shown["is_consent_granted"] = True
    found = {
        name: value
        for name, value in values.items()
        if stored[name] != value and (stored[name] is not None or shown.get(name) != value)
    }
    for name in TIMES:
        if name in found and _stays(stored[name], found[name], stored["payer"]):
            del found[name]
    return found


def _stays(stored: datetime | None, reported: datetime | None, payer: str) -> bool:
    if reported is None:
        return payer != Payer.REPORTED
    return stored is not None and stored.date() == reported.date()


def is_consented(
    values: Mapping[str, Any],
    *,
    was_consented: bool | None,
    learner_consents: bool,
    gives_consent: bool,
) -> bool:
    """Whether the row may be seen once the reported values are stored.

    Consent is the learner's: a report takes it away from a row, and gives it only when its source
    may (ReportSource). `was_consented` is None for a new row.
    """
    if "is_consent_granted" not in values:
        return learner_consents if was_consented is None else was_consented
    reported = values["is_consent_granted"]
    if reported is None:
        return learner_consents
    return bool(reported) and (gives_consent or learner_consents or was_consented is True)


def shared(*, is_consented: bool, last_activity_date: date | None) -> dict[str, Any]:
    """The columns that say what of a row may be seen."""
    day = day_number(last_activity_date if is_consented else None)
    return {"is_consented": is_consented, "activity_day": day}
