"""What became of the demo's licenses before its first start, told through the real services.

Only the dates are invented. Licenses end up in every state, and the counts hold.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.demo.assignments import NEWCOMERS
from bursar.demo.parts import Document
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import ActivateLicenses, AssignLicenses, RevokeLicenses

ACTOR: Final = Actor("demo")

_Event: TypeAlias = tuple[timedelta, Callable[[datetime], None]]
"""How long ago, and what happened; it is called with the instant."""


@dataclass(frozen=True, slots=True)
class _Plan:
    database: Database
    enterprise_uuid: UUID
    uuid: UUID

    def assign(self, emails: Sequence[str], at: datetime) -> None:
        command = AssignLicenses(
            self.enterprise_uuid, self.uuid, dict.fromkeys(emails), notify=False
        )
        with self.database.transaction() as session:
            service.assign(session, ACTOR, command, at=at)

    def activate(self, emails: Sequence[str], at: datetime) -> None:
        with self.database.transaction() as session:
            found = service.find_live_licenses(session, self.uuid, emails)
            uuids = [license_.license_uuid for license_ in found]
            command = ActivateLicenses(self.enterprise_uuid, uuids)
            service.activate_several(session, ACTOR, command, at=at)

    def revoke(self, emails: Sequence[str], at: datetime) -> None:
        command = RevokeLicenses(self.enterprise_uuid, self.uuid, emails)
        with self.database.transaction() as session:
            service.revoke(session, ACTOR, command, at=at)


def hand_out_licenses(database: Database, enterprise: Document, now: datetime) -> None:
    """Nothing when a license was handed out already: what users did is theirs."""
    enterprise_uuid = UUID(enterprise["uuid"])
    with database.transaction() as session:
        if service.is_any_assigned(session, enterprise_uuid):
            return
    current, pilot = (
        _Plan(database, enterprise_uuid, UUID(plan["uuid"]))
        for plan in enterprise["subscription_plans"]
    )
    emails = [learner["email"] for learner in enterprise["learners"]]
    events = [*_long_ago(pilot, emails), *_lately(current, emails)]
    for ago, happen in sorted(events, key=lambda event: event[0], reverse=True):
        happen(now - ago)


def _long_ago(plan: _Plan, emails: Sequence[str]) -> Iterator[_Event]:
    """Within the months of the pilot, which is over."""
    yield timedelta(days=490), partial(plan.assign, emails[:18])
    yield timedelta(days=470), partial(plan.activate, emails[:15])
    yield timedelta(days=300), partial(plan.revoke, emails[14:16])


def _lately(plan: _Plan, emails: Sequence[str]) -> Iterator[_Event]:
    yield timedelta(days=115), partial(plan.assign, emails[:20])
    yield timedelta(days=112), partial(plan.activate, emails[:16])
    yield timedelta(days=60), partial(plan.assign, emails[20:28])
    yield timedelta(days=55), partial(plan.activate, emails[20:24])
    yield timedelta(days=30), partial(plan.revoke, [emails[2], emails[18]])
    yield timedelta(days=4), partial(plan.assign, NEWCOMERS)
