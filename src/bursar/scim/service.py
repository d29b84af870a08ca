"""The front door of SCIM: a request of an identity provider is answered, in the caller's
transaction."""

from http import HTTPStatus
from typing import Final

from scim2_models import SCIMException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import is_json_media_type

from bursar.scim import groups
from bursar.scim.member_patches import member_changes
from bursar.scim.protocol import PeopleService
from bursar.scim.resources import PROVIDER
from bursar.scim.storage import PeopleStorage
from bursar.scim.tenant import Tenant, take_turns

__all__ = ["ScimRequest", "ScimResponse", "Tenant", "answer", "refusal", "take_turns"]

_SERVICE: Final = PeopleService(PROVIDER)


def answer(tenant: Tenant, request: ScimRequest) -> ScimResponse:
    """Raises SCIMException for what is refused: the transaction must be rolled back then."""
    if (done := _members_changed(tenant, request)) is not None:
        return done
    return ScimHandler(_SERVICE, PeopleStorage(tenant)).handle(request)


def _members_changed(tenant: Tenant, request: ScimRequest) -> ScimResponse | None:
    """None for a request that does anything else."""
    kind, _, text = request.path.strip("/").partition("/")
    is_plain = not request.query and request.header("If-Match") is None
    if request.method != "PATCH" or kind != "Groups" or not text or not is_plain:
        return None
    changes = member_changes(request.body)
    if changes is None or not is_json_media_type(request.header("Content-Type")):
        return None
    groups.change_members(tenant, text, changes)
    return ScimResponse(HTTPStatus.NO_CONTENT)


def refusal(error: SCIMException) -> ScimResponse:
    return _SERVICE.error_response(error)
