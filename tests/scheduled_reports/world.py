"""An enterprise with licenses, and what it is sent."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from bursar.actors import Actor
from bursar.catalog.listings.service import Look
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.delivery.models import Delivery, DeliveryAttempt
from bursar.identity.sealing import Seal
from bursar.mail_transport import mail_transport
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data
from bursar.report_work import mailing
from bursar.scheduled_reports.models import ReportRun
from bursar.scheduled_reports.planning import plan_due
from bursar.scheduled_reports.running import Means, ReportCounts, send_due
from bursar.settings import Settings
from bursar.subscriptions.licenses.commands import AssignLicenses
from bursar.subscriptions.licenses.service import assign
from testing.servers.sftp import SftpSink
from testing.shops.reports import ACME, GLOBEX, SECRET, Values, acme, public_text, report

NOW = datetime(2026, 3, 1, tzinfo=UTC)
"""A Sunday. The report of `daily` is due at six."""
DUE = datetime(2026, 3, 1, 6, tzinfo=UTC)
NEXT = datetime(2026, 3, 2, 6, tzinfo=UTC)
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
PLAN = "904b1785-9d3a-4000-848d-6ae7a56e6355"
EMAILS = ("ana@acme.example", "ben@acme.example")
ACTOR = Actor("test")
Rows = Sequence[AnyRow]


def daily(name: str = "licenses", **fields: Any) -> Values:
    """Of the licenses that somebody holds, every day at six."""
    plain = {"what": "licenses", "filters": {"status": "assigned"}, "at": {"time": "06:00"}}
    return report(name, **(plain | fields))


def to_server(sftp: SftpSink, **fields: Any) -> Values:
    server = {
        "host": "127.0.0.1",
        "port": sftp.port,
        "user": "acme",
        "password": sftp.password,
        "path": "/incoming",
        "host_key": public_text(sftp.host_key),
    }
    return {"sftp": server | fields}


def declare(database: Database, *reports: Values, at: datetime = NOW, **parts: Any) -> None:
    with database.transaction() as session:
        manifest = from_data(acme(*reports, **parts))
        apply(session, ACTOR, [manifest], now=at, seal=Seal([SECRET]))


def furnish(database: Database) -> None:
    """Acme with two licenses that are assigned; Globex with one."""
    for enterprise, slug, catalog, plan, emails in (
        (ACME, "acme", CATALOG, PLAN, EMAILS),
        (GLOBEX, "globex", CATALOG[:-1] + "0", PLAN[:-1] + "0", ("gil@globex.example",)),
    ):
        named = {
            "uuid": enterprise,
            "name": slug.capitalize(),
            "slug": slug,
            "catalogs": [{"uuid": catalog, "title": "All"}],
            "subscription_plans": [
                {
                    "uuid": plan,
                    "title": "All",
                    "start_date": "2026-01-01",
                    "expiration_date": "2027-01-01",
                    "enterprise_catalog_uuid": catalog,
                    "num_licenses": 5,
                }
            ],
        }
        with database.transaction() as session:
            apply(session, ACTOR, [from_data({"enterprises": [named]})], now=NOW)
            command = AssignLicenses(
                UUID(enterprise), UUID(plan), dict.fromkeys(emails), notify=False
            )
            assign(session, ACTOR, command, at=NOW)


def means(folder: str = "", smtp_url: str = "", *, largest_mb: int = 10) -> Means:
    settings = Settings(smtp_url=smtp_url, smtp_timeout=5)
    return Means(
        seal=Seal([SECRET]),
        mail=mailing(mail_transport(settings), largest_mb),
        root_url="https://api.example.org",
        look=Look("https://lms.example.org", with_listed_keys=True),
        spool_folder=folder,
    )


def work(database: Database, at: datetime, means: Means) -> ReportCounts:
    """What a worker does at an instant, which the clock shows already."""
    plan_due(database, at)
    return send_due(database, means)


def runs(database: Database) -> Rows:
    with database.read() as connection:
        columns = select(*ReportRun.__table__.c).order_by(ReportRun.planned_at)
        return connection.execute(columns).all()


def deliveries(database: Database) -> Rows:
    with database.read() as connection:
        return connection.execute(select(*Delivery.__table__.c).order_by(Delivery.id)).all()


def attempts(database: Database) -> Rows:
    table = DeliveryAttempt.__table__.c
    with database.read() as connection:
        ordered = select(*table).order_by(table.delivery_id, table.number)
        return connection.execute(ordered).all()
