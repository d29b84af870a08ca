"""The OpenAPI 3.1 document, made from what the endpoints declare."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bursar.web.endpoint import PLACEHOLDER, Documentation, Endpoint, Link, documented
from bursar.web.idempotency import MAX_KEY_LENGTH
from bursar.web.negotiation import Format
from bursar.web.openapi.components import (
    MEDIA_TYPES,
    SECURITY,
    STRING,
    JsonObject,
    headers,
    refusal_reference,
    shared_components,
    xml_content,
)
from bursar.web.openapi.system import system_paths, system_schemas
from bursar.web.openapi.webhooks import EVENT, Webhook, webhook_items
from bursar.web.query import fields_of
from bursar.web.xml import to_xml

_COMPONENT = "#/components/schemas/"
_EVERYWHERE = {400, 401, 406, 429, 431, 500, 503}
_WRITES = {403, 408, 413, 415, 422}
_DESCRIPTION = """\
Answers are JSON or XML: the `Accept` header decides, `format` wins over it, and XML is the default
unless the request itself is declared as `application/json`. `Accept: */*`, which most HTTP
libraries send, is no wish: a client, or the installation (`BURSAR_DEFAULT_FORMAT`), can have JSON
as its default, and `/enterprise/v1/me` tells which it is. Every path answers with and without a
trailing slash, and what can be read with GET answers HEAD too."""


def openapi_document(
    endpoints: Sequence[Endpoint],
    *,
    version: str,
    public_url: str,
    about: Mapping[str, str] | None = None,
    webhooks: Mapping[str, Webhook] | None = None,
    event: JsonObject | None = None,
) -> dict[str, Any]:
    """`public_url` may be empty: paths are then relative to where the document is read. `about`
    describes the tags. `event` is the schema of what all webhooks have in common.

    Raises ValueError when two different schemas want the same name.
    """
    webhooks = webhooks or {}
    schemas = _gather(endpoints, webhooks)
    components = shared_components(public_url)
    components["schemas"] = _merged(
        components["schemas"],
        system_schemas(),
        schemas.components,
        {EVENT: event} if event is not None else {},
    )
    paths = _paths(endpoints, schemas)
    told = webhook_items(webhooks, schemas.responses)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bursar: the edX Enterprise API",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "tags": _tags(paths | told, about or {}),
        "paths": paths,
        **({"webhooks": told} if told else {}),
        "components": components,
    }


@dataclass(frozen=True, slots=True)
class _Schemas:
    """Schemas of the types that the endpoints name, and the components that these refer to."""

    responses: Mapping[Any, JsonObject]
    bodies: Mapping[type[BaseModel], JsonObject]
    components: JsonObject

    def of_response(self, response: Any) -> JsonObject:
        return dict(response) if isinstance(response, Mapping) else self.responses[response]


def _gather(endpoints: Sequence[Endpoint], webhooks: Mapping[str, Webhook]) -> _Schemas:
    declared = [endpoint.documentation.response for endpoint in endpoints]
    types = [kind for kind in declared if kind is not None and not isinstance(kind, Mapping)]
    types += [kind for webhook in webhooks.values() for kind in webhook.data]
    schemas, components = msgspec.json.schema_components(types, ref_template=_COMPONENT + "{name}")
    models = list({endpoint.body for endpoint in endpoints if endpoint.body is not None})
    bodies, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_COMPONENT + "{model}"
    )
    return _Schemas(
        dict(zip(types, schemas, strict=True)),
        {model: bodies[model, "validation"] for model in models},
        _merged(components, definitions.get("$defs", {})),
    )


def _merged(*parts: JsonObject) -> JsonObject:
    merged: JsonObject = {}
    for part in parts:
        for name, schema in part.items():
            if merged.setdefault(name, schema) != schema:
                raise ValueError(f"Two schemas are named {name}.")
    return merged


def _paths(endpoints: Sequence[Endpoint], schemas: _Schemas) -> JsonObject:
    paths: JsonObject = {}
    for endpoint in endpoints:
        path = documented(endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return paths | system_paths()


def _tags(items: JsonObject, about: Mapping[str, str]) -> list[JsonObject]:
    operations = [operation for item in items.values() for operation in item.values()]
    names = dict.fromkeys(tag for operation in operations for tag in operation["tags"])
    return [
        {"name": name, "description": about[name]} if name in about else {"name": name}
        for name in names
    ]


def _operation(endpoint: Endpoint, schemas: _Schemas) -> JsonObject:
    documentation = endpoint.documentation
    operation: JsonObject = {
        "operationId": operation_id(documentation.summary),
        "summary": documentation.summary,
        "description": documentation.description,
        "tags": [documentation.tag] if documentation.tag else [],
        "security": SECURITY,
        "parameters": [*_path_parameters(endpoint.path), *_other_parameters(endpoint)],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.body is not None:
        content = {"application/json": {"schema": schemas.bodies[endpoint.body]}}
        if endpoint.from_csv is not None:
            content["text/csv"] = {"schema": STRING}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def operation_id(summary: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", summary.lower()).strip("_")


def _path_parameters(template: str) -> list[JsonObject]:
    return [_path_parameter(name, kind) for name, kind in PLACEHOLDER.findall(template)]


def _path_parameter(name: str, kind: str) -> JsonObject:
    parameter: JsonObject = {"name": name, "in": "path", "required": True, "schema": STRING}
    if kind == "uuid":
        return parameter | {"schema": {"type": "string", "format": "uuid"}}
    if kind == "path":
        return parameter | {"description": "May contain slashes.", "x-contains-slashes": True}
    return parameter


def _other_parameters(endpoint: Endpoint) -> list[JsonObject]:
    parameters = _query_parameters(endpoint)
    if all(parameter["name"] != "format" for parameter in parameters):
        parameters.append(_format_parameter(endpoint.formats))
    if endpoint.method == "POST":
        parameters.append(_IDEMPOTENCY_KEY)
    if endpoint.method == "GET":
        parameters += [_IF_NONE_MATCH, _IF_MODIFIED_SINCE]
    return parameters


def _query_parameters(endpoint: Endpoint) -> list[JsonObject]:
    return [
        {
            "name": known.name,
            "in": "query",
            "description": known.description,
            "required": known.required,
            "schema": dict(known.parameter.schema),
        }
        for known in (() if endpoint.query is None else fields_of(endpoint.query))
    ]


def _format_parameter(formats: tuple[Format, ...]) -> JsonObject:
    names = [str(known) for known in formats]
    description = "The format of the answer, whatever the Accept header says."
    schema = {"type": "string", "enum": names}
    return {"name": "format", "in": "query", "description": description, "schema": schema}


def _responses(endpoint: Endpoint, schemas: _Schemas) -> JsonObject:
    responses: dict[int, JsonObject] = {
        status: refusal_reference(status) for status in refusal_statuses(endpoint)
    }
    for status in (endpoint.documentation.status, *endpoint.documentation.also):
        responses[status] = _good_response(endpoint, schemas, status)
    if endpoint.method == "GET":
        responses[304] = {
            "description": "Unchanged: what the caller has is current.",
            "headers": headers("ETag", "Last-Modified", "Vary"),
        }
    return {str(status): responses[status] for status in sorted(responses)}


def refusal_statuses(endpoint: Endpoint) -> set[int]:
    statuses = _EVERYWHERE | set(endpoint.documentation.refusals)
    if PLACEHOLDER.search(endpoint.path) or endpoint.query_names:
        statuses |= {404}
    if endpoint.only_admin:
        statuses |= {403}
    return statuses | _WRITES if endpoint.write is not None else statuses


def _good_response(endpoint: Endpoint, schemas: _Schemas, status: int) -> JsonObject:
    documentation = endpoint.documentation
    names = ["Vary"]
    if endpoint.method == "GET":
        names += ["ETag", "Last-Modified"]
    if endpoint.method == "POST":
        names.append("Idempotent-Replayed")
    if status == 201 or documentation.has_location:
        names.append("Location")
    names += documentation.headers
    response: JsonObject = {"description": documentation.summary, "headers": headers(*names)}
    if documentation.response is not None and status != 204:
        schema = schemas.of_response(documentation.response)
        response["content"] = _content(documentation, endpoint.formats, schema)
    if documentation.links:
        response["links"] = {operation_id(link.to): _link(link) for link in documentation.links}
    return response


def _link(link: Link) -> JsonObject:
    return {"operationId": operation_id(link.to), "parameters": dict(link.parameters)}


def _content(
    documentation: Documentation, formats: tuple[Format, ...], schema: JsonObject
) -> JsonObject:
    return {
        media_type: _media(documentation.example, known, schema)
        for known in formats
        for media_type in MEDIA_TYPES[known]
    }


def _media(example: Any, known: Format, schema: JsonObject) -> JsonObject:
    if known is Format.XML:
        return xml_content(None if example is None else to_xml(example).decode())
    if known is not Format.JSON:
        return {"schema": STRING}
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


_IDEMPOTENCY_KEY: JsonObject = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeated request with the same key and body is answered as the first was.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
}
_IF_NONE_MATCH: JsonObject = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of what the caller has; 304 when it is current.",
    "schema": STRING,
}
_IF_MODIFIED_SINCE: JsonObject = {
    "name": "If-Modified-Since",
    "in": "header",
    "description": "The Last-Modified of what the caller has; 304 when it is current.",
    "schema": STRING,
}
