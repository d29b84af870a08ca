"""What the operations of the OpenAPI document share: refusals, headers, security schemes."""

from collections.abc import Mapping
from typing import Any

from bursar.web.negotiation import Format

JsonObject = dict[str, Any]

STRING: JsonObject = {"type": "string"}
TOKEN_PATH = "/oauth2/v1/access_token"  # noqa: S105 - a path
SECURITY: list[JsonObject] = [{"clientCredentials": []}, {"token": []}]
XML_DESCRIPTION = (
    "The JSON answer as XML: the root element is `root`, the members of an array are `list-item`, "
    "and null and everything empty are an empty element."
)

MEDIA_TYPES: Mapping[Format, tuple[str, ...]] = {
    Format.JSON: ("application/json",),
    Format.XML: ("application/xml", "text/xml"),
    Format.CSV: ("text/csv",),
    Format.NDJSON: ("application/x-ndjson",),
    Format.EVENT_STREAM: ("text/event-stream",),
}

REFUSALS: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "The body or a query parameter is wrong. Every error is in one answer."),
    401: ("Unauthorized", "No token, or one that is not accepted."),
    403: ("Forbidden", "The client only reads in this enterprise."),
    404: ("NotFound", "Unknown to the caller, malformed, or a page outside the list."),
    406: ("NotAcceptable", "The Accept header excludes every format there is."),
    408: ("TooSlow", "The body came too slowly. Send it again."),
    409: ("Conflict", "The object is not in a state that allows this."),
    410: ("Forgotten", "What follows the cursor is not kept any more."),
    413: ("TooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "The body is not declared as application/json."),
    422: ("BusinessRule", "Understood, but a rule refuses it. Nothing was changed."),
    429: ("Throttled", "Too many requests. Off unless the operator sets a limit."),
    431: ("HeadersTooLarge", "A header is larger than 16 KiB, or all are larger than 32 KiB."),
    500: ("Defect", "A defect. The request id helps to find it in the log."),
    503: ("Unavailable", "The database is unavailable for the moment."),
}
_ONLY_JSON = {406, 431, 500}
_SCHEMA_NAMES = {410: "ForgottenCursor", 422: "BusinessRefusal", 500: "InternalError"}
_REFUSAL_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


def reference(section: str, name: str) -> JsonObject:
    return {"$ref": f"#/components/{section}/{name}"}


def headers(*names: str) -> JsonObject:
    """The named headers, and X-Request-ID, which every answer has."""
    return {name: reference("headers", name) for name in ("X-Request-ID", *names)}


def xml_content(example: object = None) -> JsonObject:
    content: JsonObject = {"schema": reference("schemas", "Xml")}
    return content if example is None else content | {"example": example}


def refusal_reference(status: int) -> JsonObject:
    """Raises KeyError for a status that has no description here."""
    return reference("responses", REFUSALS[status][0])


def shared_components(public_url: str) -> JsonObject:
    return {
        "schemas": dict(_SCHEMAS),
        "headers": dict(_HEADERS),
        "responses": {name: _refusal(status) for status, (name, _) in REFUSALS.items()},
        "securitySchemes": _security_schemes(public_url),
    }


def _refusal(status: int) -> JsonObject:
    content = {"application/json": {"schema": _refusal_schema(status)}}
    if status not in _ONLY_JSON:
        content |= {media_type: xml_content() for media_type in MEDIA_TYPES[Format.XML]}
    return {
        "description": REFUSALS[status][1],
        "headers": headers(*_REFUSAL_HEADERS.get(status, ())),
        "content": content,
    }


def _refusal_schema(status: int) -> JsonObject:
    if status == 400:
        return {"anyOf": [reference("schemas", "Detail"), reference("schemas", "FieldErrors")]}
    return reference("schemas", _SCHEMA_NAMES.get(status, "Detail"))


def _security_schemes(public_url: str) -> JsonObject:
    flow = {"tokenUrl": public_url + TOKEN_PATH, "scopes": {}}
    return {
        "clientCredentials": {
            "type": "oauth2",
            "description": "A client id and its secret, for a token that lives as long as it says.",
            "flows": {"clientCredentials": flow},
        },
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`JWT <token>`; `Bearer <token>` is accepted too.",
        },
        "basic": {"type": "http", "scheme": "basic", "description": "To get a token."},
    }


_SCHEMAS: Mapping[str, JsonObject] = {
    "Detail": {
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": STRING},
        "example": {"detail": "Not found."},
    },
    "FieldErrors": {
        "description": "Messages by field. Errors that concern several are `non_field_errors`.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"$ref": "#/components/schemas/FieldMessages"},
        "example": {"page_size": ["A valid integer is required."]},
    },
    "FieldMessages": {
        "description": "A field's messages; of a list, the messages by index.",
        "anyOf": [
            {"type": "array", "items": STRING, "minItems": 1},
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/components/schemas/FieldMessages"},
            },
        ],
    },
    "BusinessRefusal": {
        "anyOf": [
            {
                "type": "object",
                "required": ["detail"],
                "properties": {"detail": STRING},
                "additionalProperties": True,
            },
            {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["reason", "user_message"],
                    "properties": {"reason": STRING, "user_message": STRING},
                    "additionalProperties": True,
                },
            },
        ]
    },
    "ForgottenCursor": {
        "type": "object",
        "required": ["detail", "oldest"],
        "properties": {"detail": STRING, "oldest": STRING},
    },
    "InternalError": {
        "type": "object",
        "required": ["detail", "request_id"],
        "properties": {"detail": STRING, "request_id": STRING},
    },
    "Xml": {"description": XML_DESCRIPTION, "type": "object", "xml": {"name": "root"}},
}

_HEADERS: Mapping[str, JsonObject] = {
    "X-Request-ID": {
        "description": "Names this request in the log; echoes the caller's own, if sane.",
        "required": True,
        "schema": STRING,
    },
    "WWW-Authenticate": {
        "description": "The scheme to use.",
        "required": True,
        "schema": STRING,
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "ETag": {"description": "For If-None-Match.", "schema": STRING},
    "Last-Modified": {"description": "For If-Modified-Since.", "schema": STRING},
    "X-Next-Updated-Since": {
        "description": "The `updated_since` of the next request: it leaves out no change that this "
        "answer does not show. Of several pages, that of the first counts.",
        "schema": {"type": "string", "format": "date-time"},
    },
    "Vary": {"description": "The request headers that decide the format.", "schema": STRING},
    "Location": {"description": "Where to find what was created.", "schema": STRING},
    "Idempotent-Replayed": {
        "description": "There when the answer is that of an earlier request with the same key.",
        "schema": {"const": "true"},
    },
}
