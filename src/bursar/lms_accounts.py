"""Who has an account in the LMS of an installation, as its settings say."""

from bursar.enrollment.gateway import EmbeddedGateway, LmsAccounts
from bursar.settings import Settings


def accounts_of(settings: Settings) -> LmsAccounts:
    """Everybody, where Bursar is the LMS itself."""
    if not settings.lms_url:
        return EmbeddedGateway()
    # The HTTP client is slow to import, and needed with an LMS only.
    from bursar.connectors.openedx.adapter import OpenEdxGateway  # noqa: PLC0415

    return OpenEdxGateway.of(settings)
