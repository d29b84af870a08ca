"""Makes docs/how-to/come-from-api-edx-org.md from the routes and the table of rewrites.

    python -m testing.coming_from

A test fails when the page is not what this makes.
"""

from collections.abc import Iterator
from typing import Final

from bursar.app import all_endpoints
from bursar.web.endpoint import Endpoint, documented
from bursar.web.rewrites import GATEWAY_PATHS, SERVICE_PATHS, Rewrite
from testing.paths import REPOSITORY

PAGE: Final = REPOSITORY / "docs/how-to/come-from-api-edx-org.md"

INTRODUCTION: Final = """\
# Coming from api.edx.org

A client that was written for the edX Enterprise API, or for one of the services behind it, works
against Bursar when you change its host and its credentials. This page lists each route, and where
it is served.

<!-- Made by `python -m testing.coming_from`; a test compares it. -->

## Before you switch

- **Format.** Without a wish in `Accept`, the documented answer is XML. `requests`, httpx, axios,
  fetch and Faraday send `Accept: */*`, which is no wish. If your client expects JSON, say so once:
  `default_format: json` on the client in the manifest, `bursar clients create --default-format
  json`, or `BURSAR_DEFAULT_FORMAT=json` for everybody. The services' own paths answer JSON by
  themselves.
- **Tokens.** `POST /oauth2/access_token` and `/oauth2/v1/access_token` are the same.
  `Authorization: JWT` and `Bearer` are both accepted.
- **Misspelt parameters** are ignored, as at edX, but the answer names them in
  `X-Ignored-Parameters`. Send `Prefer: handling=strict` while you develop, and they are refused.
- **Generated clients** read `/openapi.json?for=clients`.
"""

GATEWAY: Final = """
## Routes of the gateway

| route | here |
|---|---|
"""

SERVICES: Final = """
## Routes of the services

They are on unless `BURSAR_SERVICE_PATHS=false`. Links in their answers stay on the same prefix.

| service | route | answers as |
|---|---|---|
"""

NOT_SERVED: Final = """
## Not served

| route | why |
|---|---|
| the services' routes that create catalogs, policies and plans | \
[a manifest](declare-an-enterprise.md) declares an enterprise |
| browser sign-in with a session or a JWT cookie | API clients use client credentials |
"""


def page() -> str:
    return "".join([INTRODUCTION, GATEWAY, *_gateway(), SERVICES, *_services(), NOT_SERVED])


def _gateway() -> Iterator[str]:
    for endpoint in all_endpoints():
        yield f"| `{endpoint.method} {_shown(endpoint)}` | served |\n"
    yield "| `POST /oauth2/v1/access_token` | served |\n"
    for rewrite in GATEWAY_PATHS:
        yield f"| `{_path(rewrite.path)}` | as `{_path(rewrite.target)}` |\n"


def _services() -> Iterator[str]:
    for rewrite in SERVICE_PATHS:
        yield f"| {rewrite.source} | `{_path(rewrite.path)}` | {_target(rewrite)} |\n"


def _target(rewrite: Rewrite) -> str:
    target = f"`{_path(rewrite.target)}`"
    return f"{target}, as CSV" if rewrite.format == "csv" else target


def _shown(endpoint: Endpoint) -> str:
    return documented(endpoint.path)


def _path(template: str) -> str:
    return template.replace("{rest...}", "...").replace("{rest}", "...")


if __name__ == "__main__":
    PAGE.write_text(page())
