"""Query parameters that an endpoint does not know: ignored as documented, but never silently.

Ignoring `user_emial` answers everybody's rows to a caller who meant one person's.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from bursar.web.endpoint import Endpoint
from bursar.web.errors import ApiError
from bursar.web.parameters import QueryParameters
from bursar.web.query import fields_of
from bursar.web.rendering import Incoming

_MOST_NAMES: Final = 20
_LONGEST_NAME: Final = 60


def ignored_parameters(endpoint: Endpoint, incoming: Incoming) -> str | None:
    """For the header X-Ignored-Parameters; percent-encoded, since a name can be anything."""
    try:
        unknown = _unknown(endpoint, incoming.parameters())
    except ApiError:
        return None
    return ", ".join(quote(name[:_LONGEST_NAME]) for name in unknown[:_MOST_NAMES]) or None


def is_strict(headers: Mapping[str, str]) -> bool:
    """Whether the caller would rather have its mistakes refused (RFC 7240, section 4.4)."""
    preferences = headers.get("prefer", "")[:1000].lower().split(",")
    return any("".join(each.split()).partition(";")[0] in _STRICT for each in preferences)


_STRICT: Final = frozenset({"handling=strict", 'handling="strict"'})


def errors_of_unknown(endpoint: Endpoint, query: QueryParameters) -> dict[str, list[str]]:
    known = _known(endpoint)
    errors = {}
    for name in _unknown(endpoint, query)[:_MOST_NAMES]:
        near = get_close_matches(name[:_LONGEST_NAME], known, 1)
        advice = f" Did you mean {near[0]}?" if near else ""
        errors[name[:_LONGEST_NAME]] = [f"Unknown parameter.{advice}"]
    return errors


def _unknown(endpoint: Endpoint, query: QueryParameters) -> list[str]:
    known = _known(endpoint)
    return list(dict.fromkeys(name for name, _ in query.pairs if name not in known))


@lru_cache
def _known(endpoint: Endpoint) -> frozenset[str]:
    documented = () if endpoint.query is None else fields_of(endpoint.query)
    return frozenset({"format", *(known.name for known in documented)})
