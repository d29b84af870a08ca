"""Licenses that are adopted, in whichever state they are. They make no news: nobody is sent a mail
about what happened long ago, and a plan may have a million of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.database.bulk import bulk_insert, is_any_of
from bursar.database.doors import Door, opened
from bursar.database.types import AnyRow
from bursar.declarations import AdoptionOutcome
from bursar.subscriptions.adopted.commands import AdoptedLicense, AdoptionRefused
from bursar.subscriptions.licenses.models import License
from bursar.subscriptions.licenses.states import LIVE
from bursar.subscriptions.plans.models import SubscriptionPlan

BATCH: Final = 5_000

_FIELDS: Final = tuple(AdoptedLicense.__dataclass_fields__)
_columns: Final = License.__table__.c
_STORED: Final = select(
    _columns.plan_uuid, *(_columns[name] for name in _FIELDS), _columns.is_ending
)


class LicenseAdoption:
    """Puts the licenses of a plan that this transaction has locked.

    Of a plan that was adopted before, all batches are given to `make_room` first: a license that
    lost its learner must be out of the way before another one of the learner comes.
    """

    def __init__(self, session: Session, enterprise_uuid: UUID, plan_uuid: UUID) -> None:
        self._session = session
        self._enterprise_uuid = enterprise_uuid
        self._plan_uuid = plan_uuid
        self._changed: set[UUID] = set()

    def make_room(self, licenses: Sequence[AdoptedLicense]) -> None:
        """Takes away the licenses that differ; `put` writes them anew. Raises AdoptionRefused."""
        stored = self._stored(licenses)
        gone = [
            each.uuid for each in licenses if _outcome(each, stored.get(each.uuid)) == "changed"
        ]
        self._changed.update(gone)
        for batch in batched(gone, BATCH):
            statement = delete(License).where(is_any_of(self._session, License.uuid, batch))
            self._session.connection().execute(statement)

    def put(self, licenses: Sequence[AdoptedLicense]) -> Counter[AdoptionOutcome]:
        """Answers how many came to what. Raises AdoptionRefused."""
        stored = self._stored(licenses)
        outcomes = {each.uuid: _outcome(each, stored.get(each.uuid)) for each in licenses}
        new = [each for each in licenses if outcomes[each.uuid] == "created"]
        with opened(self._session, Door.ADOPTION):
            bulk_insert(self._session, License, [self._row(each) for each in new])
        for uuid in self._changed.intersection(outcomes):
            outcomes[uuid] = "changed"
        return Counter(outcomes.values())

    def _row(self, each: AdoptedLicense) -> dict[str, Any]:
        row = {name: getattr(each, name) for name in _FIELDS}
        return row | {
            "enterprise_uuid": self._enterprise_uuid,
            "plan_uuid": self._plan_uuid,
            "is_ending": False,
        }

    def _stored(self, licenses: Sequence[AdoptedLicense]) -> dict[UUID, AnyRow]:
        statement = _STORED.where(
            is_any_of(self._session, License.uuid, [each.uuid for each in licenses])
        )
        rows = self._session.connection().execute(statement).all()
        for row in rows:
            if row.plan_uuid != self._plan_uuid:
                raise AdoptionRefused(f"license {row.uuid} is one of plan {row.plan_uuid} here")
        return {row.uuid: row for row in rows}


def _outcome(adopted: AdoptedLicense, stored: AnyRow | None) -> AdoptionOutcome:
    if stored is None:
        return "created"
    if stored.modified_at > adopted.modified_at:
        return "kept"
    is_same = all(getattr(stored, name) == getattr(adopted, name) for name in _FIELDS)
    return "unchanged" if is_same else "changed"


def find_licenses(
    session: Session, enterprise_uuid: UUID, uuids: Sequence[UUID]
) -> dict[UUID, bool]:
    """Those of these licenses that the enterprise has, and whether each pays by itself: one that
    does not may have been renewed into one that does. One statement for 5,000."""
    found: dict[UUID, bool] = {}
    for batch in batched(uuids, BATCH):
        statement = (
            select(_columns.uuid, _columns.status, SubscriptionPlan.wound_up_at)
            .join(SubscriptionPlan, SubscriptionPlan.uuid == _columns.plan_uuid)
            .where(
                is_any_of(session, License.uuid, batch), _columns.enterprise_uuid == enterprise_uuid
            )
        )
        for row in session.connection().execute(statement):
            found[row.uuid] = row.status in LIVE and row.wound_up_at is None
    return found
