"""Whose turn it is: the statements that find what is due, an enterprise and a target at a time."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Table,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
)

from bursar.database.turns import first_of_each, groups_in
from bursar.delivery.models import Channel, Delivery
from bursar.delivery.rules import TOO_FAR_AHEAD
from bursar.identity.service import SUSPENDED

_TABLE: Final = cast("Table", Delivery.__table__)
_ROW: Final = _TABLE.c


def parameters(
    channel: Channel,
    now: datetime,
    limit: int,
    *,
    kinds: Sequence[str] | None = None,
    per_target: int | None = None,
    after: UUID | None = None,
) -> dict[str, object]:
    """For the statements of this module."""
    values: dict[str, object] = {
        "of_channel": channel.value,
        "now": now,
        "too_far": now + TOO_FAR_AHEAD,
        "most": limit,
        "most_of_each": limit if per_target is None else min(limit, per_target),
    }
    if kinds is not None:
        values["kinds"] = list(kinds)
    if per_target is not None:
        values["per_target"] = per_target
    if after is not None:
        values["after"] = after
    return values


@lru_cache(maxsize=8)
def any_due(dialect: str, *, of_mail: bool, has_kinds: bool) -> Select[Any]:
    heads = _heads(dialect, of_mail=of_mail, has_kinds=has_kinds)
    return select(heads.c.id).limit(1)


@lru_cache(maxsize=16)
def due_by_turns(
    dialect: str, *, of_mail: bool, has_kinds: bool, is_limited: bool, goes_on: bool
) -> Select[Any]:
    """The first due delivery of each enterprise, then the second of each, and so on; those of one
    enterprise in turn by their targets. Rows that another worker is leasing now are skipped instead
    of waited for."""
    heads = _heads(dialect, of_mail=of_mail, has_kinds=has_kinds)
    turn = func.row_number().over(
        partition_by=heads.c.of, order_by=(heads.c.next_attempt_at, heads.c.id)
    )
    turns = select(*heads.c, turn.label("turn")).subquery("turns")
    place = func.row_number().over(
        partition_by=turns.c.enterprise_uuid,
        order_by=(turns.c.turn, turns.c.next_attempt_at, turns.c.id),
    )
    chosen = select(turns.c.id, place.label("place"))
    if is_limited:
        chosen = chosen.where(
            turns.c.turn + _leased_now(turns, of_mail=of_mail) <= bindparam("per_target")
        )
    places = chosen.subquery("places")
    return (
        select(*_ROW)
        .join(places, places.c.id == _ROW.id)
        # Again, because another worker may have changed the row since it was found.
        .where(_is_still_pending(), *_free())
        .order_by(places.c.place, *_next_in_turn(goes_on=goes_on), _ROW.next_attempt_at, _ROW.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=_TABLE)
    )


def _next_in_turn(*, goes_on: bool) -> list[ColumnElement[Any]]:
    """The enterprises after the last one in their order, and then from the beginning."""
    if not goes_on:
        return []
    has_had_its_turn = case((_ROW.enterprise_uuid > bindparam("after"), 0), else_=1)
    return [has_had_its_turn, _ROW.enterprise_uuid]


def _heads(dialect: str, *, of_mail: bool, has_kinds: bool) -> FromClause:
    party = _party(_ROW, of_mail=of_mail)
    parties = groups_in(party, _pending(of_mail=of_mail))
    return first_of_each(
        dialect,
        parties,
        _TABLE,
        [_ROW.id, _ROW.enterprise_uuid, _ROW.next_attempt_at],
        conditions=[
            *_pending(of_mail=of_mail),
            party == parties.c.value,
            *_due(has_kinds=has_kinds),
        ],
        order=[_ROW.next_attempt_at, _ROW.id],
        limit=bindparam("most_of_each"),
    )


def _party(row: Any, *, of_mail: bool) -> ColumnElement[Any]:
    """Whose turn it waits for: its target's, and for a mail its enterprise's."""
    party: ColumnElement[Any] = row.enterprise_uuid if of_mail else row.target_uuid
    return party


def _pending(*, of_mail: bool) -> list[ColumnElement[bool]]:
    target = _ROW.target_uuid
    return [
        # PostgreSQL uses a partial index only for the literal condition of the index.
        _ROW.status == literal_column("'pending'"),
        target.is_(None) if of_mail else target.is_not(None),
        _ROW.channel == bindparam("of_channel"),
    ]


def _is_still_pending() -> ColumnElement[bool]:
    # Written so that no index of pending rows serves it: without fresh statistics PostgreSQL would
    # go through all of these for each row that was found, instead of finding the row by its id.
    nothing: ColumnElement[str] = literal_column("''")
    return _ROW.status.concat(nothing) == literal_column("'pending'")


def _due(*, has_kinds: bool) -> list[ColumnElement[bool]]:
    due = [_reached(_ROW.next_attempt_at), *_free()]
    if has_kinds:
        due.append(_ROW.kind.in_(bindparam("kinds", expanding=True)))
    return due


def _free() -> list[ColumnElement[bool]]:
    return [
        or_(_ROW.claimed_until.is_(None), _reached(_ROW.claimed_until)),
        # Nothing is sent for these: what is queued waits.
        _ROW.enterprise_uuid.not_in(SUSPENDED),
    ]


def _reached(column: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(column <= bindparam("now"), column > bindparam("too_far"))


def _leased_now(turns: FromClause, *, of_mail: bool) -> ColumnElement[int]:
    """How many deliveries of the same party workers have now."""
    leased = _TABLE.alias("leased")
    return (
        select(func.count())
        .select_from(leased)
        .where(
            leased.c.status == literal_column("'pending'"),
            leased.c.claimed_until.is_not(None),
            leased.c.channel == bindparam("of_channel"),
            _party(leased.c, of_mail=of_mail) == turns.c.of,
            leased.c.claimed_until > bindparam("now"),
            leased.c.claimed_until <= bindparam("too_far"),
        )
        .correlate(turns)
        .scalar_subquery()
    )
