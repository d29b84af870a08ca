"""Transactions as the API spells them."""

from datetime import datetime
from uuid import UUID

import msgspec

from bursar.credit.redemption.records import TransactionRecord
from bursar.credit.states import TransactionState


class TransactionItem(msgspec.Struct, frozen=True):
    uuid: UUID
    state: TransactionState
    content_key: str
    quantity: int
    courserun_key: str | None
    lms_user_id: int | None
    learner_email: str
    subsidy_access_policy: UUID
    subsidy_uuid: UUID
    assignment_uuid: UUID | None
    error: str | None
    created: datetime
    modified: datetime


def transaction_item(row: TransactionRecord) -> TransactionItem:
    return TransactionItem(
        uuid=row.uuid,
        state=TransactionState(row.state),
        content_key=row.content_key,
        quantity=row.quantity,
        courserun_key=row.courserun_key,
        lms_user_id=row.lms_user_id,
        learner_email=row.learner_email,
        subsidy_access_policy=row.policy_uuid,
        subsidy_uuid=row.subsidy_uuid,
        assignment_uuid=row.assignment_uuid,
        error=row.error,
        created=row.created_at,
        modified=row.modified_at,
    )
