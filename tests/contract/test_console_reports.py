"""Scheduled reports in the console: when each comes, what came of it, and once more now."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from bursar import clock
from bursar.accounts.service import ConsoleRole
from bursar.audit.service import Entry, Wanted, latest_entries
from bursar.delivery.models import Delivery
from bursar.scheduled_reports.models import ReportRun
from bursar.scheduled_reports.service import find_reports, newest_runs
from testing.clients.browsing import Browsing, heading, signed_in
from testing.shops.reports import report
from testing.shops.service import Service, Shop

BOTH = {"email": ["ana@acme.example", "ben@acme.example"]}


@pytest.fixture
def admin(service: Service, shop: Shop) -> Browsing:
    return signed_in(service.url, service.database, shop.uuid)


@pytest.fixture
def declared(shop: Shop) -> UUID:
    shop.declare(reports=[report(to=BOTH)])
    with shop.service.database.read() as connection:
        (found,) = find_reports(connection, enterprise_uuid=shop.uuid)
    return found.uuid


def reports(shop: Shop, uuid: UUID | None = None, what: str = "") -> str:
    return f"/console/e/{shop.org}/integrations/reports" + (f"/{uuid}{what}" if uuid else "")


def runs(shop: Shop) -> list[str]:
    with shop.service.database.read() as connection:
        found = newest_runs(connection, enterprise_uuid=shop.uuid, limit=99)
    return [each.status.value for each in found]


def trail(shop: Shop) -> list[Entry]:
    with shop.service.database.read() as connection:
        wanted = Wanted(enterprise_uuid=shop.uuid, action="report.requested")
        return [entry for _, entry in latest_entries(connection, wanted, limit=9)]


def test_a_report_is_shown_with_its_timetable(shop: Shop, admin: Browsing, declared: UUID) -> None:
    for page in (admin.page(reports(shop)), admin.page(reports(shop, declared))):
        assert "Every day at 06:30, Europe/Berlin" in page
        assert "Learner summary" in page
    page = admin.page(reports(shop, declared))
    assert "ana@acme.example, ben@acme.example" in page
    assert "It was not sent yet" in page


def test_home_tells_of_a_report_whose_last_run_failed(
    shop: Shop, admin: Browsing, declared: UUID
) -> None:
    start = f"/console/e/{shop.org}"
    admin.post(reports(shop, declared, "/run"))
    assert "not sent" not in admin.page(start)
    with shop.service.database.transaction() as session:
        failed = {"status": "failed", "finished_at": clock.now()}
        mine = update(ReportRun).where(ReportRun.report_uuid == declared)
        session.execute(mine.values(failed))
    page = admin.page(start)
    assert "1 scheduled report not sent" in page
    assert f'href="{reports(shop)}"' in page


def test_a_report_is_sent_now_and_once(shop: Shop, admin: Browsing, declared: UUID) -> None:
    path, key = reports(shop, declared, "/run"), {"_key": str(uuid4())}
    review = admin.page(path)
    assert "Send to 2 recipients" in review
    assert "gives way" not in review
    assert runs(shop) == []
    for _ in range(2):
        assert "Being sent" in admin.follow(admin.post(path, key))
    assert runs(shop) == ["pending"]
    (entry,) = trail(shop)
    assert entry.actor.startswith("user:")
    assert entry.changes["name"] == (None, "progress")
    assert "A run that waits gives way to it." in admin.page(path)
    assert admin.post(path).status_code == 303
    assert sorted(runs(shop)) == ["dropped", "pending"]


def test_nothing_is_planned_while_a_report_is_being_sent(
    shop: Shop, admin: Browsing, declared: UUID
) -> None:
    path = reports(shop, declared, "/run")
    assert admin.post(path).status_code == 303
    with shop.service.database.transaction() as session:
        taken = update(Delivery).where(Delivery.target_uuid == declared)
        session.execute(taken.values(claimed_until=clock.now() + timedelta(hours=1)))
    answer = admin.post(path)
    assert answer.status_code == 409
    assert "being sent at this moment" in answer.text
    assert runs(shop) == ["pending"]
    assert len(trail(shop)) == 1


def test_runs_are_listed_with_their_outcome(shop: Shop, admin: Browsing, declared: UUID) -> None:
    assert admin.post(reports(shop, declared, "/run")).status_code == 303
    mine = update(ReportRun).where(ReportRun.report_uuid == declared)
    with shop.service.database.transaction() as session:
        session.execute(mine.values(error="The mail server does not answer."))
    assert "Tried again later" in admin.page(reports(shop, declared))
    with shop.service.database.transaction() as session:
        done = {"status": "failed", "finished_at": clock.now(), "size": 12345}
        session.execute(mine.values(done))
    for page in (admin.page(reports(shop)), admin.page(reports(shop, declared))):
        assert "Failed" in page
        assert "The mail server does not answer." in page
    assert "12,345" in admin.page(reports(shop, declared))
    assert admin.get(reports(shop, declared) + "?page=2").status_code == 404


def test_the_last_run_of_each_report_is_its_own(
    shop: Shop, admin: Browsing, declared: UUID
) -> None:
    shop.declare(reports=[report(to=BOTH), report("licenses", what="licenses")])
    for _ in range(2):
        assert admin.post(reports(shop, declared, "/run")).status_code == 303
    page = admin.page(reports(shop))
    assert page.count("Being sent") == 1
    assert page.count("none yet") == 1
    assert "Dropped" not in page


def test_a_foreign_report_is_unknown_and_a_viewer_only_looks(
    service: Service, shop: Shop, declared: UUID
) -> None:
    stranger = signed_in(service.url, service.database, service.open_shop().uuid)
    viewer = signed_in(service.url, service.database, shop.uuid, ConsoleRole.VIEWER)
    for what in ("", "/run"):
        assert stranger.get(reports(shop, declared, what)).status_code == 404
        page = viewer.page(reports(shop, declared, what))
        assert "<button" not in page.partition("<main")[2]
    answer = viewer.post(reports(shop, declared, "/run"))
    assert (answer.status_code, heading(answer.text)) == (403, "You may look, but not change")
    with shop.service.database.read() as connection:
        mine = select(Delivery.id).where(Delivery.enterprise_uuid == shop.uuid)
        assert not connection.execute(mine).all()
