"""How an installation makes and sends scheduled reports: what the settings say, put together."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from bursar import clock
from bursar.catalog.listings.service import Look
from bursar.database.engine import Database
from bursar.delivery.service import (
    CAPTURED,
    Attempt,
    QueuedDelivery,
    Transport,
    delivered,
    failed,
)
from bursar.delivery.views import Correspondent
from bursar.identity.secret_file import seal_of
from bursar.identity.service import EnterpriseView
from bursar.jobs.context import JobContext
from bursar.jobs.loops import Loop
from bursar.mail_transport import mail_transport
from bursar.scheduled_reports.planning import plan_due
from bursar.scheduled_reports.running import (
    PAUSES,
    SENDING_SECONDS,
    MadeFile,
    Mailing,
    Means,
    is_any_to_send,
    send_due,
)
from bursar.settings import Settings

SECONDS: Final = 5.0
LOOPS: Final = 2
"""A server that answers slowly keeps one of them; the others go on."""
_TEMPLATES: Final = ("bursar.scheduled_reports", "scheduled-report")
_MEGABYTE: Final = 1_000_000


def report_means(database: Database, settings: Settings) -> Means:
    return Means(
        seal=seal_of(database, settings),
        mail=mailing(mail_transport(settings), settings.report_mail_mb),
        root_url=settings.public_url,
        look=Look(settings.lms_public_url, with_listed_keys=settings.listed_keys == "all"),
        spool_folder=settings.spool_folder,
    )


def mailing(transport: Transport, largest_mb: int) -> Mailing:
    def mail(delivery: QueuedDelivery, enterprise: EnterpriseView, file: MadeFile) -> Attempt:
        # Templates and SMTP: for those only who send mail.
        from bursar.delivery.files import mail_file  # noqa: PLC0415
        from bursar.delivery.messages import Attachment  # noqa: PLC0415

        if file.size > largest_mb * _MEGABYTE:
            return failed(delivery, clock.now(), _too_large(file.size, largest_mb), for_good=True)
        if enterprise.is_sandbox:
            return delivered(delivery, clock.now(), answer=CAPTURED)
        return mail_file(
            transport,
            delivery,
            Correspondent(enterprise.name, enterprise.contact_email),
            Attachment(file.name, file.path.read_bytes(), file.media_type),
            templates=_TEMPLATES,
            context=_context(file),
            pauses=PAUSES,
            seconds=SENDING_SECONDS,
        )

    return mail


def _context(file: MadeFile) -> dict[str, object]:
    return {
        "report_name": file.report_name,
        "file_name": file.name,
        "planned_at": f"{file.planned_at.day} {file.planned_at:%B %Y, %H:%M} UTC",
        "is_encrypted": file.is_encrypted,
    }


def _too_large(size: int, largest_mb: int) -> str:
    return (
        f"the file has {size / _MEGABYTE:.1f} MB, and by mail go at most {largest_mb} "
        "(BURSAR_REPORT_MAIL_MB): narrow it with filters, or have it sent by SFTP"
    )


def send_reports(database: Database, settings: Settings) -> Mapping[str, int]:
    """Plans what is due and sends it, as the loops of a worker do."""
    planned = plan_due(database, clock.now())
    return {"planned": planned, **asdict(send_due(database, report_means(database, settings)))}


def report_loops(settings: Settings) -> list[Loop]:
    return [
        Loop(f"reports {number}", _sending(settings), SECONDS) for number in range(1, LOOPS + 1)
    ]


def _sending(settings: Settings) -> Callable[[JobContext], None]:
    def send(context: JobContext) -> None:
        now = clock.now()
        plan_due(context.database, now)
        if is_any_to_send(context.database, now):
            send_due(context.database, report_means(context.database, settings), context.stopping)

    return send
