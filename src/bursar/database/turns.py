"""Takes the first rows of each group, so that a long queue of one group costs the others nothing.

A window over all rows would read and sort the whole queue for every batch. Here an index leads from
one group to the next, and to the first rows of each.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, Table, select, true


def groups_in(group: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]) -> CTE:
    """The values of `group` in rows that meet the conditions, as the column `value`; the last is
    null.

    It takes one look into an index for each group. The index begins with what the conditions
    compare, and `group` is next.
    """
    first = select(group).where(*conditions).order_by(group).limit(1).scalar_subquery()
    found = select(first.label("value")).cte("found", recursive=True)
    later = (
        select(group)
        .where(*conditions, group > found.c.value)
        .order_by(group)
        .limit(1)
        .correlate(found)
        .scalar_subquery()
    )
    return found.union_all(select(later).where(found.c.value.is_not(None)))


def first_of_each(
    dialect: str,
    groups: CTE,
    table: Table,
    columns: Sequence[ColumnElement[Any]],
    *,
    conditions: Sequence[ColumnElement[bool]],
    order: Sequence[ColumnElement[Any]],
    limit: ColumnElement[int],
) -> FromClause:
    """These columns of the first rows of each group, as many as `limit` says, with the group as the
    column `of`. The conditions compare with `groups.c.value`."""
    if dialect == "sqlite":
        # SQLite knows no lateral join. It looks up the rows by their ids, group by group.
        ids = select(table.c.id).where(*conditions).order_by(*order).limit(limit)
        again = table.alias("again")
        shown = [again.c[column.name] for column in columns]
        joined = groups.join(again, again.c.id.in_(ids.correlate(groups).scalar_subquery()))
        return select(groups.c.value.label("of"), *shown).select_from(joined).subquery("heads")
    first = select(*columns).where(*conditions).order_by(*order).limit(limit).lateral("first")
    joined = groups.join(first, true())
    return select(groups.c.value.label("of"), *first.c).select_from(joined).subquery("heads")
