from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.credit.redemption.asking import can_redeem
from bursar.credit.redemption.commands import Asking
from bursar.database.engine import Database
from testing.databases.statements import statements_of
from testing.worlds.budgets import COURSE, NOW, PRICED, open_budget
from testing.worlds.catalog import ENTERPRISE


def test_contents_are_looked_up_once_for_all_budgets(database: Database) -> None:
    assigning = open_budget(database)
    assigning.assign(key=COURSE)
    paying = assigning.sibling(policy_type=PER_LEARNER_SPEND, active=False)
    asking = Asking(ENTERPRISE, [COURSE, PRICED, "edX+Elsewhere"], "ana@example.com")
    with database.read() as connection, statements_of(database) as sent:
        answers = can_redeem(connection, asking, at=NOW)
    assert len([statement for statement in sent if "query_members" in statement]) == 1
    assert [answer.policy_uuid for answer in answers] == [assigning.policy_uuid, None, None]
    paying.change_policy(active=True)
    with database.read() as connection:
        answers = can_redeem(connection, asking, at=NOW)
    budgets = [assigning.policy_uuid, paying.policy_uuid, None]
    assert [answer.policy_uuid for answer in answers] == budgets
