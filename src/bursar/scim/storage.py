"""What the protocol of `scim2-server` reads and writes: learners and groups of one enterprise."""

from collections.abc import Callable
from typing import Any, cast

from scim2_models import (
    NotImplementedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
)
from scim2_server.storage import ScimStorage, SearchPage

from bursar.scim import groups, users
from bursar.scim.resources import Group, User
from bursar.scim.tenant import Tenant

_USER = "User"


class PeopleStorage(ScimStorage):
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        if resource_type.name == _USER:
            return users.get_user(self._tenant, resource_id)
        with_members = _shows_members(response_parameters)
        return groups.get_group(self._tenant, resource_id, with_members=with_members)

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        if len(resource_types) != 1:
            raise NotImplementedException(detail="Search for users or for groups.")
        if resource_types[0].name == _USER:
            return users.search_users(self._tenant, search_request)
        asks_for = "members" in str(search_request.filter or "").lower()
        with_members = asks_for or _shows_members(search_request)
        return groups.search_groups(self._tenant, search_request, with_members=with_members)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        if resource_type.name == _USER:
            return users.create_user(self._tenant, cast("User[Any]", resource))
        return groups.create_group(self._tenant, cast("Group", resource))

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        if resource_type.name == _USER:
            return users.update_user(self._tenant, cast("User[Any]", resource), expected_version)
        return groups.update_group(self._tenant, cast("Group", resource), expected_version)

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        change: Callable[[Tenant, str, str | None], None] = (
            users.delete_user if resource_type.name == _USER else groups.delete_group
        )
        change(self._tenant, resource_id, expected_version)


def _shows_members(parameters: ResponseParameters[Any] | None) -> bool:
    """Whether members are asked for. Thousands need not be read to be left out."""
    if parameters is None:
        return True
    named = [str(path).lower() for path in parameters.attributes or ()]
    if named:
        return any("members" in path for path in named)
    return all(str(path).lower() != "members" for path in parameters.excluded_attributes or ())
