"""Checks that a seat is paid for once, and that who pays has a seat.

Older versions let a second payer through. Which of the two was meant to pay is not known here, so
each line says what mends it without taking the seat from the learner.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union
from sqlalchemy.orm import Session

from bursar.credit.models import SubsidyTransaction
from bursar.credit.states import TransactionState
from bursar.database.types import AnyRow
from bursar.enrollment.commands import Payer
from bursar.enrollment.models import Enrollment
from bursar.learners.models import Learner

_transactions, _seats, _learners = (
    SubsidyTransaction.__table__,
    Enrollment.__table__,
    Learner.__table__,
)
_REVERSE: Final = "POST /enterprise/v1/policy-redemption/{policy}/transactions/{uuid}/reverse/"


def check_seats(session: Session) -> Iterator[str]:
    """One line for each committed transaction that has no seat of its own, and for each enrollment
    whose seat is paid for under another address of the account too."""
    others = {row.uuid: row for row in session.execute(_SECOND_PAYMENTS)}
    for row in session.execute(_WITHOUT_SEAT):
        line = f"{SubsidyTransaction.__tablename__}: {row.uuid}"
        other = others.get(row.uuid)
        if other is None:
            yield f"{line}: committed without a seat in {row.courserun_key}; {_to_try_again(row)}"
        else:
            yield f"{line}: a second payment; {_payer(other)} pays for the seat; {_to_end(row)}"
    for _, seats in groupby(session.execute(_PAID_TWICE), lambda row: row[:3]):
        first, *others_paid = seats
        for row in others_paid:
            yield (
                f"{Enrollment.__tablename__}: {row.id}: a second payment under another address of "
                f"the account; {_payer(first)} pays for the seat; {_to_end_of_account(row, first)}"
            )


def _payer(other: AnyRow) -> str:
    if other.license_uuid is not None:
        return f"license {other.license_uuid}"
    if other.transaction_uuid is not None:
        return f"transaction {other.transaction_uuid}"
    return "nobody, as a client of the API enrolled the learner,"


def _to_end(row: AnyRow) -> str:
    return f"{_reversal(row)} gives the money back and leaves the learner the seat"


def _to_end_of_account(row: AnyRow, first: AnyRow) -> str:
    if row.transaction_uuid is None:
        return (
            f"revoke either {_payer(first)} or {_payer(row)} (bulk-revoke); the other keeps the "
            "learner the seat"
        )
    path = _REVERSE.format(policy=row.policy_uuid, uuid=row.transaction_uuid)
    return f"{path} gives the money back and leaves the learner the seat"


def _to_try_again(row: AnyRow) -> str:
    return f"{_reversal(row)} gives the money back, and then the learner can be enrolled again"


def _reversal(row: AnyRow) -> str:
    return _REVERSE.format(policy=row.policy_uuid, uuid=row.uuid)


_IS_LIVE: Final = _seats.c.unenrolled_at.is_(None)


def _without_seat(*columns: ColumnElement[Any]) -> Select[Any]:
    """The committed transactions that no enrollment names which is live, or has ended while the
    money stays spent, as other services let it."""
    own = _seats.alias("own")
    names_it = and_(
        own.c.transaction_uuid == _transactions.c.uuid,
        or_(own.c.unenrolled_at.is_(None), own.c.is_refunded.is_(False)),
    )
    return (
        select(*columns)
        .select_from(_transactions)
        .outerjoin(own, names_it)
        .where(_transactions.c.state == TransactionState.COMMITTED.value, own.c.id.is_(None))
    )


def _second_payments(learner: ColumnElement[bool]) -> Select[Any]:
    """Those of them whose learner has a seat in the run that somebody else pays for."""
    columns = (_transactions.c.uuid, _seats.c.license_uuid, _seats.c.transaction_uuid)
    return (
        _without_seat(*columns)
        .join(
            _learners, and_(_learners.c.enterprise_uuid == _transactions.c.enterprise_uuid, learner)
        )
        .join(
            _seats,
            and_(
                _seats.c.enterprise_uuid == _learners.c.enterprise_uuid,
                _seats.c.learner_id == _learners.c.id,
                _seats.c.courserun_key == _transactions.c.courserun_key,
            ),
        )
        .where(_IS_LIVE, _seats.c.payer != Payer.REPORTED.value)
    )


_WITHOUT_SEAT: Final = _without_seat(
    _transactions.c.uuid, _transactions.c.policy_uuid, _transactions.c.courserun_key
).order_by(_transactions.c.uuid)
_shared: Final = (
    select(_learners.c.enterprise_uuid, _learners.c.lms_user_id)
    .where(_learners.c.lms_user_id.is_not(None))
    .group_by(_learners.c.enterprise_uuid, _learners.c.lms_user_id)
    .having(func.count() > 1)
    .subquery()
)
# The seats that are paid for at the addresses of accounts with several; of each seat, a license
# first: then it is money that can be given back. Nearly no account has several.
_PAID_TWICE: Final = (
    select(
        _learners.c.enterprise_uuid,
        _learners.c.lms_user_id,
        _seats.c.courserun_key,
        _seats.c.id,
        _seats.c.license_uuid,
        _seats.c.transaction_uuid,
        _transactions.c.policy_uuid,
    )
    .join_from(
        _shared,
        _learners,
        and_(
            _learners.c.enterprise_uuid == _shared.c.enterprise_uuid,
            _learners.c.lms_user_id == _shared.c.lms_user_id,
        ),
    )
    .join(
        _seats,
        and_(
            _seats.c.enterprise_uuid == _learners.c.enterprise_uuid,
            _seats.c.learner_id == _learners.c.id,
        ),
    )
    .outerjoin(_transactions, _transactions.c.uuid == _seats.c.transaction_uuid)
    .where(_IS_LIVE, _seats.c.payer.in_((Payer.LICENSE.value, Payer.CREDIT.value)))
    .order_by(
        _learners.c.enterprise_uuid,
        _learners.c.lms_user_id,
        _seats.c.courserun_key,
        _seats.c.transaction_uuid.is_not(None),
        _seats.c.id,
    )
)
# Two searches, because OR would use the index of neither.
_SECOND_PAYMENTS: Final = union(
    _second_payments(_learners.c.email == _transactions.c.learner_email),
    _second_payments(_learners.c.lms_user_id == _transactions.c.lms_user_id),
)
