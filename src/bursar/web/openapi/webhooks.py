"""The `webhooks` section of the OpenAPI document: what is sent to whoever asked to be told."""

from collections.abc import Mapping
from dataclasses import dataclass

from bursar.web.openapi.components import STRING, JsonObject, reference

EVENT = "Event"
"""The component that says what all events have in common."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """What is sent when something of one type has happened."""

    summary: str
    data: tuple[type, ...]
    """What `data` can be; the classes of several objects when the type is about several."""


def webhook_items(
    webhooks: Mapping[str, Webhook], schemas: Mapping[type, JsonObject]
) -> JsonObject:
    """An item for each type. `schemas` has the schema of each class that the webhooks name."""
    return {name: {"post": _operation(name, each, schemas)} for name, each in webhooks.items()}


def _operation(name: str, webhook: Webhook, schemas: Mapping[type, JsonObject]) -> JsonObject:
    return {
        "operationId": f"told_{name.replace('.', '_')}",
        "summary": webhook.summary,
        "tags": ["events"],
        "parameters": _HEADERS,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _schema(name, webhook, schemas)}},
        },
        "responses": {
            "2XX": {"description": "Received. Any other answer is an attempt that failed."}
        },
    }


def _schema(name: str, webhook: Webhook, schemas: Mapping[type, JsonObject]) -> JsonObject:
    choices = [schemas[kind] for kind in webhook.data]
    data = choices[0] if len(choices) == 1 else {"anyOf": choices}
    return {
        "allOf": [reference("schemas", EVENT)],
        "type": "object",
        "properties": {"type": {"const": name}, "data": data},
    }


def _header(name: str, description: str) -> JsonObject:
    return {
        "name": name,
        "in": "header",
        "description": description,
        "required": True,
        "schema": STRING,
    }


_HEADERS = [
    _header("webhook-id", "The id of the event: whoever has seen it before can leave it aside."),
    _header("webhook-timestamp", "Seconds since 1970: when this attempt was made."),
    _header("webhook-signature", "`v1,` and the signature, one for each live secret."),
]
