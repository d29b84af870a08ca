"""What a learner could redeem now, by the very rules that a redemption applies.

Everything is read under no lock, and nothing is changed: the answer may be another one by the time
that the learner redeems.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from bursar.catalog.offers.service import Offer, Pair, find_offers
from bursar.credit.ledger.service import LockedBudget, read_budgets
from bursar.credit.models import SubsidyTransaction
from bursar.credit.redemption.asked import Asked, Rule, Rules, ask_all, obey
from bursar.credit.redemption.commands import Asking, AskingForCredit
from bursar.credit.redemption.eligibility import (
    STANDING,
    Payment,
    Wish,
    paid_for,
    redemption_rules,
)
from bursar.credit.redemption.records import COLUMNS, TransactionRecord
from bursar.credit.redemption.refusals import LearnerUnknown
from bursar.credit.redemption.views import TransactionItem, transaction_item
from bursar.credit.refusals import BudgetRefused
from bursar.database.types import AnyRow
from bursar.groups.service import policies_for_members
from bursar.learners.accounts import Person, person_of
from bursar.learners.service import LearnerRecord, find_learner

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
        person = find_asked_person(session, asking, at)
        question = _ask(session, budgets, person, asking.content_keys, at)
        earlier = [] if person is None else standing_transactions(connection, person, budgets)
        prices: dict[str, int | None] = {}
        for (_, key), offer in question.offers.items():
            prices[key] = offer.price_cents if prices.get(key) is None else prices[key]
        return [question.answer(key, prices.get(key), earlier) for key in asking.content_keys]


def explain(
    session: Session,
    enterprise_uuid: UUID,
    person: Person | None,
    content_key: str,
    *,
    at: datetime,
) -> list[tuple[UUID, Sequence[Asked]]]:
    """What each rule of each budget says, the newest budget first. A few statements for every
    budget."""
    budgets = read_budgets(session.connection(), enterprise_uuid)
    question = _ask(session, budgets, person, [content_key], at)
    return [(each.policy_uuid, ask_all(question.rules(each, content_key))) for each in budgets]


def why_refused(
    connection: Connection, asking: Asking, policy_uuid: UUID, *, at: datetime
) -> BudgetRefused | None:
    """Why this budget would not pay for the first content of the question; None when it would, and
    when the enterprise has no such budget."""
    with Session(connection) as session:
        budgets = read_budgets(connection, asking.enterprise_uuid)
        budget = next((each for each in budgets if each.policy_uuid == policy_uuid), None)
        if budget is None:
            return None
        key = asking.content_keys[0]
        question = _ask(session, [budget], find_asked_person(session, asking, at), [key], at)
        return question.refusal_of(budget, key)


def _ask(
    session: Session,
    budgets: Sequence[LockedBudget],
    person: Person | None,
    content_keys: Sequence[str],
    at: datetime,
) -> "_Question":
    """With what the catalogs of the budgets offer, and which of them are closed to the person."""
    catalogs = dict.fromkeys(budget.catalog_uuid for budget in budgets)
    pairs = [(catalog, key) for key in content_keys for catalog in catalogs]
    offers = find_offers(session, pairs, at)
    connection = session.connection()
    closed = set() if person is None else policies_closed_to(connection, person, budgets)
    return _Question(session, budgets, person, closed, offers, at)


@dataclass(frozen=True, slots=True)
class _Question:
    """All that is the same for each content."""

    session: Session
    budgets: Sequence[LockedBudget]
    person: Person | None
    closed: Collection[UUID]
    """The budgets that are for groups in which the person is not."""
    offers: Mapping[Pair, Offer]
    at: datetime

    def answer(
        self, content_key: str, price_cents: int | None, earlier: Sequence[TransactionRecord]
    ) -> Redeemability:
        """`earlier` are the learner's transactions that took money and did not give it back."""
        mine = [
            transaction_item(each)
            for each in earlier
            if content_key in {each.content_key, each.courserun_key}
        ]
        refused: list[BudgetRefused] = []
        for budget in self.budgets:
            refusal = self.refusal_of(budget, content_key)
            if refusal is None:
                return Redeemability(content_key, budget.policy_uuid, price_cents, [], mine)
            refused.append(refusal)
        return Redeemability(content_key, None, price_cents, refused, mine)

    def refusal_of(self, budget: LockedBudget, content_key: str) -> BudgetRefused | None:
        try:
            obey(self.rules(budget, content_key))
        except BudgetRefused as refused:
            return refused
        return None

    def rules(self, budget: LockedBudget, content_key: str) -> Rules[Payment]:
        """All that a redemption asks, in its order, once the learner is known."""
        if self.person is None:
            unknown = LearnerUnknown(budget.policy_uuid)
            yield Asked(Rule.LEARNER_KNOWN, unknown)
            raise unknown
        yield Asked(Rule.LEARNER_KNOWN, None, {"email": self.person.learner.email})
        wish = Wish(
            self.session,
            budget,
            self.person,
            content_key,
            self.at,
            lambda: budget.policy_uuid not in self.closed,
            lambda: self.offers.get((budget.catalog_uuid, content_key)),
        )
        return (yield from redemption_rules(wish))


def policies_closed_to(
    connection: Connection, person: Person, budgets: Sequence[LockedBudget]
) -> set[UUID]:
    """Those of the budgets that are for groups in which the person is not."""
    for_groups = {budget.policy_uuid for budget in budgets if budget.is_for_groups}
    if not for_groups:
        return set()
    enterprise_uuid = person.learner.enterprise_uuid
    return for_groups - policies_for_members(connection, enterprise_uuid, person.addresses)


def find_asked_person(
    session: Session, asking: Asking | AskingForCredit, at: datetime
) -> Person | None:
    """With every address of the account. None for an account that nobody has. A new e-mail is one
    that a redemption would add."""
    email = asking.learner_email
    learner = find_learner(
        session, asking.enterprise_uuid, email=email, lms_user_id=asking.lms_user_id
    )
    if learner is not None:
        return person_of(session, learner)
    return (
        None if email is None else Person(_new_learner(asking.enterprise_uuid, email, at), (email,))
    )


def _new_learner(enterprise_uuid: UUID, email: str, at: datetime) -> LearnerRecord:
    return LearnerRecord(
        id=0,
        enterprise_uuid=enterprise_uuid,
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
            _transactions.state.in_(STANDING),
            paid_for(person),
        )
        .order_by(_transactions.created_at, _transactions.uuid)
    )
    rows: Sequence[AnyRow] = connection.execute(statement).all()
    return [TransactionRecord(*row) for row in rows]
