"""Groups over HTTP, and who is in them."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Self, TypeAlias
from uuid import UUID

import msgspec
from pydantic import Field, model_validator
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.groups import service
from bursar.groups.owned import ENTERPRISE, GROUP, GROUP_OR_DELETED, EnterpriseTarget, GroupTarget
from bursar.groups.service import (
    ChangeMembers,
    GroupIsUsed,
    GroupView,
    MemberItem,
    NoAddresses,
    TooManyGroups,
    UnknownGroup,
)
from bursar.pages import PageRequest
from bursar.web.call import Answer
from bursar.web.endpoint import Link
from bursar.web.errors import ApiError, BusinessRule, NotFound, Refusal
from bursar.web.fields import MOST_ITEMS, EmailAddress, Text, Visible
from bursar.web.negotiation import Format
from bursar.web.query import IDENTIFIER, PageNumber, Query, size_of_page
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Refusals, Routes
from bursar.web.validation import Body, problem

PATH: Final = "/enterprise/v1/groups"
GROUP_PATH: Final = f"{PATH}/{{group_uuid:uuid}}"
MEMBERS_PATH: Final = f"{GROUP_PATH}/members"


def _in_use(refused: GroupIsUsed) -> ApiError:
    body = {"detail": str(refused), "policy_uuids": list(map(str, refused.policies))}
    return ApiError(422, body)


REFUSALS: Final[Refusals] = {
    UnknownGroup: lambda _refused: NotFound(),
    TooManyGroups: lambda refused: BusinessRule(str(refused)),
    GroupIsUsed: _in_use,
}
routes: Final = Routes("groups", REFUSALS)
OwnedEnterprise: TypeAlias = Annotated[EnterpriseTarget, ENTERPRISE]
OwnedGroup: TypeAlias = Annotated[GroupTarget, GROUP]
OwnedOrDeleted: TypeAlias = Annotated[GroupTarget, GROUP_OR_DELETED]

GroupName = Annotated[Text, Visible]
Addresses = Annotated[list[EmailAddress], Field(max_length=MOST_ITEMS)]


class EnterpriseQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[UUID, IDENTIFIER, "The enterprise."]


class GroupListQuery(EnterpriseQuery, frozen=True, kw_only=True):
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=20, maximum=100), "Groups on a page, up to 100."
    ] = 20


class MemberListQuery(Query, frozen=True, kw_only=True):
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=100, maximum=10_000), "Members on a page, up to 10,000."
    ] = 100


class GroupBody(Body):
    name: GroupName


class MembersBody(Body):
    add: Addresses = Field(default_factory=list)
    remove: Addresses = Field(default_factory=list)

    @model_validator(mode="after")
    def _asks_for_what_can_be(self) -> Self:
        if not 1 <= len(self.add) + len(self.remove) <= MOST_ITEMS:
            raise problem(f"Give 1 to {MOST_ITEMS} addresses in add and remove together.")
        if both := set(self.add).intersection(self.remove):
            raise problem(f"The same address is in add and in remove: {min(both)}.")
        return self


class GroupList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: Sequence[GroupView]


class MemberList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: Sequence[MemberItem]


class MembersAnswer(msgspec.Struct, frozen=True):
    added: int
    removed: int
    unchanged: int
    """Addresses to add that were members, and to remove that were none."""
    member_count: int


_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": "5d5f1a0e-2f37-4a52-8f0a-0b9b7c1a6f10",
    "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
    "name": "Data team",
    "member_count": 42,
    "created": "2026-02-01T08:00:00Z",
    "modified": "2026-02-24T09:30:00Z",
}
_MEMBER: Final = {
    "email": "ana@acme.example",
    "lms_user_id": 501,
    "created": "2026-02-24T09:30:00Z",
}


def addresses_of_csv(raw: bytes) -> object:
    """The body that the lines of a CSV file stand for. Raises ApiError (400)."""
    try:
        return {"add": service.addresses_of_csv(raw.decode("utf-8-sig"))}
    except UnicodeDecodeError:
        raise Refusal("The file is not in UTF-8.") from None
    except NoAddresses as error:
        raise Refusal(str(error)) from None


@routes.post(
    PATH,
    status=201,
    example={**_EXAMPLE, "member_count": 0},
    links=tuple(
        Link(summary, {"group_uuid": "$response.body#/uuid"})
        for summary in ("Get a group", "Add and remove members of a group")
    ),
)
def create_group(
    enterprise: OwnedEnterprise,
    _query: EnterpriseQuery,
    body: GroupBody,
    caller: Caller,
    request: HttpRequest,
    *,
    session: Session,
) -> Answer[GroupView]:
    """Create a group

    Without members. Two groups may have one name.
    """
    created = service.create_group(
        session, caller.actor, enterprise.enterprise_uuid, body.name, at=request.now
    )
    return Answer(created, 201, {"Location": f"{request.root}{PATH}/{created.uuid}"})


@routes.get(PATH, example={"count": 1, "next": None, "previous": None, "results": [_EXAMPLE]})
def list_groups(
    enterprise: OwnedEnterprise,
    query: GroupListQuery,
    request: HttpRequest,
    connection: Connection,
) -> GroupList:
    """List the groups of an enterprise

    The oldest first.
    """
    wanted = PageRequest(query.page_size, query.page)
    page, found = service.page_of_groups(connection, enterprise.enterprise_uuid, wanted)
    return GroupList(page.count, request.next_link(page), request.previous_link(page), found)


@routes.get(GROUP_PATH, example=_EXAMPLE)
def show_group(group: OwnedGroup, connection: Connection) -> GroupView:
    """Get a group

    Its name, and how many members it has.
    """
    return service.find_group(connection, group.uuid)


@routes.patch(GROUP_PATH, example=_EXAMPLE)
def rename_group(
    group: OwnedGroup, body: GroupBody, caller: Caller, request: HttpRequest, session: Session
) -> GroupView:
    """Rename a group

    Its members and its policies stay.
    """
    return service.rename_group(session, caller.actor, group.uuid, body.name, at=request.now)


@routes.delete(GROUP_PATH)
def delete_group(
    group: OwnedOrDeleted, caller: Caller, request: HttpRequest, session: Session
) -> None:
    """Delete a group

    With its memberships. While a policy is for this group, it is refused (422).
    """
    service.delete_group(session, caller.actor, group.uuid, at=request.now)


@routes.get(
    MEMBERS_PATH,
    example={"count": 1, "next": None, "previous": None, "results": [_MEMBER]},
    formats=(Format.JSON, Format.XML, Format.CSV),
)
def list_group_members(
    group: OwnedGroup, query: MemberListQuery, request: HttpRequest, connection: Connection
) -> Answer[MemberList]:
    """List the members of a group

    By address; `lms_user_id` is null for an address without an account. CSV holds all members,
    whatever the page.
    """
    if request.negotiated.format is Format.CSV:
        return _file(group.uuid)
    wanted = PageRequest(query.page_size, query.page)
    page, found = service.page_of_members(connection, group.enterprise_uuid, group.uuid, wanted)
    links = request.next_link(page), request.previous_link(page)
    return Answer(MemberList(page.count, *links, found))


def _file(uuid: UUID) -> Answer[MemberList]:
    def stream(connection: Connection) -> Iterator[bytes]:
        return service.members_as_csv(connection, uuid)

    headers = {"Content-Disposition": f'attachment; filename="group-{uuid}.csv"'}
    return Answer(stream=stream, headers=headers)


@routes.post(
    MEMBERS_PATH,
    example={"added": 2, "removed": 1, "unchanged": 0, "member_count": 42},
    from_csv=addresses_of_csv,
)
def change_group_members(
    group: OwnedGroup, body: MembersBody, caller: Caller, request: HttpRequest, session: Session
) -> MembersAnswer:
    """Add and remove members of a group

    Up to 10,000 addresses, of learners who are known or not, all or none. Instead of JSON, the body
    may be a CSV file (`Content-Type: text/csv`): the addresses of its column `email` are added.
    """
    command = ChangeMembers(add=body.add, remove=body.remove)
    done = service.change_members(session, caller.actor, group.uuid, command, at=request.now)
    return MembersAnswer(done.added, done.removed, done.unchanged, done.group.member_count)
