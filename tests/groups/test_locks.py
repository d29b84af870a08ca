"""Who may spend a budget is decided under its lock, and under those of its groups."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from bursar.credit.checks import check_credit
from bursar.credit.policies.commands import PutPolicy
from bursar.credit.policies.service import lock_enterprise, put_policy
from bursar.credit.policy_types import PER_LEARNER_SPEND
from bursar.credit.refusals import NotInGroup
from bursar.database.engine import Database
from bursar.groups.models import GroupMember, GroupOfPolicy
from bursar.groups.service import (
    ChangeMembers,
    DeclaredGroup,
    change_members,
    delete_group,
    put_group,
)
from testing.databases.composed import composed
from testing.worlds.budgets import ACTOR, NOW, PRICED, Budget, open_budget
from testing.worlds.catalog import ENTERPRISE

ANA, BEN = "ana@example.com", "ben@example.com"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = composed(database_url, pool_size=5)
    yield database
    database.dispose()


@pytest.fixture
def budget(database: Database) -> Budget:
    return open_budget(database, policy_type=PER_LEARNER_SPEND)


def group_of(database: Database, *members: str) -> UUID:
    uuid = uuid4()
    with database.transaction() as session:
        group = DeclaredGroup(uuid=uuid, enterprise_uuid=ENTERPRISE, name="Any", members=members)
        put_group(session, ACTOR, group, at=NOW)
    return uuid


def limit(budget: Budget, *groups: UUID) -> Callable[[Any], None]:
    def put(session: Any) -> None:
        lock_enterprise(session, ENTERPRISE)
        policy = PutPolicy(uuid=budget.policy_uuid, enterprise_uuid=ENTERPRISE, groups=groups)
        put_policy(session, ACTOR, policy, at=NOW)

    return put


def is_refused_after(budget: Budget, change: Callable[[Any], None]) -> None:
    """A redemption of Ben's that comes while the change is not committed yet."""
    with ThreadPoolExecutor(1) as pool:
        with budget.database.transaction() as session:
            change(session)
            redeeming = pool.submit(budget.redeem, BEN, key=PRICED)
            with pytest.raises(TimeoutError):
                redeeming.result(timeout=0.2)
        with pytest.raises(NotInGroup):
            redeeming.result(timeout=30)
    assert budget.figures[0] == 0


def test_a_redemption_that_waited_sees_the_groups(database: Database, budget: Budget) -> None:
    group = group_of(database, ANA)
    is_refused_after(budget, limit(budget, group))


def test_a_redemption_waits_for_who_leaves(database: Database, budget: Budget) -> None:
    group = group_of(database, ANA, BEN)
    with database.transaction() as session:
        limit(budget, group)(session)

    def leave(session: Any) -> None:
        change_members(session, ACTOR, group, ChangeMembers(remove=[BEN]), at=NOW)

    is_refused_after(budget, leave)
    budget.redeem(ANA, key=PRICED)


def test_a_policy_gets_no_group_that_is_being_deleted(database: Database, budget: Budget) -> None:
    group = group_of(database)

    def limiting() -> None:
        with database.transaction() as session:
            limit(budget, group)(session)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            delete_group(session, ACTOR, group, at=NOW)
            waiting = pool.submit(limiting)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        with pytest.raises(Exception, match="no such group"):
            waiting.result(timeout=30)


def test_the_database_itself_keeps_enterprises_apart(database: Database, budget: Budget) -> None:
    group, stranger = group_of(database), uuid4()
    row = {"group_uuid": group, "enterprise_uuid": stranger}
    for model, values in (
        (GroupMember, {**row, "email": ANA, "created_at": NOW}),
        (GroupMember, {**row, "enterprise_uuid": ENTERPRISE, "email": "", "created_at": NOW}),
        (GroupOfPolicy, {**row, "policy_uuid": budget.policy_uuid}),
    ):
        with pytest.raises(IntegrityError), database.transaction() as session:
            session.execute(insert(model).values(values))


def test_the_check_finds_what_disagrees(database: Database, budget: Budget) -> None:
    group = group_of(database, ANA)
    with database.transaction() as session:
        row = {"policy_uuid": budget.policy_uuid, "group_uuid": group}
        session.execute(insert(GroupOfPolicy).values({**row, "enterprise_uuid": ENTERPRISE}))
        found = list(check_credit(session))
        assert found == [
            f"subsidy_access_policies: {budget.policy_uuid}: "
            "is_for_groups says otherwise than its groups"
        ]
