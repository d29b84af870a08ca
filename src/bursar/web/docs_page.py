"""`/openapi.json` and `/docs`: the interactive reference, with nothing fetched from elsewhere."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from bursar.web.adapter import AnyRequest, to_response
from bursar.web.openapi.clients import for_clients
from bursar.web.rendering import Outgoing

_MEDIA_TYPES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "index.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-16x16.png": "image/png",
    "favicon-32x32.png": "image/png",
}
_INITIALIZER = "initializer.js"

# Swagger UI sets styles on elements and has its icons in data URLs. Everything else must come from
# this host.
_PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
}
_STATIC_HEADERS = {"cache-control": "public, max-age=3600"}

_PAGE = b"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bursar: the edX Enterprise API</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css">
<link rel="stylesheet" href="/docs/static/index.css">
<link rel="icon" type="image/png" sizes="32x32" href="/docs/static/favicon-32x32.png">
<link rel="icon" type="image/png" sizes="16x16" href="/docs/static/favicon-16x16.png">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript. <a href="/openapi.json">The document it shows</a> does not.\
</noscript>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/static/initializer.js"></script>
</body>
</html>
"""

_SCRIPT = b"""\
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    persistAuthorization: true,
    validatorUrl: null,
  });
});
"""


def docs_handlers(
    document: Callable[[], dict[str, Any]], named: Callable[[], Mapping[str, dict[str, Any]]]
) -> list[HTTPRouteHandler]:
    """`document`, and `named` for the schemas of documents that generated clients name, are
    called once, at the first request that needs them."""

    @cache
    def encoded() -> bytes:
        return msgspec.json.encode(document())

    @cache
    def encoded_for_clients() -> bytes:
        return msgspec.json.encode(for_clients(document(), named()))

    async def openapi(request: AnyRequest) -> ASGIResponse:
        is_for_clients = request.query_params.get("for") == "clients"
        body = encoded_for_clients() if is_for_clients else encoded()
        return _response(request, body, "application/json", {})

    async def page(request: AnyRequest) -> ASGIResponse:
        return _response(request, _PAGE, "text/html; charset=utf-8", _PAGE_HEADERS)

    async def static(request: AnyRequest) -> ASGIResponse:
        name = str(request.path_params["name"])
        if name == _INITIALIZER:
            return _response(request, _SCRIPT, "text/javascript; charset=utf-8", {})
        if name not in _MEDIA_TYPES:
            raise NotFoundException
        return _response(request, static_file(name), _MEDIA_TYPES[name], _STATIC_HEADERS)

    routes: list[tuple[str, Callable[..., object]]] = [
        ("/openapi.json", openapi),
        ("/docs", page),
        ("/docs/static/{name:str}", static),
    ]
    return [HTTPRouteHandler(path, http_method=["GET", "HEAD"])(fn) for path, fn in routes]


@cache
def static_file(name: str) -> bytes:
    """The bytes of one of the known files; the caller checks that it is known."""
    return (_static_folder() / name).read_bytes()


def _static_folder() -> Path:
    # Importing the package would load its adapters for other web frameworks.
    spec = find_spec("swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("swagger-ui-py is not installed.")
    return Path(spec.submodule_search_locations[0]) / "static"


def _response(
    request: AnyRequest, body: bytes, media_type: str, headers: dict[str, str]
) -> ASGIResponse:
    outgoing = Outgoing(200, {"content-type": media_type, **headers}, body)
    return to_response(outgoing, str(request.method))
