"""What became of the demo's licences before its first start, told through the real services.

Only the dates are invented. Licences end up in every state, and the counts hold.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.demo.assignments import NEWCOMERS
from bursar.demo.parts import Document
from bursar.jobs.queue import JobQueue
from bursar.subscriptions.licenses import activation, revocation, service
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LicenseStatus

ACTOR: Final = Actor("demo")

_Event: TypeAlias = tuple[timedelta, Callable[[], None]]
"""How long ago, and what."""


@dataclass(frozen=True, slots=True)
class _Plan:
    database: Database
    enterprise_uuid: UUID
    uuid: UUID

    def assign(self, emails: Sequence[str]) -> None:
        with self.database.transaction() as session:
            service.assign(
                session,
                ACTOR,
                enterprise_uuid=self.enterprise_uuid,
                plan_uuid=self.uuid,
                wish=service.Wish(dict.fromkeys(emails), notify=False),
                now=clock.now(),
            )

    def activate(self, emails: Sequence[str]) -> None:
        with self.database.transaction() as session:
            rows = service.live_licenses(session, self.uuid, emails)
            uuids = [row.uuid for row in rows]
            activation.activate(session, ACTOR, self.enterprise_uuid, uuids, clock.now())

    def revoke(self, emails: Sequence[str]) -> None:
        with self.database.transaction() as session:
            revocation.revoke_emails(
                session,
                JobQueue(self.database),
                ACTOR,
                enterprise_uuid=self.enterprise_uuid,
                plan_uuid=self.uuid,
                emails=emails,
                now=clock.now(),
            )


def hand_out_licenses(database: Database, enterprise: Document, now: datetime) -> None:
    """Nothing when a licence was handed out already: what users did is theirs."""
    enterprise_uuid = UUID(enterprise["uuid"])
    with database.transaction() as session:
        if _is_any_given(session, enterprise_uuid):
            return
    current, pilot = (
        _Plan(database, enterprise_uuid, UUID(plan["uuid"]))
        for plan in enterprise["subscription_plans"]
    )
    emails = [learner["email"] for learner in enterprise["learners"]]
    events = [*_long_ago(pilot, emails), *_lately(current, emails)]
    for ago, happen in sorted(events, key=lambda event: event[0], reverse=True):
        with clock.frozen_at(now - ago):
            happen()


def _is_any_given(session: Session, enterprise_uuid: UUID) -> bool:
    given = select(License.uuid).where(
        License.enterprise_uuid == enterprise_uuid, License.status != LicenseStatus.UNASSIGNED
    )
    return session.scalars(given.limit(1)).first() is not None


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
