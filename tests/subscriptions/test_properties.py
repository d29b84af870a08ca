"""Whatever is done in whatever order, the seats that were bought are all there."""

from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bursar.subscriptions.checks import check_subscriptions
from bursar.subscriptions.declared.refusals import PlanRefused
from bursar.subscriptions.licenses.refusals import (
    NoLiveLicense,
    NotEnoughLicenses,
    TooManyRevocations,
)
from testing.databases.lent import Lent
from testing.worlds import subscriptions as world

ADDRESSES = st.lists(st.sampled_from(world.emails(8)), min_size=1, max_size=8, unique=True)


class Plan(RuleBasedStateMachine):
    """Against a model that knows nothing but who holds what."""

    lent: ClassVar[Lent]

    def __init__(self) -> None:
        super().__init__()
        self.database = self.lent.database
        self.purchased = 5
        self.held: dict[str, str] = {}
        self.revoked_activated = 0

    @initialize()
    def begin(self) -> None:
        with self.database.transaction() as session:
            world.build(session)
            world.plan(
                session,
                num_licenses=self.purchased,
                is_revocation_cap_enabled=True,
                revoke_max_percentage=60,
            )

    @rule(addresses=ADDRESSES)
    def assign(self, addresses: list[str]) -> None:
        new = [email for email in addresses if email not in self.held]
        fits = len(new) <= self.purchased - len(self.held)
        try:
            with self.database.transaction() as session:
                done = world.assign(session, addresses, notify=False)
        except NotEnoughLicenses:
            assert not fits
            return
        assert fits
        assert [email for email, _ in done.licenses] == new
        self.held.update(dict.fromkeys(new, "assigned"))

    @rule(addresses=ADDRESSES)
    def activate(self, addresses: list[str]) -> None:
        with self.database.transaction() as session:
            world.activate(session, addresses)
        self.held.update({each: "activated" for each in addresses if each in self.held})

    @rule(addresses=ADDRESSES)
    def revoke(self, addresses: list[str]) -> None:
        activated = sum(self.held.get(each) == "activated" for each in addresses)
        allowed = -(-self.purchased * 60 // 100)
        try:
            with self.database.transaction() as session:
                world.revoke(session, addresses)
        except NoLiveLicense:
            assert any(each not in self.held for each in addresses)
        except TooManyRevocations:
            assert activated > allowed - self.revoked_activated
        else:
            self.revoked_activated += activated
            for each in addresses:
                del self.held[each]

    @rule(size=st.integers(0, 12))
    def resize(self, size: int) -> None:
        try:
            with self.database.transaction() as session:
                world.change(session, num_licenses=size)
        except PlanRefused:
            assert size < len(self.held)
        else:
            self.purchased = size

    @invariant()
    def every_seat_is_there(self) -> None:
        with self.database.transaction() as session:
            assert list(check_subscriptions(session)) == []
            held = {
                each.user_email: each.status
                for each in world.licenses_of(session, world.PLAN, "assigned", "activated")
            }
            if self.held or held:
                assert held == self.held
            free = world.licenses_of(session, world.PLAN, "unassigned")
            assert len(free) + len(held) == self.purchased

    def teardown(self) -> None:
        self.lent.take_back()


def test_every_seat_is_there_whatever_is_done(lent: Lent) -> None:
    looked = settings(max_examples=12 if lent.database.is_sqlite else 4, stateful_step_count=12)
    machine = type("PlanOfThisDatabase", (Plan,), {"lent": lent})
    run_state_machine_as_test(machine, settings=looked)
