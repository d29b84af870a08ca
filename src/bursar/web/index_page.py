"""`/`: who this is and where to go on, as a page for people and as JSON for programs."""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from litestar.response.base import ASGIResponse

from bursar.web.adapter import AnyRequest, incoming_of, json_response, to_response
from bursar.web.rendering import Outgoing

_LINKS: Final = {
    "docs": ("/docs", "Documentation", "every endpoint, to read and to try"),
    "openapi": ("/openapi.json", "OpenAPI document", "for programs and generators"),
    "health": ("/ready", "Readiness", "whether this server can answer"),
}

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2024; --quiet: #60646c; --line: #d9d9e0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #edeef0; --quiet: #b0b4ba; --line: #363a3f; }
}
body { margin: 0 auto; padding: 4rem 1.25rem; max-width: 34rem; color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; letter-spacing: -.01em; }
p { margin: 0 0 2rem; color: var(--quiet); }
ul { margin: 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
li { padding: .75rem 0; border-bottom: 1px solid var(--line); }
a { color: inherit; font-weight: 600; text-underline-offset: .2em; }
small { display: block; color: var(--quiet); font-size: .875rem; }
"""
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "vary": "Accept",
}


def index_response(request: AnyRequest, version: str) -> ASGIResponse:
    method = str(request.method)
    if "text/html" in request.headers.get("accept", ""):
        return to_response(Outgoing(200, dict(_HEADERS), _page(version)), method)
    root = incoming_of(request).url.rstrip("/")
    content = {
        "name": "Bursar",
        "description": "An open implementation of the edX Enterprise API.",
        "version": version,
        "links": {name: root + path for name, (path, _, _) in _LINKS.items()},
    }
    return json_response(200, content, {"vary": "Accept"}, method)


def _page(version: str) -> bytes:
    links = "".join(
        f'<li><a href="{path}">{title}</a><small>{about}</small></li>'
        for path, title, about in _LINKS.values()
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Bursar</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Bursar {version}</h1>\n<p>An open implementation of the edX Enterprise API.</p>\n"
        f"<ul>{links}</ul>\n</main>\n</body>\n</html>\n"
    ).encode()
