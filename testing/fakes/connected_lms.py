"""A gateway to a fake LMS, with pauses written down instead of waited."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from pydantic import SecretStr

from bursar.connectors.openedx.adapter import OpenEdxGateway
from bursar.connectors.openedx.client import LmsAccess
from bursar.enrollment.gateway import LmsEnrollment
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLms, running_lms

ENTERPRISE = UUID("11111111-1111-4111-8111-111111111111")
COURSE = "course-v1:edX+DemoX+2026"
ADA = "ada@example.com"


def seat(username: str | None = "ada", course: str = COURSE, email: str = ADA) -> LmsEnrollment:
    return LmsEnrollment(ENTERPRISE, email, None, username, course)


class Connected:
    """A fake LMS, a gateway to it, and the pauses that the gateway made."""

    def __init__(self, lms: FakeLms, gateway: OpenEdxGateway, pauses: list[float]) -> None:
        self.lms = lms
        self.gateway = gateway
        self.pauses = pauses


@contextmanager
def connected(
    *, timeout: float = 5.0, attempts: int = 4, connections: int = 4, secret: str = CLIENT_SECRET
) -> Iterator[Connected]:
    lms, pauses = FakeLms(), list[float]()
    lms.accounts = {ADA: "ada", "bo@example.com": "bo"}
    with running_lms(lms) as url:
        access = LmsAccess(url, CLIENT_ID, SecretStr(secret), timeout, attempts, connections)
        gateway = OpenEdxGateway(access, sleep=pauses.append)
        try:
            yield Connected(lms, gateway, pauses)
        finally:
            gateway.close()
