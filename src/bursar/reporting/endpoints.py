"""Everything that reporting declares."""

from bursar.reporting.read_endpoints import read_endpoints
from bursar.reporting.write_endpoints import write_endpoints
from bursar.web.endpoint import Endpoint


def endpoints() -> list[Endpoint]:
    return [*read_endpoints(), *write_endpoints()]
