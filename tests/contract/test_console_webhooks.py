"""Webhook endpoints in the console: added, changed, tried out, stopped, given new secrets and
deleted, and what was sent to them."""

import csv
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update

from bursar import clock
from bursar.accounts.service import ConsoleRole
from bursar.actors import Actor
from bursar.audit.service import Entry, Wanted, latest_entries
from bursar.database.bulk import bulk_insert
from bursar.delivery.models import Channel, Delivery, DeliveryAttempt, DeliveryStatus
from bursar.delivery.service import NewDelivery, enqueue_deliveries
from bursar.events.models import EventRecord
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.service import EndpointView, delete_endpoint, list_endpoints
from bursar.xapi.models import XapiConnection
from testing.clients.browsing import Browsing, heading, signed_in
from testing.databases.locks import somebody_waits
from testing.databases.plugin import DIALECTS
from testing.shops.service import Service, Shop
from testing.waiting import wait_until
from testing.worlds.contract_webhooks import delivery_to, delivery_uuid

URL = "https://hooks.example.org/bursar"


@pytest.fixture
def admin(service: Service, shop: Shop) -> Browsing:
    return signed_in(service.url, service.database, shop.uuid)


@pytest.fixture
def endpoint(shop: Shop) -> UUID:
    path = f"/enterprise/v1/webhook-endpoints?enterprise_customer_uuid={shop.uuid}"
    return UUID(shop.api.post(path, json={"url": URL, "description": "HR"}).json()["uuid"])


def home(shop: Shop, what: str = "") -> str:
    return f"/console/e/{shop.org}/integrations{what}"


def hooks(shop: Shop, endpoint: UUID | None = None, what: str = "") -> str:
    return home(shop, f"/webhooks/{endpoint}{what}" if endpoint else "/webhooks")


def endpoints(shop: Shop) -> list[EndpointView]:
    with shop.service.database.read() as connection:
        return list(list_endpoints(connection, shop.uuid))


def secret_of(page: str) -> str:
    found = re.search(r'id="secret" value="([^"]+)"', page)
    assert found, page
    return unescape(found[1])


def trail(shop: Shop, action: str = "endpoint.*") -> list[Entry]:
    with shop.service.database.read() as connection:
        wanted = Wanted(enterprise_uuid=shop.uuid, action=action)
        return [entry for _, entry in latest_entries(connection, wanted, limit=50)]


def queue(shop: Shop, endpoint: UUID, *names: str) -> None:
    """Deliveries, of which each was tried once in vain."""
    with shop.service.database.transaction() as session:
        new = [delivery_to(endpoint, shop.uuid, name) for name in names]
        enqueue_deliveries(session, new, clock.now())
        mine = select(Delivery.id).where(Delivery.target_uuid == endpoint)
        tried = {
            "number": 1, "at": clock.now(), "outcome": "retrying", "status": 503,
            "answer": "<b>down</b>", "seconds": 0.25,
        }  # fmt: skip
        rows = [{"delivery_id": each, **tried} for each in session.scalars(mine)]
        bulk_insert(session, DeliveryAttempt, rows)


def finish(shop: Shop, name: str, status: DeliveryStatus) -> None:
    mine = update(Delivery).where(Delivery.uuid == delivery_uuid(shop.uuid, name))
    with shop.service.database.transaction() as session:
        session.execute(mine.values(status=status.value, finished_at=clock.now()))


def status_of(shop: Shop, name: str) -> str:
    mine = select(Delivery.status).where(Delivery.uuid == delivery_uuid(shop.uuid, name))
    with shop.service.database.read() as connection:
        return str(connection.execute(mine).scalar_one())


def kinds_of(page: str) -> list[str]:
    return re.findall(r'deliveries/[0-9a-f-]{36}">([^<]+)</a>', page)


def test_an_endpoint_is_added_once_and_its_secret_shown_once(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    assert "license.assigned" in admin.page(hooks(shop) + "/new")
    fields = {
        "url": f" {URL} ", "description": "HR", "types": "license.*,\n enrollment.created ",
        "_key": str(uuid4()),
    }  # fmt: skip
    first, second = (admin.post(hooks(shop), fields) for _ in range(2))
    secret = secret_of(first.text)
    assert secret.startswith("whsec_")
    (made,) = endpoints(shop)
    assert (made.url, made.description) == (URL, "HR")
    assert made.event_types == ["license.*", "enrollment.created"]
    page = admin.follow(second)
    assert heading(page) == URL
    assert "was shown once" in page
    pages = [second.text, page, admin.page(hooks(shop)), admin.page(home(shop))]
    assert all(secret not in each for each in pages)
    assert secret not in service.log()
    events = select(EventRecord).where(EventRecord.enterprise_uuid == shop.uuid)
    with service.database.read() as connection:
        assert all(secret not in str(row) for row in connection.execute(events))
    (entry,) = trail(shop)
    assert entry.action == "endpoint.created"
    assert entry.actor.startswith("user:")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"url": ""}, "Give a URL"),
        ({"url": "http://hooks.example.org"}, "begins with https://"),
        ({"url": "https://10.0.0.1/x"}, "not public"),
        ({"url": "https://a:b@example.org"}, "Leave user name"),
        ({"description": "x" * 256}, "at most 255"),
        ({"description": "a\u200bb"}, "invisible character"),
        ({"types": "license.nothing"}, "license.nothing"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(
    shop: Shop, admin: Browsing, endpoint: UUID, fields: dict[str, str], why: str
) -> None:
    before = endpoints(shop)
    given = {"url": f"{URL}/typed", "description": "typed", "types": "group.*", **fields}
    for path in (hooks(shop), hooks(shop, endpoint, "/edit")):
        answer = admin.post(path, given)
        assert answer.status_code == 422
        assert why in unescape(answer.text)
        for name in given.keys() - fields.keys():
            assert given[name] in answer.text
    assert endpoints(shop) == before


def test_settings_are_changed(shop: Shop, admin: Browsing, endpoint: UUID) -> None:
    path = hooks(shop, endpoint, "/edit")
    assert f'value="{URL}"' in admin.page(path)
    answer = admin.post(path, {"url": f"{URL}/2", "description": "", "types": "license.*"})
    assert heading(admin.follow(answer)) == f"{URL}/2"
    (changed,) = endpoints(shop)
    assert (changed.description, changed.event_types) == ("", ["license.*"])
    entry = trail(shop, "endpoint.changed")[0]
    assert entry.changes["url"] == (URL, f"{URL}/2")


def test_a_ping_is_sent_once(shop: Shop, admin: Browsing, endpoint: UUID) -> None:
    key = {"_key": str(uuid4())}
    for _ in range(2):
        page = admin.follow(admin.post(hooks(shop, endpoint, "/ping"), key))
        assert "A ping is on its way." in page
    assert len(trail(shop, "ping")) == 1


def test_an_endpoint_is_stopped_after_a_number_and_works_again(
    shop: Shop, admin: Browsing, endpoint: UUID
) -> None:
    queue(shop, endpoint, "one", "two")
    path = hooks(shop, endpoint)
    assert "2 deliveries that wait are dropped" in admin.page(f"{path}/disable")
    assert status_of(shop, "one") == "pending"
    page = admin.follow(admin.post(f"{path}/disable"))
    assert "It was switched off." in page
    assert status_of(shop, "one") == "dropped"
    ping = admin.post(f"{path}/ping")
    assert (ping.status_code, heading(ping.text)) == (409, "Nothing was sent")
    assert "from now on" in admin.page(f"{path}/enable")
    assert "is enabled" in admin.follow(admin.post(f"{path}/enable"))
    assert endpoints(shop)[0].enabled
    assert {entry.actor.partition(":")[0] for entry in trail(shop, "endpoint.changed")} == {"user"}


def test_a_secret_is_replaced_once(
    service: Service, shop: Shop, admin: Browsing, endpoint: UUID
) -> None:
    path, key = hooks(shop, endpoint, "/rotate"), {"_key": str(uuid4())}
    assert "For 24 hours" in admin.page(path)
    first, second = (admin.post(path, key) for _ in range(2))
    secret = secret_of(first.text)
    assert secret not in second.text + admin.follow(second) + service.log()
    assert len(trail(shop, "endpoint.secret_rotated")) == 1


def test_an_endpoint_is_deleted(shop: Shop, admin: Browsing, endpoint: UUID) -> None:
    path, key = hooks(shop, endpoint), {"_key": str(uuid4())}
    assert "cannot be undone" in admin.page(f"{path}/delete")
    for _ in range(2):
        assert "is deleted" in admin.follow(admin.post(f"{path}/delete", key))
    assert endpoints(shop) == []
    assert admin.get(path).status_code == 404
    assert [entry.action for entry in trail(shop)] == ["endpoint.deleted", "endpoint.created"]


def test_deliveries_are_listed_with_what_was_answered(
    shop: Shop, admin: Browsing, endpoint: UUID
) -> None:
    path = hooks(shop, endpoint)
    assert "Nothing was sent yet" in admin.page(path)
    queue(shop, endpoint, "one", "two")
    finish(shop, "two", DeliveryStatus.FAILED)
    page = admin.page(path)
    assert len(kinds_of(page)) == 2
    assert "&lt;b&gt;down&lt;/b&gt;" in page
    assert "<b>down" not in page
    failed = admin.page(f"{path}?state=failed")
    assert len(kinds_of(failed)) == 1
    assert "?status=failed" in failed
    assert "No delivery matches" in admin.page(f"{path}?state=dropped")
    assert len(kinds_of(admin.page(f"{path}?state=gone"))) == 2
    one = admin.page(f"{path}/deliveries/{delivery_uuid(shop.uuid, 'one')}")
    for told in ("503", "&lt;b&gt;down&lt;/b&gt;", "0.25", "Retrying"):
        assert told in one


def test_deliveries_are_kept_as_files(shop: Shop, admin: Browsing, endpoint: UUID) -> None:
    queue(shop, endpoint, "one", "two", "=three")
    finish(shop, "one", DeliveryStatus.FAILED)
    page = admin.page(hooks(shop, endpoint, "?state=pending"))
    links = re.findall(r'href="([^"]+/deliveries\.(?:csv|ndjson)[^"]*)"', page)
    as_csv, as_ndjson = (unescape(link) for link in links)
    answer = admin.get(as_csv)
    assert answer.headers["content-disposition"].endswith(f'deliveries-{shop.org}.csv"')
    head, *rows = list(csv.reader(io.StringIO(answer.text)))
    assert [row[head.index("uuid")] for row in rows] == [
        str(delivery_uuid(shop.uuid, name)) for name in ("=three", "two")
    ]
    assert {row[head.index("last_answer")] for row in rows} == {"<b>down</b>"}
    items = [json.loads(line) for line in admin.page(as_ndjson).splitlines()]
    path = f"/enterprise/v1/webhook-endpoints/{endpoint}/deliveries?status=pending"
    assert items == shop.api.json(path)["results"]


def test_deliveries_are_read_page_by_page(shop: Shop, admin: Browsing, endpoint: UUID) -> None:
    queue(shop, endpoint, *(str(number) for number in range(60)))
    path, pages = hooks(shop, endpoint), []
    while path:
        page = admin.page(path)
        pages.append(re.findall(r"deliveries/([0-9a-f-]{36})", page))
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(older[1]) if older else ""
    assert [len(each) for each in pages] == [50, 10]
    newest_first = [str(delivery_uuid(shop.uuid, str(number))) for number in reversed(range(60))]
    assert [each for page in pages for each in page] == newest_first
    for wrong in ("x", "-1", "9" * 30):
        answer = admin.get(f"{hooks(shop, endpoint)}?before={wrong}")
        assert (answer.status_code, heading(answer.text)) == (400, "This page cannot be read")


def test_a_delivery_is_sent_again(shop: Shop, admin: Browsing, endpoint: UUID) -> None:
    queue(shop, endpoint, "one", "two")
    finish(shop, "one", DeliveryStatus.FAILED)
    path = hooks(shop, endpoint, f"/deliveries/{delivery_uuid(shop.uuid, 'one')}")
    assert "Send it now" in admin.page(path)
    key = {"_key": str(uuid4())}
    for _ in range(2):
        assert "sent again in a moment" in admin.follow(admin.post(f"{path}/retry", key))
    assert status_of(shop, "one") == "pending"
    assert len(trail(shop, "delivery.retried")) == 1
    finish(shop, "one", DeliveryStatus.DELIVERED)
    refused = admin.post(f"{path}/retry")
    assert refused.status_code == 409
    assert "It is not sent again: it was delivered." in refused.text
    assert "Send it now" not in refused.text
    finish(shop, "one", DeliveryStatus.FAILED)
    with shop.service.database.transaction() as session:
        off = update(WebhookEndpoint).where(WebhookEndpoint.uuid == endpoint)
        session.execute(off.values(disabled_at=clock.now(), disabled_reason="Gone."))
    assert "Enable it first." in admin.post(f"{path}/retry").text
    assert status_of(shop, "one") == "failed"


def test_events_of_the_past_are_sent_again_once(
    shop: Shop, admin: Browsing, endpoint: UUID
) -> None:
    path = hooks(shop, endpoint, "/replay")
    assert "the endpoint was added" in admin.page(path)
    for wrong, why in (
        ("", "Write an instant in UTC"),
        ("yesterday", "Write an instant in UTC"),
        ("2999-01-01 06:00", "an instant that has passed"),
        ("0001-01-01T00:00+14:00", "Write an instant in UTC"),
    ):
        refused = admin.post(path, {"since": wrong})
        assert refused.status_code == 422
        assert why in refused.text
    fields = {"since": "2026-01-02 06:00", "_key": str(uuid4())}
    for _ in range(2):
        page = admin.follow(admin.post(path, fields))
        assert "events since 2 Jan 2026, 06:00, UTC" in page
    assert len(trail(shop, "endpoint.replayed")) == 1
    again = admin.post(path, {"since": "2026-01-02"})
    assert again.status_code == 409
    assert "already" in again.text
    admin.post(hooks(shop, endpoint, "/disable"))
    assert "Enable it first." in admin.post(path, {"since": "2026-01-02"}).text


def test_deliveries_of_others_are_unknown(
    service: Service, shop: Shop, admin: Browsing, endpoint: UUID
) -> None:
    other = service.open_shop()
    path = f"/enterprise/v1/webhook-endpoints?enterprise_customer_uuid={other.uuid}"
    theirs = UUID(other.api.post(path, json={"url": URL}).json()["uuid"])
    queue(other, theirs, "one")
    for uuid in (delivery_uuid(other.uuid, "one"), uuid4(), "x"):
        mine = f"{hooks(shop, endpoint)}/deliveries/{uuid}"
        assert admin.get(mine).status_code == 404
        assert admin.post(f"{mine}/retry").status_code == 404
    for what in ("", "/edit", "/replay", "/disable", "/rotate", "/delete"):
        assert admin.get(hooks(shop, theirs, what)).status_code == 404
    assert not trail(other, "delivery.retried")


def test_a_viewer_looks_and_changes_nothing(service: Service, shop: Shop, endpoint: UUID) -> None:
    viewer = signed_in(service.url, service.database, shop.uuid, ConsoleRole.VIEWER)
    queue(shop, endpoint, "one")
    before, path = endpoints(shop), hooks(shop, endpoint)
    one = f"{path}/deliveries/{delivery_uuid(shop.uuid, 'one')}"
    pages = ("", "/disable", "/delete", "/rotate", "/edit", "/replay", "/deliveries.csv")
    for each in (
        one,
        f"{hooks(shop)}/new",
        f"{path}/deliveries.ndjson",
        *(path + page for page in pages),
    ):
        assert viewer.get(each).status_code == 403
    for each in (hooks(shop), home(shop)):
        page = viewer.page(each).partition("<main")[2]
        assert "<button" not in page
        assert "hooks.example.org" in page
        # The rest of an address is often the secret of its receiver.
        assert URL not in page
    for what in ("/ping", "/edit", "/replay", "/disable", "/enable", "/rotate", "/delete"):
        assert viewer.post(f"{path}{what}", {"url": URL}).status_code == 403
    assert viewer.post(f"{one}/retry").status_code == 403
    assert viewer.post(hooks(shop), {"url": URL}).status_code == 403
    assert endpoints(shop) == before


@pytest.mark.parametrize("dialect", DIALECTS[1:], indirect=True)
def test_a_form_about_an_endpoint_that_is_being_deleted_finds_nothing(
    service: Service, shop: Shop, admin: Browsing, endpoint: UUID
) -> None:
    with ThreadPoolExecutor(1) as others:
        with service.database.transaction() as session:
            delete_endpoint(session, Actor("operator:test"), endpoint, at=clock.now())
            answer = others.submit(admin.post, f"{hooks(shop, endpoint)}/ping")
            wait_until(lambda: somebody_waits(service.database))
        assert answer.result().status_code == 404


@pytest.fixture
def store(shop: Shop) -> UUID:
    """A learning record store, to which one statement is being sent."""
    uuid = uuid4()
    values = {
        "uuid": uuid, "enterprise_uuid": shop.uuid, "endpoint": "https://lrs.example.org/xAPI",
        "key": "bursar", "secret": "sealed-and-never-shown", "identity": "mbox_sha1sum",
        "mode": "daily", "verbs": ["passed", "completed"], "succeeded_at": None,
        "failing_since": clock.now(), "created_at": clock.now(), "modified_at": clock.now(),
    }  # fmt: skip
    statement = NewDelivery(
        channel=Channel.XAPI, kind="passed", enterprise_uuid=shop.uuid, subject_uuid=uuid4(),
        recipient="https://lrs.example.org/xAPI", target_uuid=uuid, event_uuid=uuid4(),
        uuid=delivery_uuid(shop.uuid, "statement"),
    )  # fmt: skip
    with shop.service.database.transaction() as session:
        session.execute(insert(XapiConnection).values(values))
        enqueue_deliveries(session, [statement], clock.now())
    return uuid


def test_home_tells_what_is_not_reached(
    shop: Shop, admin: Browsing, endpoint: UUID, store: UUID
) -> None:
    start = f"/console/e/{shop.org}"
    assert store
    page = admin.page(start)
    assert "The learning record store is not reached" in page
    assert "webhook endpoint" not in page
    mine = update(WebhookEndpoint).where(WebhookEndpoint.uuid == endpoint)
    for values, told in (
        ({"failing_since": clock.now()}, "1 webhook endpoint not reached"),
        (
            {"failing_since": None, "disabled_at": clock.now(), "disabled_reason": "It said 410."},
            "1 webhook endpoint given up",
        ),
    ):
        with shop.service.database.transaction() as session:
            session.execute(mine.values(values))
        page = admin.page(start)
        assert told in page
        assert f'href="{hooks(shop)}"' in page
    admin.post(f"{hooks(shop, endpoint)}/enable")
    admin.post(f"{hooks(shop, endpoint)}/disable")
    assert "webhook endpoint" not in admin.page(start)


def test_a_learning_record_store_is_shown_with_what_it_was_sent(
    service: Service, shop: Shop, admin: Browsing, endpoint: UUID, store: UUID
) -> None:
    assert store
    assert "https://lrs.example.org/xAPI" in admin.page(home(shop))
    path = home(shop, "/xapi")
    page = admin.page(path)
    for told in ("Failing", "by a hash of", "passed, completed, when the day is over"):
        assert told in page
    assert "sealed-and-never-shown" not in page
    one = f"{path}/deliveries/{delivery_uuid(shop.uuid, 'statement')}"
    assert one in page
    assert heading(admin.page(one)) == "passed"
    queue(shop, endpoint, "one")
    assert admin.get(f"{path}/deliveries/{delivery_uuid(shop.uuid, 'one')}").status_code == 404
    stranger = signed_in(service.url, service.database, service.open_shop().uuid)
    assert stranger.get(one).status_code == 404


def test_statements_are_shown_before_they_are_sent(shop: Shop, admin: Browsing) -> None:
    path = home(shop, "/xapi/statements")
    shop.declare(learners=[{"email": "ana@example.org", "consent": True}])
    row = {
        "learner_email": "ana@example.org", "courserun_key": "course-v1:edX+DemoX+2026",
        "current_grade": 0.9, "has_passed": True,
    }  # fmt: skip
    progress = f"/enterprise/v3/enterprise-customer/{shop.uuid}/learner-progress"
    assert shop.api.request("PUT", progress, json={"enrollments": [row]}).status_code == 200
    # Reading the log gives out the places by which this page goes on.
    assert shop.events()
    found = ""
    while path:
        page = admin.page(path)
        found += page
        further = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(further[1]) if further else ""
    assert "mailto:ana@example.org" in found
    assert "http://adlnet.gov/expapi/verbs/passed" in found
    for wrong in ("x", "AQAAAAAAZAAA", "%00"):
        answer = admin.get(home(shop, f"/xapi/statements?after={wrong}"))
        assert (answer.status_code, heading(answer.text)) == (400, "This page cannot be read")
