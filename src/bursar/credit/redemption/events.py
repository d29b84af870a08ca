"""What happens to transactions."""

from dataclasses import dataclass
from typing import ClassVar

from bursar.credit.redemption.views import TransactionItem
from bursar.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionChanged(Event):
    """An event whose data is the transaction as its endpoint shows it after the change."""

    object_type: ClassVar[str] = "transaction"
    is_public: ClassVar[bool] = True

    data: TransactionItem


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionCreated(TransactionChanged):
    """The money is taken; the learner is to be enrolled."""

    type: ClassVar[str] = "transaction.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionCommitted(TransactionChanged):
    """The learner is enrolled."""

    type: ClassVar[str] = "transaction.committed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFailed(TransactionChanged):
    """The learner could not be enrolled; the money went back."""

    type: ClassVar[str] = "transaction.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionReversed(TransactionChanged):
    """The money went back; the enrollment is to end."""

    type: ClassVar[str] = "transaction.reversed"
