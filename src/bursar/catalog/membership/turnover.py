"""What came to be listed, and is listed no more, in the transaction under way.

Whoever changes the membership notes it here, and `catalogs.turnover` publishes it at the end of the
change: only then is it known what stays of several changes of one document.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.clock import NEVER

_KEY: Final = "catalog.turnover"


class ComeOrGone(StrEnum):
    """Why a catalog lists a document, or lists it no more."""

    SELECTED = "selected"
    """The filter selects it now: it is new, or it or the filter changed."""
    OPENED = "opened"
    """It was selected before, but not listed: it was unpublished or closed."""
    FILTERED = "filtered"
    DELETED = "deleted"
    UNPUBLISHED = "unpublished"
    CLOSED = "closed"


@dataclass(slots=True)
class _Change:
    was_listed: bool
    is_listed: bool
    reason: ComeOrGone


_Changes = dict[int, _Change]
"""By id of the document."""


@dataclass(slots=True)
class Turnover:
    of_queries: defaultdict[UUID, _Changes] = field(default_factory=lambda: defaultdict(dict))
    of_catalogs: defaultdict[UUID, _Changes] = field(default_factory=lambda: defaultdict(dict))
    """Of catalogs that came to serve another query."""


def note(session: Session, query_uuid: UUID, content_id: int, change: _Change) -> None:
    _note(turnover_of(session).of_queries[query_uuid], content_id, change)


def note_of_catalog(
    session: Session, catalog_uuid: UUID, content_ids: Iterable[int], *, come: bool
) -> None:
    """Of a catalog that serves another query, which selects them, or does not."""
    reason = ComeOrGone.SELECTED if come else ComeOrGone.FILTERED
    changes = turnover_of(session).of_catalogs[catalog_uuid]
    for content_id in content_ids:
        _note(changes, content_id, _Change(not come, come, reason))


def _note(changes: _Changes, content_id: int, change: _Change) -> None:
    """What was before the first change of a transaction, and what is after the last one."""
    known = changes.get(content_id)
    if known is not None:
        change.was_listed = known.was_listed
    changes[content_id] = change


def changed_listing(
    before: datetime | None, after: datetime | None, now: datetime, *, deleted: bool = False
) -> _Change | None:
    """Given until when a query listed a document, and lists it now; None while it does not select
    it. None when that changes nothing now."""
    was, is_listed = before is not None and before > now, after is not None and after > now
    if was is is_listed:
        return None
    if is_listed:
        return _Change(was, is_listed, ComeOrGone.SELECTED if before is None else ComeOrGone.OPENED)
    if after is None:
        return _Change(was, is_listed, ComeOrGone.DELETED if deleted else ComeOrGone.FILTERED)
    return _Change(was, is_listed, ComeOrGone.UNPUBLISHED if after == NEVER else ComeOrGone.CLOSED)


def turnover_of(session: Session) -> Turnover:
    found = session.info.get(_KEY)
    if not isinstance(found, Turnover):
        found = session.info[_KEY] = Turnover()
    return found


def take_turnover(session: Session) -> Turnover | None:
    """What was noted since it was taken last."""
    found = session.info.pop(_KEY, None)
    return found if isinstance(found, Turnover) else None


def listed_now(changes: _Changes, *, come: bool) -> dict[int, ComeOrGone]:
    """The documents that came, or went, with the reason."""
    return {
        content_id: change.reason
        for content_id, change in changes.items()
        if change.was_listed is not change.is_listed and change.is_listed is come
    }
