"""The loops of a worker that talk to others, or take what others tell, and what they need."""

from typing import Final

from bursar.enrollment.progress.hook_news import take_news
from bursar.enrollment.progress.lms_reading import ProgressReader
from bursar.identity.secret_file import seal_of
from bursar.jobs.context import JobContext
from bursar.jobs.loops import Loop
from bursar.outgoing.addresses import Permitted
from bursar.settings import Settings

WEBHOOK_SECONDS: Final = 1.0
XAPI_SECONDS: Final = 1.0
HOOK_SECONDS: Final = 0.2
IDLE_HOOK_SECONDS: Final = 2.0


def lists_of(settings: Settings) -> ProgressReader:
    """The lists of the LMS that the settings name, from which progress is pulled."""
    # The HTTP client is slow to import, and needed with an LMS only.
    from bursar.connectors.openedx.progress_lists import OpenEdxLists  # noqa: PLC0415

    return OpenEdxLists.of(settings)


def webhook_loop(settings: Settings) -> Loop:
    """Sends as long as the worker runs. The loop begins anew after a defect."""
    # The HTTP client is slow to import, and for workers only.
    from bursar.webhooks.loop import send_webhooks  # noqa: PLC0415

    permitted = Permitted.of(settings.webhook_allow)

    def send(context: JobContext) -> None:
        database = context.database
        send_webhooks(database, permitted, lambda: seal_of(database, settings), context.stopping)

    return Loop("webhooks", send, WEBHOOK_SECONDS)


def xapi_loop(settings: Settings) -> Loop:
    """Sends as long as the worker runs. The loop begins anew after a defect."""
    # The HTTP client is slow to import, and for workers only.
    from bursar.xapi.loop import send_statements  # noqa: PLC0415

    permitted, lms_url = Permitted.of(settings.webhook_allow), settings.lms_public_url

    def send(context: JobContext) -> None:
        database, stopping = context.database, context.stopping
        send_statements(database, permitted, lambda: seal_of(database, settings), lms_url, stopping)

    return Loop("xapi", send, XAPI_SECONDS)


def hook_loop() -> Loop:
    """Takes what the LMS has told."""

    def take(context: JobContext) -> int:
        return take_news(context.database)

    return Loop("hooks", take, HOOK_SECONDS, IDLE_HOOK_SECONDS)
