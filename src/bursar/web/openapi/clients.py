"""The OpenAPI document as generators of clients can use it: `/openapi.json?for=clients`.

It describes the same operations, with one body and one answer each: JSON. What generators stumble
over says in prose what it said in the schema: alternatives that differ only in what is required,
and errors that nest without end.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

from bursar.web.openapi.components import JsonObject, reference

_JSON: Final = "application/json"
DOCUMENTS: Final = "x-documents"
_TEXTS: Final[JsonObject] = {"type": "array", "items": {"type": "string"}}
_ERRORS: Final[JsonObject] = {
    "description": "Messages by field. Of a list, the messages by the index of the item; errors "
    "that concern several fields are `non_field_errors`, and `detail` is a single sentence.",
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            {"type": "string"},
            _TEXTS,
            {"type": "object", "additionalProperties": True},
        ]
    },
}


def for_clients(document: JsonObject, named: Mapping[str, JsonObject]) -> JsonObject:
    """A document of its own; the given one stays as it is.

    `named` are schemas with the names that generated clients give them. They stand where the
    document says `x-documents`, with the names of all that can be there.
    """
    made: JsonObject = copy.deepcopy(document)
    schemas = made["components"]["schemas"]
    schemas |= copy.deepcopy(dict(named))
    schemas["Errors"] = _ERRORS
    for name in ("FieldErrors", "FieldMessages", "Xml"):
        schemas.pop(name, None)
    for operation in _operations(made):
        _only_json(operation["responses"].values())
        _only_json([operation.get("requestBody", {})])
        operation["parameters"] = [
            parameter
            for parameter in operation.get("parameters", ())
            if parameter["name"] != "format"
        ]
    _only_json(made["components"]["responses"].values())
    bad_request = made["components"]["responses"]["BadRequest"]["content"][_JSON]
    bad_request["schema"] = reference("schemas", "Errors")
    changed: JsonObject = _mapped(made, _as_generators_read_it)
    return changed


def _operations(document: JsonObject) -> list[JsonObject]:
    return [operation for item in document["paths"].values() for operation in item.values()]


def _only_json(messages: Any) -> None:
    """Where a body or an answer is JSON beside other formats, only JSON is left; files stay as they
    are."""
    for message in messages:
        content = message.get("content", {})
        if _JSON in content:
            message["content"] = {_JSON: content[_JSON]}


def _mapped(value: Any, change: Callable[[JsonObject], JsonObject]) -> Any:
    if isinstance(value, dict):
        return change({name: _mapped(inner, change) for name, inner in value.items()})
    if isinstance(value, list):
        return [_mapped(inner, change) for inner in value]
    return value


def _as_generators_read_it(schema: JsonObject) -> JsonObject:
    names = schema.get(DOCUMENTS)
    if isinstance(names, list):
        choices = [reference("schemas", name) for name in names]
        return choices[0] if len(choices) == 1 else {"anyOf": choices}
    return _without_tricks(schema)


def _without_tricks(schema: JsonObject) -> JsonObject:
    """Without `oneOf` and `anyOf` that only say which of the properties are required."""
    for name in ("oneOf", "anyOf"):
        choices = schema.get(name)
        if isinstance(choices, list) and all(_is_about_presence(choice) for choice in choices):
            del schema[name]
            rule = " or ".join(", ".join(choice["required"]) for choice in choices)
            told = schema.get("description", "")
            schema["description"] = f"{told} Give {rule}.".strip()
    return schema


def _is_about_presence(choice: Any) -> bool:
    return isinstance(choice, dict) and "required" in choice and "type" not in choice
