"""What a learner could redeem now, by the very rules that a redemption applies.

Everything is read under no lock, and nothing is changed: the answer may be another one by the time
that the learner redeems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.catalog.offers.service import Offer, Pair, find_offers
from bursar.credit.ledger.service import LockedBudget, read_budgets
from bursar.credit.models import SubsidyTransaction
from bursar.credit.redemption.commands import Asking, AskingForCredit
from bursar.credit.redemption.eligibility import check_open, paid_for, payment_for
from bursar.credit.redemption.records import COLUMNS, TransactionRecord
from bursar.credit.redemption.refusals import LearnerUnknown
from bursar.credit.redemption.views import TransactionItem, transaction_item
from bursar.credit.refusals import BudgetRefused
from bursar.credit.states import TransactionState
from bursar.database.types import AnyRow
from bursar.learners.accounts import Person, person_of
from bursar.learners.service import LearnerRecord, find_learner

_STANDING: Final = (TransactionState.CREATED.value, TransactionState.COMMITTED.value)
_transactions: Final = SubsidyTransaction.__table__.c


@dataclass(frozen=True, slots=True)
class Redeemability:
    """Whether some budget pays for a content and a learner."""

    content_key: str
    policy_uuid: UUID | None
    """The first budget that would pay, the newest before others; None when none would."""
    price_cents: int | None
    """The canonical price; None when it is unknown."""
    refusals: Sequence[BudgetRefused]
    """Why each of the budgets would not pay; empty when one would."""
    redemptions: Sequence[TransactionItem]
    """Those of the learner and this content that are under way or done."""


def can_redeem(connection: Connection, asking: Asking, *, at: datetime) -> list[Redeemability]:
    """One for each content, in the order of the question.

    A few statements for every budget and content.
    """
    with Session(connection) as session:
        budgets = read_budgets(connection, asking.enterprise_uuid)
        learner = find_asked_learner(session, asking, at)
        person = None if learner is None else person_of(session, learner)
        earlier = [] if person is None else standing_transactions(connection, person, budgets)
        catalogs = dict.fromkeys(budget.catalog_uuid for budget in budgets)
        pairs = [(catalog, key) for key in asking.content_keys for catalog in catalogs]
        offers = find_offers(session, pairs, at)
        prices: dict[str, int | None] = {}
        for (_, key), offer in offers.items():
            prices[key] = offer.price_cents if prices.get(key) is None else prices[key]
        question = _Question(session, budgets, person, earlier, offers, at)
        return [question.answer(key, prices.get(key)) for key in asking.content_keys]


@dataclass(frozen=True, slots=True)
class _Question:
    """All that is the same for each content."""

    session: Session
    budgets: Sequence[LockedBudget]
    person: Person | None
    earlier: Sequence[TransactionRecord]
    """The learner's transactions that took money and did not give it back."""
    offers: Mapping[Pair, Offer]
    at: datetime

    def answer(self, content_key: str, price_cents: int | None) -> Redeemability:
        mine = [
            transaction_item(each)
            for each in self.earlier
            if content_key in {each.content_key, each.courserun_key}
        ]
        refused: list[BudgetRefused] = []
        for budget in self.budgets:
            refusal = self._refusal_of(budget, content_key)
            if refusal is None:
                return Redeemability(content_key, budget.policy_uuid, price_cents, [], mine)
            refused.append(refusal)
        return Redeemability(content_key, None, price_cents, refused, mine)

    def _refusal_of(self, budget: LockedBudget, content_key: str) -> BudgetRefused | None:
        if self.person is None:
            return LearnerUnknown(budget.policy_uuid)
        offer = self.offers.get((budget.catalog_uuid, content_key))
        try:
            check_open(budget, self.at)
            payment_for(self.session, budget, self.person, content_key, offer, at=self.at)
        except BudgetRefused as refused:
            return refused
        return None


def find_asked_learner(
    session: Session, asking: Asking | AskingForCredit, at: datetime
) -> LearnerRecord | None:
    """None for an account that nobody has. A new e-mail is one that a redemption would add."""
    email = asking.learner_email
    learner = find_learner(
        session, asking.enterprise_uuid, email=email, lms_user_id=asking.lms_user_id
    )
    if learner is not None or email is None:
        return learner
    return LearnerRecord(
        id=0,
        enterprise_uuid=asking.enterprise_uuid,
        email=email,
        lms_user_id=None,
        username=None,
        sso_uid=None,
        country=None,
        consent=False,
        created_at=at,
    )


def standing_transactions(
    connection: Connection, person: Person, budgets: Sequence[LockedBudget]
) -> list[TransactionRecord]:
    """The learner's transactions that took money and did not give it back."""
    statement = (
        select(_transactions.enterprise_uuid, *COLUMNS)
        .where(
            # By budget, as their indexes have them.
            _transactions.policy_uuid.in_([budget.policy_uuid for budget in budgets]),
            _transactions.state.in_(_STANDING),
            paid_for(person),
        )
        .order_by(_transactions.created_at, _transactions.uuid)
    )
    rows: Sequence[AnyRow] = connection.execute(statement).all()
    return [TransactionRecord(*row) for row in rows]
