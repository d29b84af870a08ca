"""What this service adds to the protocol of `scim2-server`."""

from typing import Any, TypeVar

import msgspec
from scim2_models import BaseModel, Context
from scim2_server.service import ScimService

from bursar.scim.resources import User

ModelT = TypeVar("ModelT", bound=BaseModel)


class PeopleService(ScimService):
    def read_body(
        self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context
    ) -> ModelT:
        """A user without e-mails whose name is an address has this address."""
        if issubclass(model, User):
            self.ensure_json(content_type)
            body = _with_emails(body)
        return super().read_body(model, body, content_type, scim_ctx)


def _with_emails(body: bytes) -> bytes:
    """What is no JSON is left for others to refuse."""
    try:
        data: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return body
    if not isinstance(data, dict):
        return body
    names = {name.lower(): name for name in data}
    user_name = data.get(names.get("username", ""))
    if data.get(names.get("emails", "")) or "@" not in str(user_name):
        return body
    others = {name: each for name, each in data.items() if name.lower() != "emails"}
    entry = {"value": user_name, "type": "work", "primary": True}
    return msgspec.json.encode({**others, "emails": [entry]})
