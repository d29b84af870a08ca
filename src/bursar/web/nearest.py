"""What an unknown route is answered: where the documentation is, and the route that was meant."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from bursar.web.endpoint import documented
from bursar.web.errors import NotFound

_LONGEST_PATH: Final = 500
# What differs between the same route at the gateway, at a service and in another version.
_PREFIX: Final = re.compile(r"/(?:enterprise/)?(?:api/)?(?:v\d+/)?")
_PLACEHOLDER: Final = re.compile(r"\\\{(\w+)(?::(\w+))?\\\}")


def unknown_route(path: str, routes: Sequence[str]) -> NotFound:
    """Names the known route that differs only in its version or prefix, when there is one."""
    near = _nearest(path, tuple(routes)) if len(path) <= _LONGEST_PATH else None
    detail = None if near is None else f"Not found. Did you mean {near}?"
    return NotFound(detail, headers={"Link": '</docs>; rel="service-doc"'})


def _nearest(path: str, routes: tuple[str, ...]) -> str | None:
    rest = _without_prefix(path.rstrip("/"))
    if not rest:
        return None
    for route, pattern in _patterns(routes):
        if pattern.fullmatch(rest):
            return documented(route)
    return None


def _without_prefix(path: str) -> str:
    found = _PREFIX.match(path)
    return path[found.end() :] if found else path


@lru_cache(maxsize=2)
def _patterns(routes: tuple[str, ...]) -> list[tuple[str, re.Pattern[str]]]:
    def part(found: re.Match[str]) -> str:
        return ".+" if found[2] == "path" else "[^/]+"

    return [
        (route, re.compile(_PLACEHOLDER.sub(part, re.escape(_without_prefix(route)))))
        for route in routes
    ]
