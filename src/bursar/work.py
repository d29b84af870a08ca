"""The background work of every domain, and the worker that does it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bursar.bulk_changes import jobs as change_jobs
from bursar.bulk_changes.events import BulkChangeRequested
from bursar.catalog.catalogs.events import CatalogChanged
from bursar.catalog.catalogs.jobs import REFRESH_QUERY, refresh_pending_of
from bursar.catalog.catalogs.reevaluation import PARTNER_KEY
from bursar.catalog.catalogs.turnover import publish_turnover
from bursar.catalog.imports.events import ContentDeleted, ContentImported
from bursar.catalog.sync.service import sync_figures
from bursar.claims import waiting as waiting_claims
from bursar.claims.links import ClaimLinks
from bursar.claims.tokens import ClaimTokens
from bursar.credit.assignments import deadlines, linking
from bursar.credit.assignments import events as assignments
from bursar.credit.assignments import mail as credit_mail
from bursar.credit.assignments import selected as selected_assignments
from bursar.credit.assignments import tasks as credit
from bursar.credit.policies import events as policies
from bursar.credit.policies import tasks as policy_tasks
from bursar.credit.redemption import events as transactions
from bursar.credit.redemption import jobs as credit_jobs
from bursar.database.engine import PATIENT, Database, Patience
from bursar.database.standby import Standby
from bursar.delivery.figures import delivery_figures
from bursar.delivery.service import MailKind, MailReader, forget_captured
from bursar.enrollment.bulk import jobs as bulk_jobs
from bursar.enrollment.bulk import mail as bulk_mail
from bursar.enrollment.bulk import tasks as bulk
from bursar.enrollment.bulk.events import BulkEnrollmentProgressed, BulkEnrollmentRequested
from bursar.enrollment.bulk.pending import EnqueuePending
from bursar.enrollment.direct import jobs as direct_jobs
from bursar.enrollment.direct import mail as direct_mail
from bursar.enrollment.direct import tasks as direct
from bursar.enrollment.direct.events import DirectEnrollmentsRequested
from bursar.enrollment.gateway import EmbeddedGateway, LmsGateway
from bursar.enrollment.progress import tasks as progress
from bursar.enrollment.progress import upgrading
from bursar.enrollment.progress.upgrading import EnqueueUpgrade
from bursar.enrollment.service import refresh_consent
from bursar.enrollment.telling import PRESENTER_KEY
from bursar.events.event import News, Subscription
from bursar.events.sequencing import Sequencer
from bursar.figures import FigureReader
from bursar.identity.secret_file import seal_of
from bursar.jobs.context import JobContext
from bursar.jobs.figures import queue_figures, task_figures
from bursar.jobs.housekeeping import FORGET_ENDED
from bursar.jobs.loops import Loop
from bursar.jobs.queue import JobQueue
from bursar.jobs.registry import Workflow
from bursar.jobs.tasks import Task, scheduled
from bursar.learners.events import LearnerConsentChanged, LearnerLinked
from bursar.learners.telling import telling_consent
from bursar.lms_accounts import accounts_of
from bursar.mail_transport import mail_server, mail_transport
from bursar.outgoing import settings as outgoing_settings
from bursar.outgoing.addresses import Permitted
from bursar.outgoing.settings import OutgoingSettings
from bursar.outside_work import hook_loop, lists_of, webhook_loop, xapi_loop
from bursar.processes.figures import process_figures
from bursar.report_work import report_loops, send_reports
from bursar.reporting import tasks as report_tasks
from bursar.reporting.service import presenting_rows
from bursar.retention import tasks as retention
from bursar.sandboxes.events import SandboxReset
from bursar.scheduled_reports.figures import report_figures
from bursar.settings import Settings
from bursar.subscriptions.endings import jobs as ending_jobs
from bursar.subscriptions.endings import tasks as endings
from bursar.subscriptions.endings.jobs import EnqueueEnding
from bursar.subscriptions.licenses import mail as license_mail
from bursar.subscriptions.licenses import selected as selected_licenses
from bursar.subscriptions.licenses.events import (
    LicenseActivated,
    LicenseAssigned,
    LicenseReminded,
    LicenseRevoked,
)
from bursar.subscriptions.licenses.linking import link_learners
from bursar.subscriptions.plans import tasks as plan_tasks
from bursar.subscriptions.plans.events import PlanExpired
from bursar.subscriptions.renewals import tasks as renewals
from bursar.sync_work import sync_loops
from bursar.web.jobs import FORGET_EXPIRED_ANSWERS
from bursar.webhooks import mail as webhook_mail
from bursar.webhooks.events import EndpointDisabled

if TYPE_CHECKING:
    from bursar.jobs.worker import Worker


def _deliver_notifications(database: Database, settings: Settings) -> Mapping[str, int]:
    # Templates and SMTP: for those only who send mail.
    from bursar.delivery.sending import deliver_due  # noqa: PLC0415

    links = claim_links(database, settings)
    transport, folder = mail_transport(settings), settings.templates
    return asdict(deliver_due(database, transport, MAIL_KINDS, link_to=links, folder=folder))


def claim_tokens(database: Database, settings: Settings) -> ClaimTokens:
    return ClaimTokens(lambda: seal_of(database, settings))


def claim_links(database: Database, settings: Settings) -> ClaimLinks:
    """The links to claim pages, in mails to learners."""
    return ClaimLinks(settings.public_url, claim_tokens(database, settings))


def mail_reader(database: Database, settings: Settings) -> MailReader:
    return MailReader(MAIL_KINDS, claim_links(database, settings), settings.templates)


def mail_server_trouble(settings: Settings) -> str | None:
    """Connects and logs in, as before a mail is sent. Returns what went wrong."""
    # Templates and SMTP: for those only who send mail.
    from bursar.delivery.smtp import ServerAway, SmtpConnection  # noqa: PLC0415

    try:
        with SmtpConnection(mail_server(settings), settings.smtp_timeout) as connection:
            connection.connect()
    except ServerAway as error:
        return str(error)
    return None


def sign_in_to_lms(settings: Settings) -> float | None:
    """Gets an access token from the LMS, in one attempt. Returns by how many seconds its clock is
    ahead, if it tells the time. Raises LmsUnavailable."""
    # The HTTP client is slow to import, and needed with an LMS only.
    from bursar.connectors.openedx.adapter import OpenEdxGateway  # noqa: PLC0415

    gateway = OpenEdxGateway.of(settings)
    try:
        return gateway.sign_in()
    finally:
        gateway.close()


def gateway_of(settings: Settings) -> LmsGateway:
    """The LMS that Bursar enrolls learners in: Bursar itself, unless the settings name another.

    It keeps a token and connections, so that a process makes one and hands it on.
    """
    if not settings.lms_url:
        return EmbeddedGateway()
    # The HTTP client is slow to import, and needed with an LMS only.
    from bursar.connectors.openedx.adapter import OpenEdxGateway  # noqa: PLC0415

    return OpenEdxGateway.of(settings)


def tasks_of(gateway: LmsGateway) -> Mapping[str, Task]:
    """By name."""
    return {
        task.name: task
        for task in (
            *credit.TASKS,
            *policy_tasks.TASKS,
            *plan_tasks.TASKS,
            *report_tasks.TASKS,
            *renewals.TASKS,
            *endings.tasks(gateway),
            *bulk.tasks(gateway),
            *direct.TASKS,
            *waiting_claims.tasks(accounts_of),
            *progress.tasks(lists_of),
            *upgrading.tasks(gateway),
            *retention.TASKS,
            Task("deliver-notifications", _deliver_notifications, None),  # the mail loop's work
            Task("send-reports", send_reports, None),  # the work of the report loops
        )
    }


TASK_NAMES: Final = tuple(tasks_of(EmbeddedGateway()))
"""They are the same whatever the gateway is."""


def workflows_of(settings: Settings) -> tuple[Workflow, ...]:
    """All that a worker can do."""
    gateway = gateway_of(settings)
    return (
        REFRESH_QUERY,
        *credit_jobs.workflows(gateway),
        *ending_jobs.workflows(gateway),
        *bulk_jobs.workflows(gateway),
        *change_jobs.workflows({**selected_licenses.KINDS, **selected_assignments.KINDS}),
        *upgrading.workflows(gateway),
        *direct_jobs.workflows(
            gateway, has_lms=bool(settings.lms_url), lms_public_url=settings.lms_public_url
        ),
        FORGET_EXPIRED_ANSWERS,
        FORGET_ENDED,
        *(
            scheduled(task, settings)
            for task in tasks_of(gateway).values()
            if task.schedule is not None
        ),
    )


MAIL_KINDS: Final[dict[str, MailKind]] = {
    kind.name: kind
    for kinds in (
        credit_mail.MAIL_KINDS,
        license_mail.MAIL_KINDS,
        bulk_mail.MAIL_KINDS,
        direct_mail.MAIL_KINDS,
        webhook_mail.MAIL_KINDS,
    )  # of each domain that sends mail
    for kind in kinds
}
MAIL_SECONDS: Final = 1.0
EVENT_SECONDS: Final = 0.2
IDLE_EVENT_SECONDS: Final = 1.0


def news_of(settings: Settings, queue: JobQueue) -> News:
    """Who is told of what, in the transaction in which it happens. The only such table."""
    lms = settings.lms_public_url
    endings = EnqueueEnding(queue)
    direct_work = direct_jobs.EnqueueWork(queue)
    return News(
        (
            Subscription(CatalogChanged, (refresh_pending_of(queue), publish_turnover)),
            Subscription(ContentImported, (publish_turnover,)),
            Subscription(ContentDeleted, (publish_turnover,)),
            Subscription(
                LearnerLinked,
                (
                    linking.of_linked_learners,
                    link_learners,
                    direct_work.of_linked,
                    EnqueueUpgrade(queue),
                ),
            ),
            Subscription(LearnerConsentChanged, (telling_consent(refresh_consent),)),
            Subscription(policies.SubsidyChanged, (deadlines.of_changed_subsidies,)),
            Subscription(assignments.AssignmentAllocated, (credit_mail.of_allocated(lms),)),
            Subscription(assignments.AssignmentReminded, (credit_mail.of_reminded(lms),)),
            Subscription(assignments.AssignmentCancelled, (credit_mail.of_cancelled,)),
            Subscription(assignments.AssignmentExpired, (credit_mail.of_expired,)),
            Subscription(transactions.TransactionCreated, (credit_jobs.enroll_redeemed(queue),)),
            Subscription(transactions.TransactionReversed, (credit_jobs.end_reversed(queue),)),
            Subscription(LicenseAssigned, (license_mail.enqueue_assigned,)),
            Subscription(LicenseReminded, (license_mail.enqueue_reminded,)),
            Subscription(LicenseActivated, (EnqueuePending(queue),)),
            Subscription(LicenseRevoked, (endings.of_revoked,)),
            Subscription(SandboxReset, (forget_captured,)),
            Subscription(EndpointDisabled, (webhook_mail.enqueue_disabled,)),
            Subscription(PlanExpired, (endings.of_expired,)),
            Subscription(BulkChangeRequested, (change_jobs.EnqueueChange(queue),)),
            Subscription(DirectEnrollmentsRequested, (direct_work.of_requested,)),
            Subscription(BulkEnrollmentRequested, (bulk_jobs.EnqueueJob(queue),)),
            Subscription(
                BulkEnrollmentProgressed, (bulk_mail.EnqueueEnrolled(settings.lms_public_url),)
            ),
        )
    )


def compose(database: Database, settings: Settings) -> Database:
    """Gives the database's sessions what services need. Doing it twice changes nothing."""
    database.info[News.KEY] = news_of(settings, JobQueue(database))
    database.info[PARTNER_KEY] = settings.partner
    database.info[PRESENTER_KEY] = presenting_rows(settings.public_url)
    database.info[outgoing_settings.KEY] = OutgoingSettings(
        Permitted.of(settings.webhook_allow), lambda: seal_of(database, settings)
    )
    return database


def open_database(
    settings: Settings, *, pool_size: int = 8, patience: Patience = PATIENT
) -> Database:
    """The installation's database, ready for services. Raises ValueError for a URL of no use."""
    url = settings.direct_database_url or settings.effective_database_url
    return compose(Database(url, pool_size=pool_size, patience=patience), settings)


def open_web_database(settings: Settings) -> Database:
    """The same for web processes, in which a client waits for every statement."""
    is_pooled = bool(settings.direct_database_url)
    return compose(_of_web(settings, settings.effective_database_url, pooled=is_pooled), settings)


def open_standby(settings: Settings, primary: Database) -> Standby | None:
    """The standby that serves reads, if there is one. Raises ValueError for a URL of no use."""
    if not settings.replica_url:
        return None
    replica = _of_web(settings, settings.replica_url)
    return Standby(primary, compose(replica, settings), most_lag=settings.replica_lag)


def _of_web(settings: Settings, url: str, *, pooled: bool = False) -> Database:
    patience = Patience(settings.lock_timeout, settings.statement_timeout)
    return Database(url, pool_size=settings.threads, patience=patience, pooled=pooled)


def figure_readers() -> tuple[FigureReader, ...]:
    """What every process shows at `/metrics` of what the database holds."""
    workflows = [
        *(f"task.{task.name}" for task in tasks_of(EmbeddedGateway()).values() if task.schedule),
        FORGET_ENDED.name,
        FORGET_EXPIRED_ANSWERS.name,
    ]
    return (
        queue_figures,
        task_figures(workflows),
        delivery_figures,
        report_figures,
        process_figures,
        sync_figures,
    )


@contextmanager
def worker_metrics(settings: Settings) -> Iterator[None]:
    """Answers `/metrics` of a worker where the settings say. Raises OSError when it cannot."""
    if not settings.worker_metrics:
        yield
        return
    # Prometheus and its server: for workers that are watched only.
    from bursar.counting import COUNTED  # noqa: PLC0415
    from bursar.web.found import StoredFigures  # noqa: PLC0415
    from bursar.web.metrics import exposed  # noqa: PLC0415

    host, _, port = settings.worker_metrics.rpartition(":")
    database = open_database(settings, pool_size=1)
    try:
        figures = StoredFigures(database, figure_readers())
        with exposed(host.strip("[]"), int(port), [COUNTED, figures]):
            yield
    finally:
        database.dispose()


def background_worker(settings: Settings) -> "Worker":
    """Not started yet. `bursar serve` on SQLite runs it beside the web processes."""
    from bursar.jobs.worker import Worker  # noqa: PLC0415 - commands that need no worker start fast

    return Worker(
        lambda pool_size: open_database(settings, pool_size=pool_size),
        workflows_of(settings),
        loops=[
            mail_loop(settings),
            event_loop(),
            hook_loop(),
            webhook_loop(settings),
            xapi_loop(settings),
            *report_loops(settings),
            *sync_loops(settings),
        ],
    )


def mail_loop(settings: Settings) -> Loop:
    # Templates and SMTP: for workers only.
    from bursar.delivery.sending import deliver_due  # noqa: PLC0415

    transport = mail_transport(settings)

    def deliver(context: JobContext) -> None:
        links = claim_links(context.database, settings)
        deliver_due(
            context.database,
            transport,
            MAIL_KINDS,
            stopping=context.stopping,
            link_to=links,
            folder=settings.templates,
        )

    return Loop("mail", deliver, MAIL_SECONDS)


def event_loop() -> Loop:
    """Gives committed events their places in the log."""
    sequencer_of = lru_cache(maxsize=1)(Sequencer)

    def place(context: JobContext) -> int:
        return sequencer_of(context.database).place()

    return Loop("events", place, EVENT_SECONDS, IDLE_EVENT_SECONDS)
