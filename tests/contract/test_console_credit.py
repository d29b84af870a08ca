"""Budgets, allocation and assignments in the console, down to the database."""

import csv
import io
import json
import re
from html import unescape
from uuid import uuid4

import pytest
from sqlalchemy import select

from bursar.events.models import EventRecord
from testing.clients.browsing import Browsing, heading, hidden_fields, signed_in
from testing.shops.budget import CLOSED, PRICE, PRICED, BudgetShop, emails, open_budget, redeemed
from testing.shops.service import Service


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture
def admin(service: Service, budget: BudgetShop) -> Browsing:
    return signed_in(service.url, service.database, budget.shop.uuid)


def base(budget: BudgetShop) -> str:
    return f"/console/e/{budget.shop.org}"


def allocate_path(budget: BudgetShop) -> str:
    return f"{base(budget)}/budgets/{budget.uuid}/allocate"


def previewed(admin: Browsing, budget: BudgetShop, text: str, content: str = PRICED) -> str:
    fields = {"course": budget.key(content), "learners": text, "price": f"{PRICE / 100:.2f}"}
    response = admin.post(f"{allocate_path(budget)}/preview", fields)
    assert response.status_code == 200, response.text
    return response.text


def confirmed_fields(page: str) -> dict[str, str]:
    names = ("course", "learners", "price", "number", "_key")
    return {name: hidden_fields(page, name)[-1] for name in names}


def test_a_course_is_found_previewed_and_allocated(
    service: Service, admin: Browsing, budget: BudgetShop
) -> None:
    budget.allocate("old@example.org", content=PRICED)
    before = budget.figures
    found = admin.page(f"{allocate_path(budget)}?search=priced")
    assert budget.key(PRICED) in found
    assert budget.key(CLOSED) not in found
    page = previewed(admin, budget, "Ada <ada@example.org>\nBOB@example.org, old@example.org, x@")
    assert budget.figures == before
    assert "Allocate to 2 people" in page
    assert "$200.00" in page
    assert "Has it already" in page
    assert "1 address cannot be used" in page
    fields = confirmed_fields(page)
    done = admin.post(allocate_path(budget), fields)
    listed = admin.follow(done)
    assert "is allocated to 2 people." in listed
    assert "ada@example.org" in listed
    redeemed, allocated, free = before
    assert budget.figures == (redeemed, allocated + 2 * PRICE, free - 2 * PRICE)
    with service.database.read() as connection:
        actors = connection.scalars(
            select(EventRecord.actor).where(
                EventRecord.enterprise_uuid == budget.shop.uuid,
                EventRecord.type == "assignment.allocated",
            )
        ).all()
    assert len([actor for actor in actors if actor.startswith("user:")]) == 2


def test_a_form_that_is_sent_twice_is_done_once(admin: Browsing, budget: BudgetShop) -> None:
    fields = confirmed_fields(previewed(admin, budget, "ada@example.org"))
    first, second = (admin.post(allocate_path(budget), fields) for _ in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert len(budget.states) == 1
    other = admin.post(allocate_path(budget), fields | {"learners": "bob@example.org"})
    assert (other.status_code, heading(other.text)) == (409, "This form was sent before")
    assert len(budget.states) == 1


def test_what_is_not_as_it_was_previewed_is_not_done(admin: Browsing, budget: BudgetShop) -> None:
    fields = confirmed_fields(previewed(admin, budget, "ada@example.org bob@example.org"))
    budget.allocate("bob@example.org", content=PRICED)
    answer = admin.post(allocate_path(budget), fields)
    assert answer.status_code == 409
    assert "Nothing was allocated" in answer.text
    assert "bob@example.org" in answer.text
    assert len(budget.states) == 1


@pytest.mark.parametrize(
    ("text", "price", "said"),
    [
        ("nobody here", "100.00", "There is no e-mail address in it"),
        (" ".join(emails(1001)), "100.00", "At most 1,000 people at once"),
        (" ".join(emails(11)), "100.00", "It needs $1,100.00, and $1,000.00 is free"),
        ("ada@example.org", "50.00", "It may be from $95.00 to $105.00"),
        ("ada@example.org", "ten", "amount in dollars"),
        ("ada@example.org", "1.234", "two digits"),
    ],
)
def test_what_cannot_be_allocated_says_why_and_keeps_what_was_typed(
    admin: Browsing, budget: BudgetShop, text: str, price: str, said: str
) -> None:
    fields = {"course": budget.key(PRICED), "learners": text, "price": price}
    answer = admin.post(f"{allocate_path(budget)}/preview", fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert text[:20] in answer.text
    assert not budget.states


def test_a_course_of_another_catalog_is_refused(
    service: Service, admin: Browsing, budget: BudgetShop
) -> None:
    fields = {"learners": "ada@example.org", "price": "100.00"}
    other = open_budget(service)
    for key in (other.key(PRICED), "a\x00b", ""):
        answer = admin.post(f"{allocate_path(budget)}/preview", fields | {"course": key})
        assert (answer.status_code, heading(answer.text)) == (
            404,
            "This course is not in the catalog",
        )


def test_assignments_are_filtered_and_counted(admin: Browsing, budget: BudgetShop) -> None:
    budget.assigned("ada@example.org", "bob@example.org")
    page = admin.page(f"{base(budget)}/assignments?search=ada")
    assert "ada@example.org" in page
    assert "bob@example.org" not in page
    assert "1 assignment" in page
    assert "No assignment matches" in admin.page(f"{base(budget)}/assignments?state=reversed")
    wrong = admin.get(f"{base(budget)}/assignments?state=lost")
    assert (wrong.status_code, heading(wrong.text)) == (400, "This filter cannot be read")
    assert admin.get(f"{base(budget)}/assignments?page=9").status_code == 404
    assert admin.get(f"{base(budget)}/assignments?budget={uuid4()}").status_code == 404


def review(admin: Browsing, budget: BudgetShop, query: str) -> str:
    return admin.page(f"{base(budget)}/assignments/review?budget={budget.uuid}&{query}")


def changed(admin: Browsing, budget: BudgetShop, page: str) -> dict[str, str | list[str]]:
    names = ("change", "query", "number", "_key")
    fields: dict[str, str | list[str]] = {name: hidden_fields(page, name)[-1] for name in names}
    return fields | {"uuid": hidden_fields(page, "uuid")}


def test_some_are_cancelled_after_their_consequence_was_told(
    admin: Browsing, budget: BudgetShop
) -> None:
    ada, bob, gone = budget.assigned("ada@example.org", "bob@example.org", "gone@example.org")
    budget.act("cancel", [gone])
    page = review(admin, budget, f"change=cancel&uuid={ada}&uuid={gone}")
    assert heading(page) == "Cancel 1 assignment"
    assert "Frees <b>$100.00</b>" in page
    assert "1 other of those stays as it is" in page
    answer = admin.post(f"{base(budget)}/assignments/review", changed(admin, budget, page))
    assert "1 assignment is cancelled. $100.00 is free again." in admin.follow(answer)
    assert budget.states == {ada: "cancelled", bob: "allocated", gone: "cancelled"}


def test_all_that_a_filter_selects_are_changed_and_no_other_number(
    admin: Browsing, budget: BudgetShop
) -> None:
    ada, bob = budget.assigned("ada@example.org", "bob@example.org")
    page = review(admin, budget, "change=cancel-all&search=example.org")
    assert heading(page) == "Cancel 2 assignments"
    fields = changed(admin, budget, page)
    (carol,) = budget.assigned("carol@example.org")
    stale = admin.post(f"{base(budget)}/assignments/review", fields)
    assert stale.status_code == 409
    assert "Nothing was changed" in stale.text
    assert heading(stale.text) == "Cancel 3 assignments"
    assert set(budget.states.values()) == {"allocated"}
    fresh = changed(admin, budget, review(admin, budget, "change=cancel-all&search=bob"))
    assert admin.post(f"{base(budget)}/assignments/review", fresh).status_code == 303
    assert budget.states == {ada: "allocated", bob: "cancelled", carol: "allocated"}


def test_learners_are_reminded(service: Service, admin: Browsing, budget: BudgetShop) -> None:
    (ada,) = budget.assigned("ada@example.org")
    for query in (f"change=remind&uuid={ada}", "change=remind-all"):
        fields = changed(admin, budget, review(admin, budget, query))
        answer = admin.post(f"{base(budget)}/assignments/review", fields)
        assert "1 assignment is reminded." in admin.follow(answer)
    with service.database.read() as connection:
        told = connection.scalars(select(EventRecord.type).where(EventRecord.object_id == ada))
        assert list(told).count("assignment.reminded") == 2


def test_what_ended_meanwhile_is_left_alone(admin: Browsing, budget: BudgetShop) -> None:
    (ada,) = budget.assigned("ada@example.org")
    fields = changed(admin, budget, review(admin, budget, f"change=remind&uuid={ada}"))
    budget.act("cancel", [ada])
    answer = admin.post(f"{base(budget)}/assignments/review", fields)
    assert answer.status_code == 409
    assert "There is nothing to remind" in answer.text


def test_an_assignment_of_another_enterprise_is_not_touched(
    service: Service, admin: Browsing, budget: BudgetShop
) -> None:
    budget.assigned("ada@example.org")
    other = open_budget(service)
    (theirs,) = other.assigned("eve@example.org")
    page = review(admin, budget, f"change=cancel&uuid={theirs}")
    assert "There is nothing to cancel" in page
    fields = {
        "change": "cancel",
        "query": f"budget={budget.uuid}",
        "number": "1",
        "uuid": theirs,
    }
    answer = admin.post(f"{base(budget)}/assignments/review", fields)
    assert answer.status_code == 409
    foreign = {**fields, "query": f"budget={other.uuid}"}
    assert admin.post(f"{base(budget)}/assignments/review", foreign).status_code == 404
    assert other.states == {theirs: "allocated"}


def test_the_start_page_says_what_needs_attention(
    service: Service, admin: Browsing, budget: BudgetShop
) -> None:
    assert "Nothing: no assignment failed" in admin.page(base(budget))
    budget.allocate(*emails(9), content=PRICED)
    page = admin.page(base(budget))
    assert "Budget is 90 % used" in page
    assert "$100.00 is left." in page
    assert f'href="{base(budget)}/budgets/{budget.uuid}"' in page


def test_a_new_enterprise_has_pages_that_say_how_to_begin(service: Service) -> None:
    shop = service.open_shop()
    admin = signed_in(service.url, service.database, shop.uuid)
    home = f"/console/e/{shop.org}"
    assert "There is none." in admin.page(home)
    assert "There is no budget yet" in admin.page(f"{home}/budgets")
    assert "No budget can assign courses" in admin.page(f"{home}/assignments")


def test_exactly_the_rows_of_a_list_are_exported(admin: Browsing, budget: BudgetShop) -> None:
    budget.allocate("=ada@example.org", "bob@example.org", content=PRICED)
    page = admin.page(f"{base(budget)}/assignments?search=ada")
    links = re.findall(r'href="([^"]+/assignments\.(?:csv|ndjson)[^"]*)"', page)
    as_csv, as_ndjson = (unescape(link) for link in links)
    response = admin.get(as_csv)
    assert response.headers["content-disposition"].startswith('attachment; filename="')
    head, *rows = list(csv.reader(io.StringIO(response.text)))
    (row,) = (dict(zip(head, row, strict=True)) for row in rows)
    assert (row["learner_email"], row["price_usd"]) == ("'=ada@example.org", "100.00")
    (item,) = (json.loads(line) for line in admin.page(as_ndjson).splitlines())
    assert item == budget.assignments(search="ada")["results"][0]
    (request,) = re.findall(r"<pre[^>]*>(.*?)</pre>", page)
    assert f"{budget.configuration_uuid}/admin/assignments?search=ada" in unescape(request)


def test_the_ledger_is_told_in_the_order_of_its_days(admin: Browsing, budget: BudgetShop) -> None:
    """Money may be entered later than what it pays for, and is dated before that."""
    budget.know(ada=501)
    budget.allocate("ada@example.org", content=PRICED)
    redeemed(budget, PRICED, lms_user_id=501)
    budget.deposit(50_000)
    page = admin.page(f"{base(budget)}/transactions")
    amounts = re.findall(r'<td class="number">([\d,.\u2212]+)</td>', page)
    paid = ["\N{MINUS SIGN}100.00", "1,400.00"]
    assert amounts == [*paid, "500.00", "1,500.00", "1,000.00", "1,000.00"]


def test_the_ledger_shows_every_entry_with_the_balance_that_it_left(
    service: Service, admin: Browsing, budget: BudgetShop
) -> None:
    budget.know(ada=501)
    budget.allocate("ada@example.org", content=PRICED)
    uuid = redeemed(budget, PRICED, lms_user_id=501)["uuid"]
    page = admin.page(f"{base(budget)}/transactions")
    amounts = re.findall(r'<td class="number">([\d,.\u2212]+)</td>', page)
    assert amounts == ["\N{MINUS SIGN}100.00", "900.00", "1,000.00", "1,000.00"]
    assert "ada@example.org" in page
    other = open_budget(service)
    stranger = signed_in(service.url, service.database, other.shop.uuid)
    path = f"/console/e/{other.shop.org}/transactions/{uuid}/reverse"
    assert stranger.get(path).status_code == 404
    assert admin.get(f"{base(budget)}/transactions?subsidy={other.subsidy_uuid}").status_code == 404
    assert admin.get(f"{base(budget)}/transactions?page=0").status_code == 404
    assert admin.get(f"{base(budget)}/transactions?page=x").status_code == 400
