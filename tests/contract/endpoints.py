"""Every endpoint there is, with a request that is answered well."""

from dataclasses import dataclass, field
from typing import Any

from tests.contract.api import CATALOGS
from tests.contract.world import (
    COURSE_KEY,
    EXAMPLES,
    GLOBEX_EXAMPLES,
    NESTED_RUN_KEY,
    PROGRAM_UUID,
    RUN_KEY,
    identifier,
)
from tests.support.contract_endpoints import REFUSALS, THINGS

UNKNOWN = identifier("nobody has this")
GOOD_BODY = {"name": "any", "emails": ["ana@example.org"], "amount": 1}


@dataclass(frozen=True)
class Sample:
    """`path` has `{catalog}` where the caller's own catalog stands."""

    method: str
    path: str
    template: str
    body: dict[str, Any] | None = None
    status: int = 200
    allow: str = "GET, HEAD, OPTIONS"
    unknown: tuple[str, ...] = field(default=())
    """Paths of nothing, in a catalog of the caller's."""

    @property
    def url(self) -> str:
        return self.path.format(catalog=EXAMPLES)

    @property
    def has_catalog(self) -> bool:
        return "{catalog}" in self.path


def _write(method: str, base: str, status: int, allow: str) -> Sample:
    return Sample(method, base + "/{catalog}", base + "/{catalog_id}", GOOD_BODY, status, allow)


_BASE = CATALOGS + "/{catalog}"
_TEMPLATE = CATALOGS + "/{catalog_id}"

SAMPLES = {
    "the catalogs": Sample("GET", CATALOGS, CATALOGS),
    "a catalog": Sample("GET", _BASE, _TEMPLATE),
    "a course": Sample(
        "GET",
        f"{_BASE}/courses/{COURSE_KEY}",
        f"{_TEMPLATE}/courses/{{course_key}}",
        unknown=("courses/edX+Unknown", f"courses/{RUN_KEY}"),
    ),
    "a run": Sample(
        "GET",
        f"{_BASE}/course-runs/{RUN_KEY}",
        f"{_TEMPLATE}/course-runs/{{course_run_id}}",
        unknown=("course-runs/course-v1:edX+Unknown+1", f"course-runs/{COURSE_KEY}"),
    ),
    "a nested run": Sample(
        "GET",
        f"{_BASE}/course-runs/{NESTED_RUN_KEY}",
        f"{_TEMPLATE}/course-runs/{{course_run_id}}",
    ),
    "a program": Sample(
        "GET",
        f"{_BASE}/programs/{PROGRAM_UUID}",
        f"{_TEMPLATE}/programs/{{program_uuid}}",
        unknown=(f"programs/{UNKNOWN}", "programs/not-a-uuid"),
    ),
    "a change": _write("POST", THINGS, 201, "POST, PUT, OPTIONS"),
    "a replacement": _write("PUT", THINGS, 201, "POST, PUT, OPTIONS"),
    "a refusal": _write("POST", REFUSALS, 422, "POST, OPTIONS"),
}
READS = {name: sample for name, sample in SAMPLES.items() if sample.method == "GET"}
WRITES = {name: sample for name, sample in SAMPLES.items() if sample.method != "GET"}
OF_A_CATALOG = {name: sample for name, sample in SAMPLES.items() if sample.has_catalog}
FOREIGN = GLOBEX_EXAMPLES
