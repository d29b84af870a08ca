"""Every endpoint of learner credit."""

from bursar.credit.read_endpoints import read_endpoints
from bursar.credit.write_endpoints import write_endpoints
from bursar.web.endpoint import Endpoint


def endpoints() -> list[Endpoint]:
    return [*read_endpoints(), *write_endpoints()]
