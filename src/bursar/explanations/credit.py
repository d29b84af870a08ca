"""The rules of budgets in words. What they ask is in `bursar.credit.redemption.eligibility`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from bursar.clock import format_instant, last_moment
from bursar.credit.redemption.asked import Asked, Fact, Rule
from bursar.explanations.words import HAS_THE_SEAT, IS_FREE, is_paid, would_be_enrolled

Facts: TypeAlias = Mapping[str, Fact]


def fact_of(asked: Asked) -> str:
    holding, failing = _SENTENCES[asked.rule]
    return (holding if asked.refusal is None else failing)(asked.facts)


def cure_of(asked: Asked) -> str | None:
    if asked.refusal is None:
        return None
    return _CURES_OF_REASON.get(asked.refusal.reason) or _CURES[asked.rule]


def _always(text: str) -> Callable[[Facts], str]:
    return lambda _: text


def _dollars(facts: Facts, name: str) -> str:
    cents = facts[name]
    return f"${cents / 100:,.2f}" if isinstance(cents, int) else "no limit"


def _until(facts: Facts) -> str:
    end = facts["until"]
    return last_moment(end) if isinstance(end, datetime) else "for ever"


def _within(what: str) -> Callable[[Facts], str]:
    def sentence(facts: Facts) -> str:
        if facts["left"] is None:
            return f"{what} has no limit."
        price, left = _dollars(facts, "price"), _dollars(facts, "left")
        return f"The course costs {price}; {what[0].lower()}{what[1:]} has {left} left."

    return sentence


def _dates(facts: Facts) -> str:
    since = facts["since"]
    begin = format_instant(since) if isinstance(since, datetime) else "ever"
    return f"The subsidy behind the budget is active from {begin} until {_until(facts)}."


def _closed(facts: Facts) -> str:
    return "The budget is retired." if facts["retired"] else "The budget is not active."


def _state(facts: Facts) -> str:
    return f"The assignment is {facts['state']}."


def _expiry(facts: Facts) -> str:
    return f"The assignment can be redeemed until {_until(facts)}."


def _run(facts: Facts) -> str:
    if facts["run"] is None:
        return "The course has no run yet that takes anybody."
    return would_be_enrolled(facts["run"])


def _paid(facts: Facts) -> str:
    return is_paid(facts["run"], facts["source"])


def _spending(facts: Facts) -> str:
    if facts["limit"] is None:
        return "The budget does not limit what one learner spends."
    spent, price = _dollars(facts, "spent"), _dollars(facts, "price")
    return f"The learner has spent {spent} of {_dollars(facts, 'limit')}; the course costs {price}."


def _enrollments(facts: Facts) -> str:
    if facts["limit"] is None:
        return "The budget does not limit the enrollments of one learner."
    return f"The learner has {facts['enrollments']} of {facts['limit']} enrollments."


_Sentence: TypeAlias = Callable[[Facts], str]
_SENTENCES: Final[Mapping[Rule, tuple[_Sentence, _Sentence]]] = {
    Rule.LEARNER_KNOWN: (
        _always("The learner is known, or becomes known by this address."),
        _always("The enterprise knows no learner with this account."),
    ),
    Rule.BUDGET_IN_USE: (_always("The budget is active."), _closed),
    Rule.SUBSIDY_ACTIVE: (_dates, _dates),
    Rule.LEARNER_ACTIVE: (
        _always("The learner has not left."),
        _always("The identity provider says that the learner has left."),
    ),
    Rule.IN_GROUP: (
        _always("The learner is in a group that the budget is for."),
        _always("The budget is for groups, and the learner is in none of them."),
    ),
    Rule.ASSIGNED: (
        _always("The course is assigned to the learner."),
        _always("The budget pays for assigned courses only, and this one is not assigned."),
    ),
    Rule.ASSIGNMENT_WAITS: (_state, _state),
    Rule.ASSIGNMENT_NOT_EXPIRED: (_expiry, _expiry),
    Rule.CONTENT_IN_CATALOG: (
        _always("The course is in the catalog of the budget."),
        _always("The catalog of the budget does not hold the course."),
    ),
    Rule.ENROLLMENT_OPEN: (_run, _always("The enrollment deadline of the course has passed.")),
    Rule.SEAT_NOT_PAID: (_always(IS_FREE), _paid),
    Rule.PRICE_KNOWN: (
        lambda facts: f"The course costs {_dollars(facts, 'price')}.",
        _always("No price of the course is known."),
    ),
    Rule.LEARNER_SPEND_LIMIT: (_spending, _spending),
    Rule.LEARNER_ENROLLMENT_LIMIT: (_enrollments, _enrollments),
    Rule.SUBSIDY_BALANCE: (_within("The subsidy"), _within("The subsidy")),
    Rule.SPEND_LIMIT: (_within("The budget"), _within("The budget")),
}
_CURES_OF_REASON: Final[Mapping[str, str]] = {
    "already_enrolled": HAS_THE_SEAT,
    "redemption_in_progress": "Wait until the LMS has answered.",
    "assignment_expired": "Allocate the course to the learner again.",
}
_CURES: Final[Mapping[Rule, str]] = {
    Rule.LEARNER_KNOWN: "Ask with the learner's e-mail address, or declare the learner.",
    Rule.BUDGET_IN_USE: "Declare the budget as active and not retired, or use another budget.",
    Rule.SUBSIDY_ACTIVE: "Declare other dates of the subsidy, or use a budget of another one.",
    Rule.LEARNER_ACTIVE: "Let the identity provider activate the learner again.",
    Rule.IN_GROUP: "Add the learner to a group of the budget.",
    Rule.ASSIGNED: "Allocate the course to the learner.",
    Rule.ASSIGNMENT_WAITS: "Allocate the course to the learner again.",
    Rule.ASSIGNMENT_NOT_EXPIRED: "Allocate the course to the learner again.",
    Rule.CONTENT_IN_CATALOG: "Extend the filter of the budget's catalog, or choose another course.",
    Rule.ENROLLMENT_OPEN: (
        "Choose a course or run that is open, or permit late redemption in the budget."
    ),
    Rule.SEAT_NOT_PAID: HAS_THE_SEAT,
    Rule.PRICE_KNOWN: "Import the content with a price.",
    Rule.LEARNER_SPEND_LIMIT: "Raise per_learner_spend_limit, or use another budget.",
    Rule.LEARNER_ENROLLMENT_LIMIT: "Raise per_learner_enrollment_limit, or use another budget.",
    Rule.SUBSIDY_BALANCE: "Add money to the subsidy, or cancel assignments that nobody redeems.",
    Rule.SPEND_LIMIT: "Raise spend_limit, or cancel assignments that nobody redeems.",
}
