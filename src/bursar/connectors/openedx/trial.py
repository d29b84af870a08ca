"""Tries out, one right at a time, whether an LMS lets Bursar do its work. It changes nothing there.

The questions are about an address and a username that nobody has.
"""

from typing import Final

from bursar.connectors.openedx.answers import AccountAnswer, ClientRefused, EnrollmentAnswer
from bursar.connectors.openedx.client import Call, LmsAccess, LmsClient
from bursar.settings import Settings

_ADDRESS: Final = "connect-test@bursar.invalid"
_PLACE: Final = "bursar-connect-test,course-v1:Bursar+ConnectTest+1"
_KNOWS_NO_SUCH_COURSE: Final = 400


class LmsTrial:
    """Each question is asked once, and raises LmsUnavailable when it is not answered."""

    def __init__(self, access: LmsAccess) -> None:
        self._client = LmsClient(access)

    @classmethod
    def of(cls, settings: Settings) -> "LmsTrial":
        return cls(
            LmsAccess(
                settings.lms_url,
                settings.lms_client_id,
                settings.lms_client_secret,
                settings.lms_timeout,
                attempts=1,
                connections=1,
            )
        )

    def close(self) -> None:
        self._client.close()

    def sign_in(self) -> float | None:
        """Returns by how many seconds the clock of the LMS is ahead, if it tells the time."""
        self._client.sign_in()
        return self._client.clock_skew()

    def look_up_account(self) -> None:
        """Raises ClientRefused without the right."""
        body = {"emails": [_ADDRESS]}
        path = "/api/user/v1/accounts/search_emails"
        answer = self._client.call(Call("accounts", "POST", path, list[AccountAnswer], body))
        if not answer.is_good:
            raise ClientRefused(f"it answers with status {answer.status}")

    def read_enrollment(self) -> None:
        """Raises ClientRefused without the right."""
        kind: type[EnrollmentAnswer | None] = EnrollmentAnswer | None  # type: ignore[assignment]
        path = f"/api/enrollment/v1/enrollment/{_PLACE}"
        answer = self._client.call(Call("read", "GET", path, kind))
        if not answer.is_good and answer.status != _KNOWS_NO_SUCH_COURSE:
            raise ClientRefused(f"it answers with status {answer.status}")
