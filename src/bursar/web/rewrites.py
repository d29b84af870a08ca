"""Other addresses of the same endpoints: paths that clients of the public gateway, or of one of the
services behind it, call. They are rewritten before routing, so that there is one endpoint for each.

Links in answers stay on the address that was called: they are built from the path as it came.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_PLACEHOLDER: Final = re.compile(r"\{(\w+)(\.\.\.)?\}")


class Source(StrEnum):
    """Whose path it is."""

    GATEWAY = "api.edx.org"
    LICENSE_MANAGER = "license-manager"
    ENTERPRISE_ACCESS = "enterprise-access"
    ENTERPRISE_CATALOG = "enterprise-catalog"
    ENTERPRISE_DATA = "enterprise-data"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """`{name}` stands for one segment of a path, `{rest...}` for nothing or all that follows."""

    path: str
    target: str
    source: Source = Source.GATEWAY
    format: str | None = None
    """What `format` is taken for when the path implies one, as `enrollments.csv` does."""

    @property
    def is_of_a_service(self) -> bool:
        """The services answer JSON when the caller does not say what it wants."""
        return self.source is not Source.GATEWAY


@dataclass(frozen=True, slots=True)
class Rewritten:
    path: str
    rewrite: Rewrite


class Rewrites:
    """A table of rewrites, of which the first that fits a path counts."""

    def __init__(self, table: Iterable[Rewrite]) -> None:
        self.table: Sequence[Rewrite] = tuple(table)
        self._patterns = [(_pattern(each.path), each) for each in self.table]

    def find(self, path: str) -> Rewritten | None:
        for pattern, rewrite in self._patterns:
            found = pattern.fullmatch(path)
            if found is not None:
                return Rewritten(_filled(rewrite.target, found.groupdict("")), rewrite)
        return None


def _filled(target: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda part: values[part[1]], target)


NO_REWRITES: Final = Rewrites(())


def _pattern(path: str) -> re.Pattern[str]:
    """With or without a slash at the end."""
    parts, end = [], 0
    for found in _PLACEHOLDER.finditer(path):
        parts.append(re.escape(path[end : found.start()]))
        parts.append(rf"(?P<{found[1]}>(?:/.*)?)" if found[2] else rf"(?P<{found[1]}>[^/]+)")
        end = found.end()
    return re.compile("".join(parts) + re.escape(path[end:]) + "/?", re.DOTALL)


def _services(source: Source, *pairs: tuple[str, str]) -> list[Rewrite]:
    return [Rewrite(path, target, source) for path, target in pairs]


_CUSTOMER: Final = "/enterprise/v3/enterprise-customer/{uuid}"
_CATALOGS: Final = "/enterprise/v2/enterprise-catalogs"

GATEWAY_PATHS: Final = (
    Rewrite("/enterprise/v1/enterprise-catalogs{rest...}", f"{_CATALOGS}{{rest}}"),
    Rewrite(
        "/enterprise/v1/enterprise-customer/{uuid}/learner-summary", f"{_CUSTOMER}/learner-summary"
    ),
    Rewrite(
        "/enterprise/v2/enterprise-customer/{uuid}/learner-summary", f"{_CUSTOMER}/learner-summary"
    ),
    Rewrite(
        "/enterprise/v2/enterprise-customer/{uuid}/course-enrollments",
        "/enterprise/v1/enterprise-customer/{uuid}/course-enrollments",
    ),
    Rewrite("/oauth2/access_token", "/oauth2/v1/access_token"),
)

_V1: Final = "/enterprise/v1"

SERVICE_PATHS: Final = (
    *_services(
        Source.LICENSE_MANAGER,
        ("/api/v1/subscriptions{rest...}", f"{_V1}/subscriptions{{rest}}"),
        ("/api/v1/bulk-license-enrollment{rest...}", f"{_V1}/bulk-license-enrollment{{rest}}"),
    ),
    *_services(
        Source.ENTERPRISE_ACCESS,
        ("/api/v1/subsidy-access-policies{rest...}", f"{_V1}/subsidy-access-policies{{rest}}"),
        ("/api/v1/policy-allocation{rest...}", f"{_V1}/policy-allocation{{rest}}"),
        ("/api/v1/policy-redemption{rest...}", f"{_V1}/policy-redemption{{rest}}"),
        (
            "/api/v1/assignment-configurations{rest...}",
            f"{_V1}/assignment-configurations{{rest}}",
        ),
    ),
    *_services(
        Source.ENTERPRISE_CATALOG,
        *(
            pair
            for version in ("v1", "v2")
            for pair in (
                (f"/api/{version}/enterprise-catalogs", _CATALOGS),
                (
                    f"/api/{version}/enterprise-catalogs/{{uuid}}/get_content_metadata",
                    f"{_CATALOGS}/{{uuid}}",
                ),
                (
                    f"/api/{version}/enterprise-catalogs/{{uuid}}/contains_content_items",
                    f"{_CATALOGS}/{{uuid}}/contains_content_items",
                ),
                (f"/api/{version}/enterprise-catalogs/{{uuid}}", f"{_CATALOGS}/{{uuid}}"),
            )
        ),
        (
            "/api/v1/enterprise-customer/{uuid}/contains_content_items",
            f"{_V1}/enterprise-customer/{{uuid}}/contains_content_items",
        ),
    ),
    Rewrite(
        "/enterprise/api/v1/enterprise/{uuid}/enrollments",
        f"{_CUSTOMER}/learner-summary",
        Source.ENTERPRISE_DATA,
    ),
    Rewrite(
        "/enterprise/api/v1/enterprise/{uuid}/enrollments.csv",
        f"{_CUSTOMER}/learner-summary",
        Source.ENTERPRISE_DATA,
        format="csv",
    ),
)
"""On unless `BURSAR_SERVICE_PATHS` says otherwise; left out of the OpenAPI document."""


def rewrites(*, with_services: bool) -> Rewrites:
    return Rewrites([*GATEWAY_PATHS, *(SERVICE_PATHS if with_services else ())])
