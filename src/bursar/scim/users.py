"""Users are made, changed and deleted: learners come, get other addresses, leave and come back."""

from typing import Any

from scim2_models import (
    ConflictException,
    InvalidValueException,
    SearchRequest,
    UniquenessException,
)
from scim2_server.storage import SearchPage
from sqlalchemy import delete, insert, select, update

from bursar.learners.commands import DeclaredLearner
from bursar.learners.models import ScimUser
from bursar.learners.service import find_learner, put_learners
from bursar.people.deactivation import deactivate_person, lock_what_is_given, reactivate_person
from bursar.people.refusals import AddressTaken, PersonRefused
from bursar.people.service import change_email
from bursar.scim.filters import certain_of
from bursar.scim.paging import page_by_database, page_of_matching, refuse_too_many
from bursar.scim.refusals import refuse_other_version
from bursar.scim.resources import User
from bursar.scim.tenant import Tenant
from bursar.scim.texts import LONGEST_NAME, check_text, check_texts
from bursar.scim.user_rows import (
    UNSAID,
    address_of,
    conditions_of,
    count_users,
    find_row,
    some_users,
    user_name_key,
    user_of,
)

_user = ScimUser.__table__.c
_OF_COLUMNS = frozenset({"id", "meta", "userName", "externalId", "active"})


def get_user(tenant: Tenant, text: str) -> User[Any]:
    """Raises NotFoundException."""
    return user_of(find_row(tenant, text))


def search_users(tenant: Tenant, request: SearchRequest[Any]) -> SearchPage:
    """Raises TooManyException."""
    if request.filter is None and request.sort_by is None:
        count = count_users(tenant)
        return page_by_database(
            request, count, lambda start, size: list(some_users(tenant, (), start, size))
        )
    try:
        conditions = conditions_of(certain_of(request))
    except LookupError:
        return SearchPage(0, [])
    count = count_users(tenant, *conditions)
    refuse_too_many(count)
    return page_of_matching(request, some_users(tenant, conditions, 0, count))


def create_user(tenant: Tenant, resource: User[Any]) -> User[Any]:
    """A learner who is known already becomes the user. Raises InvalidValueException and
    UniquenessException."""
    data = _checked({"active": True, **resource.model_dump()})
    email = _required_address(data)
    lock_what_is_given(tenant.session, tenant.enterprise_uuid)
    learner_id = _learner_for(tenant, str(data["userName"]), email)
    _refuse_taken_name(tenant, str(data["userName"]), learner_id)
    _refuse_told(tenant, learner_id)
    tenant.session.execute(delete(ScimUser).where(_user.learner_id == learner_id))
    row = {"learner_id": learner_id, "created_at": tenant.at, **_row(tenant, data)}
    tenant.session.connection().execute(insert(ScimUser), row)
    _set_active(tenant, learner_id, data["active"])
    return get_user(tenant, str(learner_id))


def update_user(tenant: Tenant, resource: User[Any], expected: str | None) -> User[Any]:
    """Raises NotFoundException, PreconditionFailedException, InvalidValueException,
    UniquenessException and ConflictException."""
    lock_what_is_given(tenant.session, tenant.enterprise_uuid)
    row = find_row(tenant, str(resource.id))
    refuse_other_version(user_of(row).meta, expected)
    data = _checked(resource.model_dump())
    _refuse_taken_name(tenant, str(data["userName"]), row.id)
    email = address_of(data)
    if email is not None and email != row.email:
        _change_email(tenant, row.email, email)
    values = _row(tenant, data)
    if row.user_name is None:
        values |= {"learner_id": row.id, "created_at": tenant.at}
        tenant.session.connection().execute(insert(ScimUser), values)
    else:
        told = update(ScimUser).where(_user.learner_id == row.id).values(values)
        tenant.session.connection().execute(told)
    _set_active(tenant, row.id, data.get("active"))
    return get_user(tenant, str(row.id))


def delete_user(tenant: Tenant, text: str, expected: str | None) -> None:
    """The learner is deactivated, and is no user until the identity provider says so again. Raises
    NotFoundException and PreconditionFailedException."""
    lock_what_is_given(tenant.session, tenant.enterprise_uuid)
    row = find_row(tenant, text)
    user = user_of(row)
    refuse_other_version(user.meta, expected)
    if row.user_name is None:
        values = {"learner_id": row.id, "created_at": tenant.at, **_row(tenant, user.model_dump())}
        tenant.session.connection().execute(insert(ScimUser), values)
    told = update(ScimUser).where(_user.learner_id == row.id).values(deleted_at=tenant.at)
    tenant.session.connection().execute(told)
    deactivate_person(tenant.session, tenant.actor, row.id, at=tenant.at)


def _checked(data: dict[str, Any]) -> dict[str, Any]:
    """Before the database is asked for any of it. Raises InvalidValueException."""
    check_texts(data)
    for name in ("userName", "externalId"):
        check_text(data.get(name) or "", LONGEST_NAME)
    return data


def _row(tenant: Tenant, data: dict[str, Any]) -> dict[str, Any]:
    # Of what the identity provider leaves out, nothing is made up later.
    others = {name: each for name, each in data.items() if name not in _OF_COLUMNS}
    if data.get("active") is None:
        others[UNSAID] = True
    return {
        "enterprise_uuid": tenant.enterprise_uuid,
        "user_name": data["userName"],
        "user_name_key": user_name_key(str(data["userName"])),
        "external_id": data.get("externalId"),
        "attributes": {"emails": [], **others},
        "modified_at": tenant.at,
        "deleted_at": None,
    }


def _required_address(data: dict[str, Any]) -> str:
    email = address_of(data)
    if email is None:
        raise InvalidValueException(
            detail="A user needs an e-mail address: in emails, or as the userName."
        )
    return email


def _learner_for(tenant: Tenant, user_name: str, email: str) -> int:
    """The learner with this address; else the one whose address is the user name, who gets it; else
    a new one."""
    session, enterprise_uuid = tenant.session, tenant.enterprise_uuid
    known = find_learner(session, enterprise_uuid, email=email)
    if known is None and (named := find_learner(session, enterprise_uuid, email=user_name)):
        _change_email(tenant, named.email, email)
        return named.id
    if known is None:
        declared = DeclaredLearner(email=email)
        put_learners(session, tenant.actor, enterprise_uuid, [declared], at=tenant.at)
        known = find_learner(session, enterprise_uuid, email=email)
    assert known is not None  # noqa: S101 - it is there now
    return known.id


def _change_email(tenant: Tenant, old: str, new: str) -> None:
    try:
        change_email(tenant.session, tenant.actor, tenant.enterprise_uuid, old, new, at=tenant.at)
    except AddressTaken as refused:
        raise UniquenessException(detail=str(refused)) from None
    except PersonRefused as refused:
        raise ConflictException(detail=str(refused)) from None


def _refuse_taken_name(tenant: Tenant, user_name: str, learner_id: int) -> None:
    key = user_name_key(user_name)
    statement = select(_user.learner_id).where(
        _user.enterprise_uuid == tenant.enterprise_uuid,
        _user.user_name_key == key,
        _user.deleted_at.is_(None),
        _user.learner_id != learner_id,
    )
    taken = tenant.session.connection().execute(statement).first()
    if taken is not None:
        raise UniquenessException(detail=f"The userName {user_name} is taken.")


def _refuse_told(tenant: Tenant, learner_id: int) -> None:
    mine = (_user.learner_id == learner_id) & _user.deleted_at.is_(None)
    if tenant.session.connection().execute(select(_user.learner_id).where(mine)).first():
        raise UniquenessException(detail="There is a user with this e-mail address.")


def _set_active(tenant: Tenant, learner_id: int, active: object) -> None:
    """None: what is not said stays as it is."""
    if active is None:
        return
    change = reactivate_person if active else deactivate_person
    change(tenant.session, tenant.actor, learner_id, at=tenant.at)
