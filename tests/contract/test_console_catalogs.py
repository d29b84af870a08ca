"""Catalogs in the console: what is offered, what changed, and how a filter is changed."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from bursar import clock
from bursar.accounts.service import ConsoleRole
from bursar.actors import Actor
from bursar.audit.service import Wanted, latest_entries
from bursar.catalog.catalogs.commands import PutCatalog
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.content.documents import parse_document
from bursar.catalog.imports.service import store_documents
from bursar.catalog.membership.models import CatalogQuery
from testing.clients.browsing import Browsing, heading, hidden_fields, signed_in
from testing.shops.budget import open_budget
from testing.shops.service import Service, Shop
from testing.worlds.contract import Document, course, identifier, open_course, run

ACTOR = Actor("operator:test")


@pytest.fixture
def shop(service: Service) -> Shop:
    return service.open_shop()


@pytest.fixture
def admin(service: Service, shop: Shop) -> Browsing:
    return signed_in(service.url, service.database, shop.uuid)


def catalogs(shop: Shop) -> str:
    return f"/console/e/{shop.org}/catalogs"


def path_of(shop: Shop) -> str:
    return f"{catalogs(shop)}/{shop.catalog_uuid}"


def closing(shop: Shop, name: str, at: datetime | None, **fields: str) -> Document:
    """A course in which nobody can enroll from an instant on."""
    key = shop.key(name)
    end = None if at is None else clock.format_instant(at)
    return course(key, run(f"course-v1:{key}+1", enrollment_end=end), **fields)


def program(shop: Shop, title: str) -> Document:
    owners = [{"key": shop.org, "name": shop.org}]
    uuid = str(identifier(f"{shop.org} {title}"))
    return {"uuid": uuid, "title": title, "authoring_organizations": owners, "courses": []}


def figures(page: str) -> dict[str, str]:
    """The numbers at the top, by their names."""
    found = re.findall(r"<dt>([^<]+)</dt><dd>(?:<a [^>]*>)?([^<]+)", page)
    return dict(found)


def keys(page: str) -> list[str]:
    return re.findall(r'<td class="one mono" title="([^"]+)"', page)


def stored_filter(service: Service, shop: Shop) -> object:
    statement = (
        select(CatalogQuery.content_filter)
        .join(Catalog, Catalog.query_uuid == CatalogQuery.uuid)
        .where(Catalog.uuid == shop.catalog_uuid)
    )
    with service.database.read() as connection:
        return connection.scalar(statement)


def listed(shop: Shop) -> list[str]:
    found = shop.api.json(shop.path, params={"limit": 1000})["results"]
    return [each.get("key") or each["uuid"] for each in found]


def filter_text(shop: Shop, **conditions: object) -> str:
    return json.dumps({"org": shop.org, **conditions})


def previewed(admin: Browsing, shop: Shop, text: str) -> str:
    answer = admin.post(f"{path_of(shop)}/filter/preview", {"filter": text})
    assert answer.status_code == 200, answer.text
    return answer.text


def fields_of(page: str) -> dict[str, str]:
    """What the form that applies a filter would send."""
    first = page.partition("/filter/edit")[0]
    return {name: hidden_fields(first, name)[-1] for name in ("filter", "change", "_key")}


def test_an_enterprise_without_catalogs_is_told_what_they_are(service: Service) -> None:
    uuid, slug = uuid4(), f"bare{uuid4().hex[:12]}"
    service.declare({"enterprises": [{"uuid": str(uuid), "name": "Bare", "slug": slug}]})
    page = signed_in(service.url, service.database, uuid).page(f"/console/e/{slug}/catalogs")
    assert "There is no catalog yet" in page
    assert "manifest" in page


def test_every_catalog_is_counted(admin: Browsing, shop: Shop) -> None:
    soon = clock.now() + timedelta(days=10)
    shop.stock(closing(shop, "A", None), closing(shop, "B", soon), program(shop, "P"))
    other = uuid4()
    empty = {"uuid": str(other), "title": "=Empty", "content_filter": {"key": "nobody"}}
    shop.declare(catalogs=[empty])
    shop.declare(catalogs=[{"uuid": str(uuid4()), "title": "Without"}])
    page = admin.page(catalogs(shop))
    assert "3 catalogs" in page
    assert "Lists nothing" in page
    assert "No filter" in page
    rows = csv_rows(admin, f"{catalogs(shop)}.csv")
    assert [(row["title"], row["courses"], row["programs"]) for row in rows] == [
        (shop.org, "2", "1"),
        ("'=Empty", "0", "0"),
        ("Without", "0", "0"),
    ]
    assert [row["closing_in_30_days"] for row in rows] == ["1", "0", "0"]
    lines = admin.get(f"{catalogs(shop)}.ndjson").text.splitlines()
    assert [json.loads(line)["uuid"] for line in lines][:2] == [str(shop.catalog_uuid), str(other)]
    assert f"enterprise_customer={shop.uuid}" in page


def csv_rows(admin: Browsing, path: str) -> list[dict[str, str]]:
    answer = admin.get(path)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_items_are_searched_sorted_and_taken_along(admin: Browsing, shop: Shop) -> None:
    now = clock.now()
    shop.stock(
        closing(shop, "A", now + timedelta(days=40), title="Über Design"),
        closing(shop, "B", now + timedelta(days=20), title="Design at work"),
        closing(shop, "C", None, title="Maths"),
        closing(shop, "D", now - timedelta(days=1), title="Closed design"),
        program(shop, "Design, all of it"),
    )
    page = admin.page(path_of(shop))
    assert figures(page)["Listed"] == "4"
    assert "of 5 that the filter selects" in page
    uuid = str(program(shop, "Design, all of it")["uuid"])
    a, b, c = (shop.key(name) for name in "ABC")
    assert keys(page) == sorted([a, b, c, uuid])
    asked = {
        "?search=DESIGN": sorted([a, b, uuid]),
        "?search=über+design": [a],
        f"?search={shop.org.lower()}%2Bc": [c],
        "?type=program": [uuid],
        "?type=course&search=design": [a, b],
        "?closing=1&ordering=closes": [b],
        "?type=course&ordering=closes": [b, a, c],
    }
    for query, expected in asked.items():
        page = admin.page(f"{path_of(shop)}{query}")
        assert keys(page) == expected, query
        assert f"{len(expected)} item" in page
        files = [f"{path_of(shop)}/items.{kind}{query}" for kind in ("csv", "ndjson")]
        assert [row["key"] for row in csv_rows(admin, files[0])] == expected
        lines = [json.loads(line) for line in admin.get(files[1]).text.splitlines()]
        assert [line["key"] for line in lines] == expected
    assert "No item matches" in admin.page(f"{path_of(shop)}?search=nowhere")
    assert admin.get(f"{path_of(shop)}?type=book").status_code == 400
    assert admin.get(f"{path_of(shop)}?page=2").status_code == 404
    assert admin.get(f"{path_of(shop)}?search=%00").status_code == 200


def test_a_long_catalog_has_pages(admin: Browsing, shop: Shop) -> None:
    shop.import_documents(*(open_course(shop.key(f"C{number:02}")) for number in range(60)))
    first, second = admin.page(path_of(shop)), admin.page(f"{path_of(shop)}?page=2")
    assert "60 items" in first
    assert (len(keys(first)), len(keys(second))) == (50, 10)
    assert keys(first) + keys(second) == listed(shop)
    assert len(csv_rows(admin, f"{path_of(shop)}/items.csv")) == 60


def test_what_is_counted_is_never_old(admin: Browsing, shop: Shop) -> None:
    for number in range(1, 4):
        shop.stock(open_course(shop.key(f"C{number}")))
        assert figures(admin.page(path_of(shop)))["Listed"] == str(number)
    shop.delete("C1")
    assert figures(admin.page(path_of(shop)))["Listed"] == "2"
    assert "2 items" in admin.page(path_of(shop))


def test_a_course_is_allocated_from_its_catalog(service: Service) -> None:
    budget = open_budget(service)
    admin = signed_in(service.url, service.database, budget.shop.uuid)
    page = admin.page(path_of(budget.shop))
    (link,) = set(re.findall(r'href="([^"]+/allocate\?course=[^"]+Priced)"', page))
    assert heading(admin.page(link.replace("&amp;", "&"))).startswith("Allocate Course")
    assert f"/budgets/{budget.uuid}" in page
    viewer = signed_in(service.url, service.database, budget.shop.uuid, ConsoleRole.VIEWER)
    assert "/allocate" not in viewer.page(path_of(budget.shop))


def test_what_came_and_went_is_told_by_day(admin: Browsing, service: Service, shop: Shop) -> None:
    now = clock.now()
    catalog = uuid4()
    put = PutCatalog(
        enterprise_uuid=shop.uuid,
        catalog_uuid=catalog,
        title="Old",
        content_filter={"org": shop.org, "content_type": "course"},
    )
    with service.database.transaction() as session:
        put_catalog(session, ACTOR, put, at=now - timedelta(days=20))
    closed = closing(shop, "A", now - timedelta(days=3))
    stored_at(service, now - timedelta(days=10), closed, closing(shop, "B", None))
    unpublished = course(shop.key("B"), run("course-v1:B+1", status="unpublished"))
    stored_at(service, now - timedelta(days=2), unpublished, closing(shop, "C", None))

    path = f"{catalogs(shop)}/{catalog}/changes"
    page = admin.page(path)
    shown = figures(page)
    assert (shown["Came"], shown["Went"], shown["Closed on their date"]) == ("3", "2", "1")
    days = {row["first"]: (row["came"], row["went"]) for row in csv_rows(admin, f"{path}.csv")}
    told = {day: numbers for day, numbers in days.items() if numbers != ("0", "0")}
    assert told == {
        str((now - timedelta(days=10)).date()): ("2", "0"),
        str((now - timedelta(days=3)).date()): ("0", "1"),
        str((now - timedelta(days=2)).date()): ("1", "1"),
    }
    assert len(days) == 30
    words = re.findall(r"(Came|Went)</td>\s*<td><span[^>]*><svg.*?</svg>([^<]+)", page)
    assert sorted(words[:2]) == [("Came", "Selected by the filter"), ("Went", "Unpublished")]
    assert words[2:] == [("Went", "Enrollment closed"), *[("Came", "Selected by the filter")] * 2]
    week = json.loads(admin.get(f"{path}.ndjson?days=90").text.splitlines()[-1])
    assert set(week) == {"first", "last", "came", "went"}
    assert figures(admin.page(f"{path}?days=7"))["Came"] == "1"
    assert admin.get(f"{path}?days=8").status_code == 400


def test_what_closed_stays_told_when_it_is_edited_afterwards(
    admin: Browsing, service: Service, shop: Shop
) -> None:
    now = clock.now()
    catalog = uuid4()
    put = PutCatalog(
        enterprise_uuid=shop.uuid, catalog_uuid=catalog, content_filter={"org": shop.org}
    )
    with service.database.transaction() as session:
        put_catalog(session, ACTOR, put, at=now - timedelta(days=20))
    closes = now - timedelta(days=3)
    stored_at(service, now - timedelta(days=10), *(closing(shop, name, closes) for name in "AB"))
    page = f"{catalogs(shop)}/{catalog}/changes"
    for title in ("Before", "Edited", "Edited again"):
        shown = figures(admin.page(page))
        assert (shown["Came"], shown["Went"], shown["Closed on their date"]) == ("2", "2", "2")
        stored_at(service, now - timedelta(days=1), closing(shop, "A", closes, title=title))
    # Whoever never was listed did not close.
    stored_at(service, now, closing(shop, "C", closes))
    shown = figures(admin.page(page))
    assert (shown["Came"], shown["Went"], shown["Closed on their date"]) == ("2", "2", "2")


def test_what_a_catalog_was_created_with_did_not_come(admin: Browsing, shop: Shop) -> None:
    shop.stock(open_course(shop.key("A")))
    assert figures(admin.page(f"{path_of(shop)}/changes"))["Came"] == "1"
    new = uuid4()
    declared = {"uuid": str(new), "title": "New", "content_filter": {"org": shop.org}}
    shop.declare(catalogs=[declared])
    assert "Nothing came or went" in admin.page(f"{catalogs(shop)}/{new}/changes?days=90")


def stored_at(service: Service, at: datetime, *documents: Document) -> None:
    with service.database.transaction() as session:
        store_documents(session, ACTOR, [parse_document(each) for each in documents], at)


def test_a_filter_is_changed_after_a_preview_and_once(
    admin: Browsing, service: Service, shop: Shop
) -> None:
    shop.stock(*(open_course(shop.key(name), level=name) for name in "ABC"), program(shop, "P"))
    page = admin.page(f"{path_of(shop)}/filter")
    assert figures(page)["Selected"] == "4"
    assert json.loads(typed(page)) == {"org": shop.org}

    text = filter_text(shop, level=["A", "B"])
    page = previewed(admin, shop, text)
    assert (figures(page)["Comes"], figures(page)["Goes"]) == ("0", "2")
    assert figures(page)["Will be listed"] == "2"
    assert shop.key("C") in page.partition("What goes")[2]
    assert stored_filter(service, shop) == {"org": shop.org}
    assert len(listed(shop)) == 4

    fields = fields_of(page)
    done = [admin.post(f"{path_of(shop)}/filter", fields) for _ in range(2)]
    assert {each.status_code for each in done} == {303}
    assert "0 items came, 2 items went." in admin.follow(done[0])
    assert stored_filter(service, shop) == json.loads(text)
    assert listed(shop) == [shop.key("A"), shop.key("B")]
    (removed,) = shop.events("catalog.content_removed")
    assert len(removed["data"]["items"]) == 2
    with service.database.read() as connection:
        wanted = Wanted(enterprise_uuid=shop.uuid, action="catalog.changed")
        entries = [entry for _, entry in latest_entries(connection, wanted, limit=10)]
    assert [entry.actor.partition(":")[0] for entry in entries] == ["user", "test"]
    assert entries[0].changes["content_filter"] == ({"org": shop.org}, json.loads(text))
    page = admin.page(f"{path_of(shop)}/filter")
    assert shop.org in page.partition("Earlier filters")[2]

    page = previewed(admin, shop, filter_text(shop))
    assert (figures(page)["Comes"], figures(page)["Goes"]) == ("2", "0")


def typed(page: str) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert found, page
    return found[1].replace("&#34;", '"').replace("&lt;", "<")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "this is no JSON"),
        ("{", "this is no JSON"),
        ('{"a": 1,}', "line 1"),
        ("[]", "must be an object"),
        ('"course"', "must be an object"),
        ('{"a": NaN}', "NaN is no value in JSON"),
        ('{"a": 1e999}', "must be a finite number"),
        ('{"a": "\\u0000"}', "valid Unicode text without NUL"),
        ('{"\\ud800": 1}', "valid Unicode text without NUL"),
        ('{"a": 1, "a": 2}', "a: is given twice"),
        ('{"subjects__gtx": 1}', "unknown operator __gtx"),
        ('{"content_type": "book"}', "must be course, courserun, program or learnerpathway"),
        ('{"a": ' + "[" * 10_000 + "]" * 10_000 + "}", "nested too deeply"),
        ('{"a": ' + "1" * 5_000 + "}", "a number is too long"),
        (json.dumps({f"f{n}": 1 for n in range(301)}), "it has 301 fields, and at most 300 fit"),
        (json.dumps({"content_type": ["book"] * 90}), "70 problems more."),
    ],
)
def test_a_filter_that_is_none_is_refused_and_stays_typed(
    admin: Browsing, service: Service, shop: Shop, text: str, why: str
) -> None:
    for target in ("filter/preview", "filter"):
        answer = admin.post(f"{path_of(shop)}/{target}", {"filter": text})
        assert answer.status_code == 422, answer.text
        assert why in answer.text
        assert not text or text[:40] in typed(answer.text)
    assert stored_filter(service, shop) == {"org": shop.org}


def test_what_is_odd_about_a_filter_is_told_first(admin: Browsing, shop: Shop) -> None:
    shop.stock(open_course(shop.key("A")))
    page = previewed(admin, shop, filter_text(shop, titel="A"))
    assert "titel: no stored document has the field titel; did you mean title?" in page
    assert "The filter selects nothing." in page
    assert figures(page)["Goes"] == "1"
    nothing = previewed(admin, shop, "null")
    assert figures(nothing)["Goes"] == "1"
    answer = admin.post(f"{path_of(shop)}/filter", fields_of(nothing))
    assert "The catalog has no filter" in admin.follow(answer)
    assert listed(shop) == []
    assert "There is no filter" in admin.page(f"{path_of(shop)}/filter")
    assert typed(admin.page(f"{path_of(shop)}/filter")) == "null"


def test_another_set_than_was_shown_changes_nothing(
    admin: Browsing, service: Service, shop: Shop
) -> None:
    shop.stock(*(open_course(shop.key(name), level=name) for name in "AB"))
    fields = fields_of(previewed(admin, shop, filter_text(shop, level="A")))
    shop.stock(open_course(shop.key("C"), level="C"))
    answer = admin.post(f"{path_of(shop)}/filter", fields)
    assert answer.status_code == 409
    assert "another set would come and go" in answer.text
    assert figures(answer.text)["Goes"] == "2"
    assert stored_filter(service, shop) == {"org": shop.org}
    agreed = fields_of(answer.text)
    assert agreed["change"] != fields["change"]
    assert admin.post(f"{path_of(shop)}/filter", agreed).status_code == 303
    assert listed(shop) == [shop.key("A")]
    again = admin.post(f"{path_of(shop)}/filter", {**agreed, "_key": str(uuid4())})
    assert again.status_code == 409
    assert "has this filter already" in again.text
    forged = {**fields, "change": "", "filter": filter_text(shop), "_key": str(uuid4())}
    assert admin.post(f"{path_of(shop)}/filter", forged).status_code == 409
    assert listed(shop) == [shop.key("A")]


def test_an_administrator_offers_no_more_restricted_runs(
    admin: Browsing, service: Service, shop: Shop
) -> None:
    key = shop.key("A")
    mine, theirs = (
        run(f"course-v1:{key}+{name}", restriction_type="custom-b2b-enterprise")
        for name in ("mine", "theirs")
    )
    shop.stock(course(key, run(f"course-v1:{key}+1"), mine, theirs))
    both = {"org": shop.org, "restricted_runs_allowed": {key: [mine["key"], theirs["key"]]}}
    one = {"org": shop.org, "restricted_runs_allowed": {key: [mine["key"]]}}

    def is_refused(new: object) -> bool:
        posts = [
            admin.post(f"{path_of(shop)}/{target}", {"filter": json.dumps(new)})
            for target in ("filter/preview", "filter")
        ]
        said = "only an operator lets a catalog offer more restricted runs"
        return all(each.status_code == 422 and said in each.text for each in posts)

    assert is_refused(one)
    assert stored_filter(service, shop) == {"org": shop.org}
    operator = signed_in(service.url, service.database)
    fields = fields_of(previewed(operator, shop, json.dumps(both)))
    assert operator.post(f"{path_of(shop)}/filter", fields).status_code == 303
    fields = fields_of(previewed(admin, shop, json.dumps(one)))
    assert admin.post(f"{path_of(shop)}/filter", fields).status_code == 303
    # An earlier filter is no way around.
    assert "theirs" in admin.page(f"{path_of(shop)}/filter").partition("Earlier filters")[2]
    assert is_refused(both)
    assert stored_filter(service, shop) == one


def test_what_was_typed_can_be_edited_again(admin: Browsing, shop: Shop) -> None:
    text = filter_text(shop, title__icontains="<b>")
    page = previewed(admin, shop, text)
    assert "<b>" not in page.partition("<main")[2]
    answer = admin.post(f"{path_of(shop)}/filter/edit", {"filter": text})
    assert answer.status_code == 200
    assert "title__icontains" in typed(answer.text)
    same = admin.post(f"{path_of(shop)}/filter/preview", {"filter": filter_text(shop)})
    assert same.status_code == 422
    assert "has this filter already" in same.text


def test_catalogs_with_the_same_filter_keep_it(admin: Browsing, shop: Shop) -> None:
    twin = uuid4()
    declared = {"uuid": str(twin), "title": "Twin", "content_filter": {"org": shop.org}}
    shop.declare(catalogs=[declared])
    shop.stock(*(open_course(shop.key(name), level=name) for name in "AB"))
    page = admin.page(f"{path_of(shop)}/filter")
    assert f'<a href="{catalogs(shop)}/{twin}">Twin</a>' in page
    fields = fields_of(previewed(admin, shop, filter_text(shop, level="A")))
    assert admin.post(f"{path_of(shop)}/filter", fields).status_code == 303
    assert figures(admin.page(f"{catalogs(shop)}/{twin}"))["Listed"] == "2"
    assert figures(admin.page(path_of(shop)))["Listed"] == "1"
    assert "Twin" not in admin.page(f"{path_of(shop)}/filter")


@pytest.fixture(scope="module")
def slow(service: Service, shared_url: str, folder: Path) -> Iterator[Service]:
    """Beside `service`, on the same database; every filter is evaluated in the background."""
    with ExitStack() as stack:
        limits = {"BURSAR_REFRESH_INLINE_LIMIT": "0"}
        yield Service.running(stack, shared_url, folder, limits)


def test_over_much_content_a_filter_is_applied_in_the_background(
    slow: Service, service: Service, shop: Shop
) -> None:
    shop.stock(*(open_course(shop.key(name), level=name) for name in "AB"))
    admin = signed_in(slow.url, service.database, shop.uuid)
    text = filter_text(shop, level="A", number=uuid4().hex)
    page = previewed(admin, shop, text)
    assert "What comes and goes is not known" in page
    fields = fields_of(page)
    page = admin.follow(admin.post(f"{path_of(shop)}/filter", fields))
    assert "Until then the catalog lists what it did." in page
    assert "New filter is on its way" in page
    assert figures(page)["Listed"] == "2"
    assert "New filter is on its way" in admin.page(catalogs(shop))
    assert json.loads(typed(admin.page(f"{path_of(shop)}/filter"))) == json.loads(text)
    bare = uuid4()
    with service.database.transaction() as session:
        new = PutCatalog(
            enterprise_uuid=shop.uuid,
            catalog_uuid=bare,
            content_filter={"key": uuid4().hex},
        )
        put_catalog(session, ACTOR, new, refresh_inline_limit=0)
    assert "The filter is being evaluated" in admin.page(f"{catalogs(shop)}/{bare}")
    assert stored_filter(service, shop) == {"org": shop.org}
    # Whoever takes it back has the old one at once, because it is evaluated already.
    fields = fields_of(previewed(admin, shop, filter_text(shop)))
    page = admin.follow(admin.post(f"{path_of(shop)}/filter", fields))
    assert "New filter" not in page


def test_what_waits_protects_a_confirmation_and_is_the_same_filter(
    slow: Service, service: Service, shop: Shop
) -> None:
    shop.stock(open_course(shop.key("A"), level="A"))
    admin = signed_in(slow.url, service.database, shop.uuid)
    filters = [filter_text(shop, level="A", number=uuid4().hex) for _ in range(2)]
    seen = fields_of(previewed(admin, shop, filters[0]))
    fields = fields_of(previewed(admin, shop, filters[1]))
    assert admin.post(f"{path_of(shop)}/filter", fields).status_code == 303
    answer = admin.post(f"{path_of(shop)}/filter", seen)
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert json.loads(typed(admin.page(f"{path_of(shop)}/filter"))) == json.loads(filters[1])

    waits, serves = uuid4(), uuid4()
    for uuid, title in ((waits, "Waits"), (serves, "Serves")):
        old = {"uuid": str(uuid), "title": title, "content_filter": {"org": shop.org}}
        shop.declare(catalogs=[old])
    with service.database.transaction() as session:
        new = PutCatalog(
            enterprise_uuid=shop.uuid, catalog_uuid=waits, content_filter=json.loads(filters[1])
        )
        put_catalog(session, ACTOR, new, refresh_inline_limit=0)
    page = admin.page(f"{path_of(shop)}/filter")
    assert f'<a href="{catalogs(shop)}/{waits}">Waits</a>' in page
    assert "Serves" not in page


def test_home_tells_of_a_catalog_that_lists_nothing(service: Service) -> None:
    budget = open_budget(service)
    admin = signed_in(service.url, service.database, budget.shop.uuid)
    home = f"/console/e/{budget.shop.org}"
    assert "lists nothing" not in admin.page(home)
    budget.shop.change(title="Shelf", content_filter={"key": "nobody has this"})
    page = admin.page(home)
    assert "Shelf lists nothing" in page
    assert f'href="{path_of(budget.shop)}"' in page
    assert "The filter selects nothing" in admin.page(path_of(budget.shop))
    closed = {"key": budget.key("Closed")}
    budget.shop.change(content_filter=closed)
    assert "Everything in this catalog is closed" in admin.page(path_of(budget.shop))


def test_a_viewer_looks_and_changes_nothing(service: Service, shop: Shop) -> None:
    shop.stock(open_course(shop.key("A")))
    viewer = signed_in(service.url, service.database, shop.uuid, ConsoleRole.VIEWER)
    assert shop.key("A") in viewer.page(path_of(shop))
    page = viewer.page(f"{path_of(shop)}/filter")
    assert shop.org in page.partition("As JSON")[2]
    assert "<textarea" not in page
    assert "Change the filter" not in page
    for target in ("filter/preview", "filter/edit", "filter"):
        answer = viewer.post(f"{path_of(shop)}/{target}", {"filter": "null"})
        assert answer.status_code == 403, target
    assert stored_filter(service, shop) == {"org": shop.org}


def test_a_filter_is_shown_in_words(admin: Browsing, shop: Shop) -> None:
    shop.change(
        content_filter={
            "org": shop.org,
            "subjects": ["design", "data-science"],
            "level_type__not": "Advanced",
            "enrollment_count__gte": 2000,
            "end__exists": False,
            "enterprise_force_include_aggregation_keys": [shop.key(f"C{n}") for n in range(15)],
        }
    )
    page = admin.page(f"{path_of(shop)}/filter")
    # PostgreSQL keeps the keys of JSON in an order of its own.
    assert sorted(words(page)[:-1]) == sorted(
        [
            ("org", "is", shop.org),
            ("subjects", "is one of", "design, data-science"),
            ("level_type", "is not", "Advanced"),
            ("enrollment_count", "is at least", "2000"),
            ("end", "has no value", ""),
        ]
    )
    assert words(page)[-1][0] == "always in the catalog"
    assert "and 3 more" in page


def words(page: str) -> Sequence[tuple[str, str, str]]:
    return re.findall(r'<td>([^<]*)</td>\s*<td class="quiet">([^<]*)</td>\s*<td>([^<]*)', page)
