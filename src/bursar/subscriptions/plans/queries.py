"""Read paths of the subscription endpoints: a constant number of statements each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, func, select

from bursar.database.types import AnyRow
from bursar.subscriptions.plans.models import PlanRenewal, SubscriptionPlan

_plan, _renewal = SubscriptionPlan.__table__, PlanRenewal.__table__

_OF_ENTERPRISES: Final = _plan.c.enterprise_uuid.in_(bindparam("enterprises", expanding=True))
_ACTIVE: Final = (_OF_ENTERPRISES, _plan.c.is_active)
_CURRENT: Final = (
    *_ACTIVE,
    _plan.c.start_date <= bindparam("now", type_=_plan.c.start_date.type),
    _plan.c.expiration_date > bindparam("now", type_=_plan.c.start_date.type),
)
_any_renewal = _renewal.alias("any_renewal")
_HAS_RENEWALS: Final = exists().where(_any_renewal.c.enterprise_uuid == _plan.c.enterprise_uuid)


def _page_of_plans(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            *_plan.c,
            _renewal.c.effective_date.label("renewal_date"),
            _HAS_RENEWALS.label("has_renewals"),
            func.count().over().label("total"),
        )
        .select_from(
            _plan.outerjoin(
                _renewal,
                (_renewal.c.plan_uuid == _plan.c.uuid) & _renewal.c.processed_at.is_(None),
            )
        )
        .where(*conditions)
        .order_by(_plan.c.start_date.desc(), _plan.c.created_at.desc(), _plan.c.uuid)
        .offset(bindparam("skipped"))
        .limit(bindparam("size"))
    )


def _count_of_plans(*conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(_plan).where(*conditions)


# The statements are built once, because building one costs more time than running it.
_PAGES: Final = {True: _page_of_plans(*_ACTIVE), False: _page_of_plans(_OF_ENTERPRISES)}
_COUNTS: Final = {True: _count_of_plans(*_ACTIVE), False: _count_of_plans(_OF_ENTERPRISES)}
_CURRENT_PLAN: Final = _page_of_plans(*_CURRENT)


def page_of_plans(
    connection: Connection,
    enterprises: Sequence[UUID],
    *,
    only_active: bool,
    offset: int,
    limit: int,
) -> Sequence[AnyRow]:
    """A page of plans, the latest start first. Every row also has the length of the whole list."""
    values = {"enterprises": list(enterprises), "skipped": offset, "size": limit}
    rows: Sequence[AnyRow] = connection.execute(_PAGES[only_active], values).all()
    return rows


def count_plans(connection: Connection, enterprises: Sequence[UUID], *, only_active: bool) -> int:
    values = {"enterprises": list(enterprises)}
    return connection.execute(_COUNTS[only_active], values).scalar_one()


_ONE_PLAN: Final = _page_of_plans(_plan.c.uuid == bindparam("plan_uuid"))


def plan_row(connection: Connection, plan_uuid: UUID) -> AnyRow:
    """One plan as a row of the list. Raises NoResultFound."""
    values = {"plan_uuid": plan_uuid, "skipped": 0, "size": 1}
    return connection.execute(_ONE_PLAN, values).one()


def current_plan(
    connection: Connection, enterprises: Sequence[UUID], now: datetime
) -> Sequence[AnyRow]:
    """The current plan as one row, or no row."""
    values = {"enterprises": list(enterprises), "now": now, "skipped": 0, "size": 1}
    rows: Sequence[AnyRow] = connection.execute(_CURRENT_PLAN, values).all()
    return rows


_prior, _renewed = _plan.alias("prior"), _plan.alias("renewed")
_RENEWALS: Final = (
    select(
        _renewal.c.plan_uuid,
        _renewal.c.renewed_plan_uuid,
        _prior.c.start_date.label("prior_start"),
        _renewed.c.start_date.label("renewed_start"),
        func.coalesce(
            _renewed.c.expiration_date,
            _renewal.c.renewed_expiration_date,
            type_=_plan.c.expiration_date.type,
        ).label("expiration_date"),
    )
    .select_from(
        _renewal.join(_prior, _prior.c.uuid == _renewal.c.plan_uuid).outerjoin(
            _renewed, _renewed.c.uuid == _renewal.c.renewed_plan_uuid
        )
    )
    .where(_renewal.c.enterprise_uuid.in_(bindparam("enterprises", expanding=True)))
)


def renewals(connection: Connection, enterprises: Sequence[UUID]) -> Sequence[AnyRow]:
    """All renewals of the enterprises, because any may be part of a chain. `renewed_start` is null
    until the plan that follows exists."""
    rows: Sequence[AnyRow] = connection.execute(_RENEWALS, {"enterprises": list(enterprises)}).all()
    return rows
