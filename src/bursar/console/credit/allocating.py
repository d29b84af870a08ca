"""Allocation: a course, the learners, a preview of every row, and then all or none."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.api.budget_refusals import user_message
from bursar.catalog.offers.service import Offer, find_offer, find_offers, search_courses
from bursar.console.addresses import MOST, Pasted, read_addresses
from bursar.console.credit.shared import Budget, budget_of
from bursar.console.figures import counted, dollars, money
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, Refused, Visit
from bursar.credit.assignments.commands import AllocateCourse, Allocation
from bursar.credit.assignments.refusals import PriceOutOfBand
from bursar.credit.assignments.service import allocate, listed_configurations
from bursar.credit.policies.owned import POLICY
from bursar.credit.policies.service import find_summary
from bursar.credit.refusals import BudgetRefused, CostNotCovered

screens: Final = Screens()
_PATH: Final = f"{OF_ENTERPRISE}/budgets/{{policy_uuid:uuid}}/allocate"
_SEARCHED: Final = 20
_LONGEST_SEARCH: Final = 100


@dataclass(frozen=True, slots=True)
class Row:
    """What allocating would do, or did, for one learner."""

    email: str
    word: str
    tone: str
    cost: int | None


@screens.get(_PATH, owned=POLICY)
def choose(visit: Visit, connection: Connection) -> Html:
    """The course first; with `course`, the learners."""
    budget = _budget(visit, connection)
    if key := visit.query.get("course"):
        return _learners(budget, _offer(visit, connection, key), visit.query.get("learners") or "")
    text = (visit.query.get("search") or "").strip()[:_LONGEST_SEARCH]
    keys = search_courses(connection, budget.policy.catalog_uuid, text, _SEARCHED)
    pairs = [(budget.policy.catalog_uuid, key) for key in keys]
    offers = find_offers(Session(connection), pairs, visit.now)
    found = [(offers[pair], _why_not(offers[pair], budget)) for pair in pairs if pair in offers]
    return Html("allocate-course.html", {"budget": budget, "found": found, "text": text})


@screens.post(f"{_PATH}/preview", owned=POLICY, changes_nothing=True)
def preview(visit: Visit, session: Session) -> Html:
    """Allocates, shows what came of it, and leaves nothing behind: so it is what will happen."""
    budget = _budget(visit, session.connection())
    offer = _offer(visit, session.connection(), visit.form.get("course"))
    text = visit.form.get("learners")
    pasted = read_addresses(text)
    try:
        price = _price(visit, offer)
    except ValueError as error:
        return _learners(budget, offer, text, str(error), 422)
    if not pasted.emails or len(pasted.emails) > MOST:
        return _learners(budget, offer, text, _wrong_number(pasted), 422)
    try:
        done = _allocate(visit, session, offer, pasted, price)
    except BudgetRefused as refused:
        return _learners(budget, offer, text, _sentence(refused), 422)
    after = find_summary(session.connection(), budget.uuid, visit.now)
    given = {
        "budget": budget,
        "offer": offer,
        "price": price,
        "rows": _rows(pasted, done, price),
        "pasted": pasted,
        "learners": "\n".join(pasted.emails),
        "number": len(done.created) + len(done.updated),
        "kept": len(done.no_change),
        "cost": price * (len(done.created) + len(done.updated)),
        "free_after": after.aggregates.spend_available_usd_cents,
    }
    return Html("allocate-preview.html", given)


@screens.post(_PATH, owned=POLICY, is_grave=True)
def confirm(visit: Visit, session: Session) -> Html | Goto:
    budget = _budget(visit, session.connection())
    offer = _offer(visit, session.connection(), visit.form.get("course"))
    text = visit.form.get("learners")
    pasted = read_addresses(text)
    if not 1 <= len(pasted.emails) <= MOST:
        return _learners(budget, offer, text, _wrong_number(pasted), 422)
    try:
        price = _price(visit, offer)
        done = _allocate(visit, session, offer, pasted, price)
    except BudgetRefused as refused:
        return _learners(budget, offer, text, _sentence(refused), 422)
    except ValueError as error:
        return _learners(budget, offer, text, str(error), 422)
    number = len(done.created) + len(done.updated)
    if visit.form.get("number") != str(number):
        changed = (
            f"The preview was for {visit.form.get('number')[:10]} people; now it would be "
            f"{number}. Nothing was allocated: look at the preview again."
        )
        return _learners(budget, offer, text, changed, 409)
    said = f"{offer.title} is allocated to {counted(number, 'person', 'people')}."
    path = f"{visit.base}/assignments?budget={budget.uuid}"
    return Goto(path, f"{said} They get a mail each.")


def _budget(visit: Visit, connection: Connection) -> Budget:
    """Raises Refused for one that assigns nothing."""
    policy = find_summary(connection, visit.target.uuid, visit.now)
    budget = budget_of(visit, policy, listed_configurations(connection, visit.enterprise.uuid))
    if not budget.can_assign:
        raise Refused(
            409,
            "This budget allocates nothing",
            f"{budget.title} is not in use, or learners take courses from it by themselves.",
            "Choose another budget.",
        )
    return budget


def _offer(visit: Visit, connection: Connection, key: str) -> Offer:
    """Raises Refused for a course that the catalog of the budget does not hold."""
    offer = find_offer(Session(connection), visit.target.catalog_uuid, key, visit.now)
    if offer is None:
        raise Refused(
            404,
            "This course is not in the catalog",
            "The catalog of this budget does not hold it, or does so no longer.",
            "Search for another course.",
        )
    return offer


def _price(visit: Visit, offer: Offer) -> int:
    """In cents. Raises ValueError with a sentence."""
    text = visit.form.get("price").replace(",", "").removeprefix("$").strip()
    if not text and offer.price_cents is not None:
        return offer.price_cents
    whole, _, fraction = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 9):
        raise ValueError("The price is an amount in dollars, such as 199.00.")
    if fraction and not (fraction.isascii() and fraction.isdigit() and len(fraction) <= 2):
        raise ValueError("The price has two digits after the point at most.")
    return int(whole) * 100 + int(fraction.ljust(2, "0"))


def _allocate(
    visit: Visit, session: Session, offer: Offer, pasted: Pasted, price: int
) -> Allocation:
    command = AllocateCourse(
        visit.enterprise.uuid,
        visit.target.uuid,
        offer.key,
        price,
        pasted.emails,
        visit.target.catalog_uuid,
    )
    tolerance = visit.settings.price_tolerance_percent
    return allocate(session, visit.actor, command, tolerance_percent=tolerance, at=visit.now)


def _rows(pasted: Pasted, done: Allocation, price: int) -> list[Row]:
    kinds = (
        (done.created, "New", "good", price),
        (done.updated, "Again, after it ended", "good", price),
        (done.no_change, "Has it already", "off", 0),
    )
    by_email = {
        item.learner_email: Row(item.learner_email, word, tone, cost)
        for items, word, tone, cost in kinds
        for item in items
    }
    same = "The same person as another row"
    rows = [by_email.get(email, Row(email, same, "off", 0)) for email in pasted.emails]
    return [*rows, *(Row(text, why, "bad", None) for text, why in pasted.wrong)]


def _wrong_number(pasted: Pasted) -> str:
    if not pasted.emails:
        return "There is no e-mail address in it. Type or paste at least one."
    return f"At most {MOST:,} people at once; these are {len(pasted.emails):,}."


def _sentence(refused: BudgetRefused) -> str:
    said = user_message(refused)
    if isinstance(refused, CostNotCovered):
        needed, left = money(refused.needed_cents), money(refused.available_cents)
        return f"{said} It needs {needed}, and {left} is free. Allocate to fewer people."
    if isinstance(refused, PriceOutOfBand):
        low, high = dollars(refused.band.minimum), dollars(refused.band.maximum)
        return f"{said} It may be from ${low} to ${high}."
    return said


def _why_not(offer: Offer, budget: Budget) -> str:
    """Why a course cannot be allocated; empty when it can."""
    if offer.closed_since is not None:
        return "Enrollment has ended"
    if offer.price_cents is not None and offer.price_cents > budget.free:
        return "Costs more than is free"
    return ""


def _learners(budget: Budget, offer: Offer, text: str, error: str = "", status: int = 200) -> Html:
    given: dict[str, Any] = {"budget": budget, "offer": offer, "learners": text, "error": error}
    return Html("allocate-learners.html", given, status)
