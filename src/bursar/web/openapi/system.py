"""The paths that are not declared as endpoints: tokens, keys, health and metrics."""

from bursar.web.openapi.components import (
    STRING,
    TOKEN_PATH,
    JsonObject,
    headers,
    reference,
    refusal_reference,
)

_TOKENS = "tokens"
_OPERATIONS = "operations"


def system_paths() -> JsonObject:
    return {
        TOKEN_PATH: {"post": _token_operation()},
        "/oauth2/jwks": {"get": _jwks_operation()},
        "/health": {"get": _health_operation()},
        "/ready": {"get": _ready_operation()},
        "/metrics": {"get": _metrics_operation()},
    }


def system_schemas() -> JsonObject:
    return {"TokenRequest": _TOKEN_REQUEST, "Token": _TOKEN, "TokenError": _TOKEN_ERROR}


def _operation(summary: str, tag: str, responses: JsonObject, description: str = "") -> JsonObject:
    return {
        "operationId": summary.lower().replace(" ", "_"),
        "summary": summary,
        "description": description,
        "tags": [tag],
        "security": [],
        "responses": responses | {str(status): refusal_reference(status) for status in (431, 500)},
    }


def _json(description: str, schema: JsonObject, *header_names: str) -> JsonObject:
    return {
        "description": description,
        "headers": headers(*header_names),
        "content": {"application/json": {"schema": schema}},
    }


def _token_operation() -> JsonObject:
    error = reference("schemas", "TokenError")
    detail = reference("schemas", "Detail")
    responses = {
        "200": _json("A token.", reference("schemas", "Token")),
        "400": _json("The request is wrong (RFC 6749, section 5.2).", error),
        "401": _json("Unknown client or wrong secret.", error, "WWW-Authenticate"),
        "429": _json("Too many failed attempts.", detail, "Retry-After"),
        "408": refusal_reference(408),
        "413": refusal_reference(413),
        "503": _json("No token can be issued for the moment.", detail, "Retry-After"),
    }
    form = {"schema": reference("schemas", "TokenRequest")}
    body = {"required": True, "content": {"application/x-www-form-urlencoded": form}}
    operation = _operation(
        "Get an access token",
        _TOKENS,
        responses,
        "The client credentials grant of RFC 6749, section 4.4. The client may authenticate with "
        "HTTP Basic instead of `client_id` and `client_secret`.",
    )
    return operation | {"requestBody": body, "security": [{}, {"basic": []}]}


def _jwks_operation() -> JsonObject:
    key = {"type": "object", "required": ["kty", "kid"], "additionalProperties": True}
    schema: JsonObject = {
        "type": "object",
        "required": ["keys"],
        "properties": {"keys": {"type": "array", "items": key}},
    }
    responses = {"200": _json("A JSON Web Key Set (RFC 7517).", schema)}
    return _operation("Get the public keys of tokens", _TOKENS, responses)


def _health_operation() -> JsonObject:
    schema: JsonObject = {
        "type": "object",
        "required": ["status", "version"],
        "properties": {"status": {"const": "ok"}, "version": STRING},
    }
    return _operation("Check health", _OPERATIONS, {"200": _json("The process runs.", schema)})


def _ready_operation() -> JsonObject:
    schema: JsonObject = {
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {"const": "ready"},
            "errors": {
                "type": "array",
                "items": STRING,
                "description": "What an operator has to put right, although requests are served.",
            },
        },
    }
    responses = {
        "200": _json("The process can serve.", schema),
        "503": _json("It cannot yet.", reference("schemas", "Detail")),
    }
    return _operation(
        "Check readiness",
        _OPERATIONS,
        responses,
        "The database answers, its schema is current, and a token was issued and verified.",
    )


def _metrics_operation() -> JsonObject:
    answer = {
        "description": "Figures as Prometheus reads them.",
        "headers": headers(),
        "content": {"text/plain": {"schema": STRING}},
    }
    return _operation("Read metrics", _OPERATIONS, {"200": answer})


_TOKEN_REQUEST: JsonObject = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_id": STRING,
        "client_secret": {"type": "string", "format": "password"},
        "token_type": {"enum": ["jwt", "bearer"], "default": "jwt"},
    },
}

_TOKEN: JsonObject = {
    "type": "object",
    "required": ["access_token", "token_type", "expires_in", "scope"],
    "properties": {
        "access_token": STRING,
        "token_type": {"const": "JWT"},
        "expires_in": {"type": "integer", "minimum": 1, "description": "In seconds."},
        "scope": STRING,
    },
}

_TOKEN_ERROR: JsonObject = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"enum": ["invalid_request", "invalid_client", "unsupported_grant_type"]},
        "error_description": STRING,
    },
}
