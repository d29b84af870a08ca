"""Groups and their members, as identity providers push them."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from scim2_models import (
    ConflictException,
    InvalidValueException,
    Meta,
    Reference,
    SearchRequest,
)
from scim2_server.storage import SearchPage

from bursar.batches import batched
from bursar.groups import service
from bursar.groups.service import (
    ChangeMembers,
    GroupIsUsed,
    KnownGroup,
    TooManyGroups,
    UnknownGroup,
)
from bursar.learners.service import find_learners, get_learners
from bursar.scim.filters import Certain, certain_of
from bursar.scim.member_patches import MemberChanges
from bursar.scim.paging import page_by_database, page_of_matching, refuse_too_many
from bursar.scim.refusals import not_found, refuse_other_version
from bursar.scim.resources import Group, GroupMember, User, version_of
from bursar.scim.tenant import Tenant
from bursar.scim.texts import LONGEST_NAME, check_text, check_texts
from bursar.scim.user_rows import is_number

_BATCH: Final = 10_000


def get_group(tenant: Tenant, text: str, *, with_members: bool = True) -> Group:
    """Raises NotFoundException."""
    return _shown(tenant, [_find(tenant, text)], with_members=with_members)[0]


def search_groups(tenant: Tenant, request: SearchRequest[Any], *, with_members: bool) -> SearchPage:
    """Raises TooManyException."""
    connection = tenant.session.connection()
    if request.filter is None and request.sort_by is None:

        def fetch(start: int, size: int) -> Sequence[Group]:
            found = service.find_groups(connection, tenant.enterprise_uuid, start=start, size=size)
            return _shown(tenant, found, with_members=with_members)

        count = service.count_groups(connection, tenant.enterprise_uuid)
        return page_by_database(request, count, fetch)
    found = _candidates(tenant, certain_of(request))
    refuse_too_many(len(found))
    return page_of_matching(request, _shown(tenant, found, with_members=with_members))


def create_group(tenant: Tenant, resource: Group) -> Group:
    """Raises InvalidValueException and ConflictException."""
    session, name = tenant.session, str(resource.display_name)
    emails = _addresses(tenant, _ids_of(resource))
    try:
        created = service.create_group(
            session, tenant.actor, tenant.enterprise_uuid, _good_name(name), at=tenant.at
        )
    except TooManyGroups as refused:
        raise ConflictException(detail=str(refused)) from None
    _name_outside(tenant, created.uuid, resource)
    _change(tenant, created.uuid, emails, ())
    return get_group(tenant, str(created.uuid))


def update_group(tenant: Tenant, resource: Group, expected: str | None) -> Group:
    """Raises NotFoundException, PreconditionFailedException and InvalidValueException."""
    uuid = _locked(tenant, str(resource.id))
    stored = get_group(tenant, str(uuid))
    refuse_other_version(stored.meta, expected)
    name = _good_name(str(resource.display_name))
    service.rename_group(tenant.session, tenant.actor, uuid, name, at=tenant.at)
    _name_outside(tenant, uuid, resource)
    before, after = _ids_of(stored), _ids_of(resource)
    joining = _addresses(tenant, after - before)
    leaving = _addresses(tenant, before - after)
    _change(tenant, uuid, joining, leaving)
    return get_group(tenant, str(uuid))


def change_members(tenant: Tenant, text: str, changes: MemberChanges) -> None:
    """Raises NotFoundException, and InvalidValueException for somebody unknown who would join."""
    uuid = _locked(tenant, text)
    joining = _addresses(tenant, changes.joining)
    leaving = set(_known(tenant, changes.leaving).values())
    _change(tenant, uuid, joining, leaving - joining)


def delete_group(tenant: Tenant, text: str, expected: str | None) -> None:
    """Raises NotFoundException, PreconditionFailedException, and ConflictException while a budget
    is for the group."""
    uuid = _locked(tenant, text)
    refuse_other_version(get_group(tenant, text).meta, expected)
    try:
        service.delete_group(tenant.session, tenant.actor, uuid, at=tenant.at)
    except GroupIsUsed as refused:
        raise ConflictException(detail=str(refused)) from None


def _name_outside(tenant: Tenant, uuid: UUID, resource: Group) -> None:
    external_id = resource.external_id
    check_text(external_id or "", LONGEST_NAME)
    service.name_outside(tenant.session, uuid, external_id, at=tenant.at)


def _change(tenant: Tenant, uuid: UUID, joining: Collection[str], leaving: Collection[str]) -> None:
    if joining or leaving:
        command = ChangeMembers(add=sorted(joining), remove=sorted(leaving))
        service.change_members(tenant.session, tenant.actor, uuid, command, at=tenant.at)


def _find(tenant: Tenant, text: str) -> KnownGroup:
    uuids = _uuids(text)
    found = service.find_groups(tenant.session.connection(), tenant.enterprise_uuid, uuids=uuids)
    if not found:
        raise not_found(text)
    return found[0]


def _locked(tenant: Tenant, text: str) -> UUID:
    uuid = _find(tenant, text).uuid
    try:
        service.lock_group(tenant.session, uuid)
    except UnknownGroup:
        raise not_found(text) from None
    return uuid


def _uuids(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _candidates(tenant: Tenant, certain: Certain) -> list[KnownGroup]:
    identifier = certain.get("id")
    return service.find_groups(
        tenant.session.connection(),
        tenant.enterprise_uuid,
        uuids=None if identifier is None else _uuids(identifier),
        # What lower case is, databases see differently beyond ASCII.
        name=name if (name := certain.get("displayname")) and name.isascii() else None,
        external_id=certain.get("externalid"),
    )


def _shown(tenant: Tenant, groups: Sequence[KnownGroup], *, with_members: bool) -> list[Group]:
    uuids = [group.uuid for group in groups]
    members = _members(tenant, uuids) if with_members and uuids else {}
    return [_group_of(group, members.get(group.uuid, [])) for group in groups]


def _members(tenant: Tenant, uuids: Collection[UUID]) -> dict[UUID, list[int]]:
    """Members who are learners, and so users: the others nobody could name."""
    addresses = service.addresses_of_several(tenant.session.connection(), uuids)
    everybody = list(dict.fromkeys(email for several in addresses.values() for email in several))
    learners = find_learners(tenant.session, tenant.enterprise_uuid, everybody)
    return {
        uuid: sorted(learners[email].id for email in several if email in learners)
        for uuid, several in addresses.items()
    }


def _member(learner_id: int) -> GroupMember:
    place: Reference[User[Any]] = Reference(f"Users/{learner_id}")
    return GroupMember(value=str(learner_id), ref=place, type="User")


def _group_of(group: KnownGroup, members: Sequence[int]) -> Group:
    text = f"{group.modified_at.isoformat()} {members}"
    return Group(
        id=str(group.uuid),
        external_id=group.external_id,
        display_name=group.name,
        members=[_member(each) for each in members] or None,
        meta=Meta(
            resource_type="Group",
            created=group.created_at,
            last_modified=group.modified_at,
            version=version_of(text.encode()),
        ),
    )


def _ids_of(resource: Group) -> set[str]:
    return {str(member.value) for member in resource.members or [] if member.value}


def _addresses(tenant: Tenant, ids: Collection[str]) -> set[str]:
    """Of users of this enterprise. Raises InvalidValueException for others."""
    known = _known(tenant, ids)
    if unknown := sorted(each for each in ids if not is_number(each) or int(each) not in known):
        raise InvalidValueException(detail=f"No such user: {', '.join(unknown[:10])[:200]}")
    return set(known.values())


def _known(tenant: Tenant, ids: Collection[str]) -> dict[int, str]:
    """The address of each user of this enterprise."""
    numbers = [int(each) for each in ids if is_number(each)]
    known: dict[int, str] = {}
    for batch in batched(numbers, _BATCH):
        for learner in get_learners(tenant.session, batch).values():
            if learner.enterprise_uuid == tenant.enterprise_uuid:
                known[learner.id] = learner.email
    return known


def _good_name(name: str) -> str:
    name = name.strip()
    check_texts(name)
    if not 1 <= len(name) <= 255:
        raise InvalidValueException(detail="displayName has 1 to 255 characters.")
    return name
