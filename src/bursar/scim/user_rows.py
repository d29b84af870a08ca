"""Learners as SCIM users: read, whether an identity provider has told of them or not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from scim2_models import Meta, default_comparison_key
from scim2_models import Path as ScimPath
from sqlalchemy import ColumnElement, Select, func, or_, select

from bursar.database.types import AnyRow
from bursar.emails import NOBODY, checked, normalised
from bursar.learners.models import Learner, ScimUser
from bursar.scim.filters import Certain
from bursar.scim.refusals import not_found
from bursar.scim.resources import User, UserModel, version_of
from bursar.scim.tenant import Tenant

LARGEST_ID: Final = 2**63 - 1
UNSAID: Final = "isActiveUnsaid"
"""Among the stored attributes: whether the identity provider took `active` away. The learner stays
as the learner was, and the attribute is not shown."""
_learner, _user = Learner.__table__.c, ScimUser.__table__.c
_USER_NAME: Final = ScimPath[User[Any]]("userName").resolve()
_COLUMNS: Final = (
    _learner.id,
    _learner.email,
    _learner.deactivated_at,
    _learner.created_at,
    _learner.modified_at,
    _user.user_name,
    _user.external_id,
    _user.attributes,
    _user.modified_at.label("told_at"),
)


def users(tenant: Tenant, *conditions: ColumnElement[bool]) -> Select[Any]:
    joined = Learner.__table__.outerjoin(ScimUser.__table__, _user.learner_id == _learner.id)
    return (
        select(*_COLUMNS)
        .select_from(joined)
        .where(
            _learner.enterprise_uuid == tenant.enterprise_uuid,
            _learner.email.not_like(f"%{NOBODY}"),
            _user.deleted_at.is_(None),
            *conditions,
        )
    )


def user_name_key(text: str) -> str:
    """As user names are compared."""
    assert _USER_NAME is not None  # noqa: S101 - the schema declares it
    return default_comparison_key(_USER_NAME, text)


def has_id(text: str) -> ColumnElement[bool]:
    """Raises NotFoundException for what can be nobody's."""
    if not is_number(text):
        raise not_found(text)
    return _learner.id == int(text)


def is_number(text: str) -> bool:
    """Whether it can be somebody's id."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_ID


def find_row(tenant: Tenant, text: str) -> AnyRow:
    """Raises NotFoundException."""
    row = tenant.session.connection().execute(users(tenant, has_id(text))).one_or_none()
    if row is None:
        raise not_found(text)
    return row


def count_users(tenant: Tenant, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(users(tenant, *conditions).subquery())
    count: int = tenant.session.connection().execute(counted).scalar_one()
    return count


def some_users(
    tenant: Tenant, conditions: Sequence[ColumnElement[bool]], start: int, size: int
) -> Iterator[User[Any]]:
    ordered = users(tenant, *conditions).order_by(_learner.id).offset(start).limit(size)
    for row in tenant.session.connection().execute(ordered):
        yield user_of(row)


def conditions_of(certain: Certain) -> list[ColumnElement[bool]]:
    """What users must be like, as far as columns with an index say it."""
    found: list[ColumnElement[bool]] = []
    if (name := certain.get("username")) is not None:
        never_told = _user.user_name_key.is_(None) & (_learner.email == normalised(name))
        found.append(or_(_user.user_name_key == user_name_key(name), never_told))
    if (external_id := certain.get("externalid")) is not None:
        found.append(_user.external_id == external_id)
    if (text := certain.get("id")) is not None:
        found.append(has_id(text))
    return found


def user_of(row: AnyRow) -> User[Any]:
    data: dict[str, Any] = {
        "userName": row.email,
        **(row.attributes or {"emails": [{"value": row.email, "type": "work", "primary": True}]}),
        "id": str(row.id),
        "active": row.deactivated_at is None,
    }
    if data.pop(UNSAID, False):
        del data["active"]
    if row.user_name is not None:
        data |= {"userName": row.user_name, "externalId": row.external_id}
    _correct_address(data, row.email)
    resource: User[Any] = UserModel.model_validate(data)
    resource.meta = Meta(
        resource_type="User",
        created=row.created_at,
        last_modified=max(filter(None, (row.modified_at, row.told_at))),
        # Whatever changes what is shown, here or elsewhere, changes it.
        version=version_of(msgspec.json.encode(data, order="deterministic")),
    )
    return resource


def _correct_address(data: dict[str, Any], email: str) -> None:
    """The address may have been changed elsewhere, after the identity provider told of it."""
    entries = data.get("emails") or []
    if entries and email not in {normalised(str(each.get("value", ""))) for each in entries}:
        changed = main_entry(entries) | {"value": email}
        data["emails"] = [changed, *(each for each in entries if each is not main_entry(entries))]


def main_entry(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The primary address, else the one for work, else the first."""
    for is_main in (lambda each: each.get("primary"), lambda each: each.get("type") == "work"):
        for each in filter(is_main, entries):
            return each
    return entries[0]


def address_of(data: Mapping[str, Any]) -> str | None:
    """The address of the learner that a user is; None when the user has none."""
    entries = [each for each in data.get("emails") or [] if each.get("value")]
    given = str(main_entry(entries)["value"]) if entries else str(data.get("userName") or "")
    try:
        return normalised(checked(given))
    except ValueError:
        return None
