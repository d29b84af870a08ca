"""Every cent: the ledger of a subsidy, and how a payment is taken back."""

from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.figures import money
from bursar.console.paging import page_number
from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Goto, Html, NotThere, Visit
from bursar.credit.policies.service import SubsidyBalance, ledger_page, list_subsidies
from bursar.credit.redemption.commands import ReverseRedemption
from bursar.credit.redemption.owned import ANY_TRANSACTION
from bursar.credit.redemption.refusals import TransactionNotCommitted
from bursar.credit.redemption.service import reverse
from bursar.credit.states import TransactionState
from bursar.database.engine import snapshot_on
from bursar.pages import PageRequest

screens: Final = Screens()
_REVERSE: Final = f"{OF_ENTERPRISE}/transactions/{{transaction_uuid:uuid}}/reverse"
WORDS: Final = {
    "deposit": ("Deposit", "good"),
    "redemption": ("Enrollment", "busy"),
    "reversal": ("Reversal", "off"),
    "adjustment": ("Adjustment", "wait"),
}


@screens.get(f"{OF_ENTERPRISE}/transactions")
def show_ledger(visit: Visit, connection: Connection) -> Html:
    wanted = PageRequest(ROWS, page_number(visit))
    with snapshot_on(connection):
        subsidies = list_subsidies(connection, visit.enterprise.uuid)
        if not subsidies:
            return Html("transactions-none.html")
        subsidy = _chosen(visit, subsidies)
        page, lines = ledger_page(connection, subsidy, wanted)
    given = {
        "subsidies": subsidies,
        "subsidy": subsidy,
        "page": page,
        "lines": [(line, *WORDS[line.kind]) for line in lines],
        "committed": TransactionState.COMMITTED.value,
    }
    return Html("transactions.html", given)


@screens.get(_REVERSE, owned=ANY_TRANSACTION)
def review_reversal(visit: Visit, _connection: Connection) -> Html:
    return _review(visit)


@screens.post(_REVERSE, owned=ANY_TRANSACTION, is_grave=True)
def take_back(visit: Visit, session: Session) -> Html | Goto:
    transaction = visit.target
    command = ReverseRedemption(visit.enterprise.uuid, transaction.uuid)
    try:
        reverse(session, visit.actor, command, at=visit.now)
    except TransactionNotCommitted as refused:
        return _review(visit, f"The payment is {refused.state} by now. Nothing was changed.")
    path = f"{visit.base}/transactions?subsidy={transaction.subsidy_uuid}"
    return Goto(path, f"{money(-transaction.quantity)} is back in the budget.")


def _review(visit: Visit, error: str = "") -> Html:
    can_reverse = visit.target.state == TransactionState.COMMITTED and not error
    given = {"transaction": visit.target, "can_reverse": can_reverse, "error": error}
    return Html("transaction-reverse.html", given, 409 if error else 200)


def _chosen(visit: Visit, subsidies: list[SubsidyBalance]) -> SubsidyBalance:
    """Raises NotThere for one of another enterprise."""
    wanted = visit.query.get("subsidy")
    if wanted is None:
        return subsidies[0]
    for subsidy in subsidies:
        if str(subsidy.uuid) == wanted:
            return subsidy
    raise NotThere
