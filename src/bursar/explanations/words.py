"""Sentences that budgets and plans share."""

from typing import Final

IS_FREE: Final = "Nobody pays for the learner's seat yet."
HAS_THE_SEAT: Final = "Nothing is needed: the learner has the seat."


def would_be_enrolled(run_key: object) -> str:
    return f"The learner would be enrolled in {run_key}."


def is_paid(run_key: object, source: object) -> str:
    """`source` is as in a refusal: `license`, `credit` or `api`."""
    return f"The seat in {run_key} is paid for already ({source})."
