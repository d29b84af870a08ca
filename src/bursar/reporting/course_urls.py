"""The URL of a course in the API: in the enterprise's oldest catalog that has the course."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select

from bursar.batches import batched
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.models import ContentItem
from bursar.catalog.membership.models import QueryMember
from bursar.database.bulk import is_any_of_given
from bursar.database.types import AnyRow

AT_ONCE: Final = 5_000
FEW: Final = 10
"""The number of courses that a usual page does not exceed."""
_IN_PATH: Final = "/+:@!$&'()*,;=~"

_catalogs: Final = Catalog.__table__
_members: Final = QueryMember.__table__
_items: Final = ContentItem.__table__
_HOLDINGS: Final = _items.join(
    _members, and_(_members.c.content_id == _items.c.id, _members.c.removed_at.is_(None))
).join(_catalogs, _catalogs.c.query_uuid == _members.c.query_uuid)


@lru_cache
def _holdings_of(dialect: str, *, is_few: bool) -> Select[Any]:
    # With a fixed number of keys in the statement, PostgreSQL can reuse one generic plan.
    few = _items.c.key.in_(bindparam("keys", expanding=True))
    chosen = few if is_few else is_any_of_given(dialect, _items.c.key, "keys")
    age = func.row_number().over(
        partition_by=_items.c.key, order_by=(_catalogs.c.created_at, _catalogs.c.uuid)
    )
    held = (
        select(_items.c.key, _catalogs.c.uuid, age.label("age"))
        .select_from(_HOLDINGS)
        .where(
            _items.c.content_type == ContentType.COURSE.value,
            chosen,
            _catalogs.c.enterprise_uuid == bindparam("enterprise_uuid"),
        )
        .subquery()
    )
    return select(held.c.key, held.c.uuid).where(held.c.age == 1)


def oldest_catalog(
    enterprise_uuid: ColumnElement[Any], course_key: ColumnElement[Any]
) -> ColumnElement[Any]:
    """The UUID of the catalog as an expression, for ordering."""
    return (
        select(_catalogs.c.uuid)
        .select_from(_HOLDINGS)
        .where(
            _items.c.content_type == ContentType.COURSE.value,
            _items.c.key == course_key,
            _catalogs.c.enterprise_uuid == enterprise_uuid,
        )
        .order_by(_catalogs.c.created_at, _catalogs.c.uuid)
        .limit(1)
        .scalar_subquery()
    )


class CourseUrls:
    """Looks up URLs of courses, many at a time, and remembers them. Use one for each answer
    only."""

    def __init__(self, connection: Connection, root: str, enterprise_uuid: UUID) -> None:
        self._connection = connection
        self._root = f"{root}/enterprise/v2/enterprise-catalogs"
        self._enterprise_uuid = enterprise_uuid
        self._known: dict[str | None, str | None] = {None: None}

    def of(self, course_keys: Iterable[str | None]) -> dict[str | None, str | None]:
        """The URL by course key, or None where no catalog has the course."""
        new = sorted({key for key in course_keys if key is not None and key not in self._known})
        for batch in batched(new, AT_ONCE):
            self._known |= dict.fromkeys(batch) | {
                row.key: self._url(row) for row in self._held(batch)
            }
        return self._known

    def _held(self, keys: Sequence[str]) -> Sequence[AnyRow]:
        is_few = len(keys) <= FEW
        statement = _holdings_of(self._connection.dialect.name, is_few=is_few)
        # The list is always filled up to the same length, so that there is only one statement.
        wanted = [*keys, *[keys[-1]] * (FEW - len(keys))]
        values = {"keys": wanted, "enterprise_uuid": self._enterprise_uuid}
        return self._connection.execute(statement, values).all()

    def _url(self, row: AnyRow) -> str:
        return f"{self._root}/{row.uuid}/courses/{quote(row.key, safe=_IN_PATH)}"
