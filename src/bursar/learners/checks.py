"""Finds learners whose address was stored by a version that compared addresses less strictly."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.emails import checked, normalised
from bursar.learners.models import Learner

_BATCH: Final = 10_000
_learners = Learner.__table__.c
_ADDRESSES: Final = select(_learners.id, _learners.email).order_by(_learners.id)


def check_learners(session: Session) -> Iterator[str]:
    """One line for each learner who is not found by the own address any more, and how to mend it.

    No address is told: the output may be kept. Two learners may have become one person, and which
    of them stays is not for a program to guess.
    """
    rows = session.connection().execute(_ADDRESSES, execution_options={"yield_per": _BATCH})
    for learner_id, email in rows:
        if not _is_address(email):
            yield (
                f"learners: {learner_id}: what is stored as the address is none, so nobody gets "
                "mail there: store the right one in its place"
            )
        elif normalised(email) != email:
            yield (
                f"learners: {learner_id}: the address is not in its normal form (lower case, NFC): "
                "if no other learner has that, store it in its place, otherwise decide who stays"
            )


def _is_address(text: str) -> bool:
    try:
        checked(text)
    except ValueError:
        return False
    return True
