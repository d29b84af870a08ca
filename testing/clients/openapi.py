"""Checks answers against the OpenAPI document: nothing may be answered that is not documented."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree

JsonObject = dict[str, Any]

_PARAMETER = re.compile(r"\{(\w+)\}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
_PAGES = re.compile(r"/docs(/.*)?|/openapi\.json")
_PLAIN_REFUSAL: JsonObject = {
    "headers": {"X-Request-ID": {"required": True}},
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Detail"}},
        "application/xml": {},
        "text/xml": {},
    },
}
_WRONG_METHOD = _PLAIN_REFUSAL | {
    "headers": {"X-Request-ID": {"required": True}, "Allow": {"required": True}}
}
_PREFLIGHT: JsonObject = {"headers": _PLAIN_REFUSAL["headers"]}

formats = FormatChecker()


@formats.checks("date-time", raises=ValueError)
def is_instant(value: object) -> bool:
    """In the one form that answers have: UTC with `Z`, microseconds or none."""
    if not isinstance(value, str):
        return True
    return bool(_INSTANT.fullmatch(value)) and datetime.fromisoformat(value) is not None


@formats.checks("uri", raises=ValueError)
def is_absolute_url(value: object) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    return bool(parts.scheme and parts.netloc) and " " not in value


@dataclass(frozen=True)
class Route:
    template: str
    pattern: re.Pattern[str]
    operations: JsonObject
    rank: tuple[int, ...]
    """By segment; lower is more specific: literal text, a parameter, a parameter with slashes."""


class ResponseChecker:
    """Objects that the document does not call open may have documented keys only."""

    def __init__(self, document: JsonObject) -> None:
        self.document = document
        self._components = closed(document["components"])
        routes = [_route(template, item) for template, item in document["paths"].items()]
        self._routes = sorted(routes, key=lambda route: route.rank)
        self._validator_of = cache(self._validator)

    def check(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Raises AssertionError. `path` may be a whole URL; `body` is what content coding hid."""
        where = f"{method} {path} answered {status}"
        lowered = {name.lower(): value for name, value in headers.items()}
        if _PAGES.fullmatch(urlsplit(path).path):
            assert "x-request-id" in lowered, f"{where} without X-Request-ID"
            return
        response = self._response(method, urlsplit(path).path, status, where)
        self._check_headers(response, lowered, where)
        if method == "HEAD":
            assert not body, f"{where} with a body"
            return
        self._check_body(response, lowered.get("content-type", ""), body, where)

    def find_route(self, path: str) -> Route | None:
        trimmed = path.rstrip("/") or "/"
        return next((r for r in self._routes if r.pattern.fullmatch(trimmed)), None)

    def _response(self, method: str, path: str, status: int, where: str) -> JsonObject:
        route = self.find_route(path)
        if method == "OPTIONS" and status == 204:
            return _PREFLIGHT
        if route is None:
            assert status in {404, 405}, f"{where}, but the path is not documented"
            return _PLAIN_REFUSAL
        operation = route.operations.get("get" if method == "HEAD" else method.lower())
        if operation is None:
            assert status == 405, f"{where}, but {route.template} documents no {method}"
            return _WRONG_METHOD
        known = operation["responses"]
        assert str(status) in known, f"{where}, but {route.template} documents {sorted(known)}"
        return self._resolved(known[str(status)])

    def _resolved(self, node: JsonObject) -> JsonObject:
        while "$ref" in node:
            found: Any = self.document
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            node = found
        return node

    def _check_headers(self, response: JsonObject, given: Mapping[str, str], where: str) -> None:
        for name, header in response.get("headers", {}).items():
            is_required = self._resolved(header).get("required", False)
            assert not is_required or name.lower() in given, f"{where} without {name}"

    def _check_body(self, response: JsonObject, content_type: str, body: bytes, where: str) -> None:
        content = response.get("content")
        if not content:
            assert not body, f"{where} with a body, but none is documented: {body[:200]!r}"
            return
        media_type = content_type.partition(";")[0].strip().lower()
        assert media_type in content, (
            f"{where} as {content_type!r}, but documented are {sorted(content)}"
        )
        if media_type == "application/json":
            self._check_json(content[media_type]["schema"], body, where)
        elif media_type.endswith("/xml"):
            _check_xml(body, where)

    def _check_json(self, schema: JsonObject, body: bytes, where: str) -> None:
        value = _decoded(body, where)
        validator = self._validator_of(json.dumps(schema))
        problems = [
            f"  {problem.json_path}: {problem.message[:300]}"
            for problem in sorted(validator.iter_errors(value), key=lambda found: found.json_path)
        ]
        shown = "\n".join(problems[:10])
        assert not problems, f"{where} in a shape that is not documented:\n{shown}"

    def _validator(self, schema: str) -> Draft202012Validator:
        rooted = closed(json.loads(schema)) | {"components": self._components}
        return Draft202012Validator(rooted, format_checker=formats)


def closed(node: Any, *, is_part: bool = False) -> Any:
    """The schema without room for unknown keys, except where it makes room itself.

    Parts of an `allOf` stay open: each knows only its own keys.
    """
    if isinstance(node, list):
        return [closed(item, is_part=is_part) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: closed(value, is_part=key == "allOf") for key, value in node.items()}
    if not is_part and node.get("type") == "object" and "properties" in node:
        result.setdefault("additionalProperties", False)
    return result


def nodes(value: Any) -> Iterator[JsonObject]:
    """Every object in the value, itself included."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def _route(template: str, operations: JsonObject) -> Route:
    declared = [
        parameter
        for operation in operations.values()
        for parameter in operation.get("parameters", [])
    ]
    long = {p["name"] for p in declared if p["in"] == "path" and p.get("x-contains-slashes")}
    segments = [_segment(text, long) for text in template.strip("/").split("/")]
    pattern = "".join(f"/{expression}" for _, expression in segments)
    rank = tuple(rank for rank, _ in segments)
    return Route(template, re.compile(pattern, re.DOTALL), operations, rank)


def _segment(text: str, long: set[str]) -> tuple[int, str]:
    parameter = _PARAMETER.fullmatch(text)
    if parameter is None:
        return 0, re.escape(text)
    return (2, ".+") if parameter[1] in long else (1, "[^/]+")


def _decoded(body: bytes, where: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(body, parse_constant=refuse)
    except ValueError as error:
        raise AssertionError(f"{where} with broken JSON ({error}): {body[:200]!r}") from None


def _check_xml(body: bytes, where: str) -> None:
    parser = etree.XMLParser(recover=False, resolve_entities=False, huge_tree=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise AssertionError(f"{where} with broken XML ({error}): {body[:200]!r}") from None
    assert root.tag == "root", f"{where} with the root element {root.tag}"
