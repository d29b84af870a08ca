"""Until when a member of a query was listed last: what a client that has a copy must be told of."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal

from bursar.catalog.membership.models import QueryMember

_member = QueryMember.__table__.c


def is_listed(now: datetime) -> ColumnElement[bool]:
    """Condition on rows of QueryMember."""
    return and_(_member.removed_at.is_(None), _member.active_until > now)


def last_listed(now: datetime) -> ColumnElement[Any]:
    """An instant for each row of QueryMember: `now` when it is listed, and the past otherwise.

    What a row says holds from `changed_at` to `removed_at`; before that, it was as listed_until
    says. Rows of an older release do not say it: they may have been listed until they changed.
    """
    end = func.coalesce(_member.removed_at, literal(now, _member.removed_at.type))
    was_listed = _member.active_until > _member.changed_at
    return case(
        (and_(was_listed, _member.active_until < end), _member.active_until),
        (was_listed, end),
        else_=func.coalesce(_member.listed_until, _member.changed_at),
    )
