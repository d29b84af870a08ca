"""Who may sign in, and who did what, as an enterprise sees it."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from bursar.accounts.service import ConsoleRole
from testing.clients.browsing import PASSWORD, Browsing, heading, hidden_fields, invited, signed_in
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.service import Service


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture
def admin(service: Service, budget: BudgetShop) -> Browsing:
    return signed_in(service.url, service.database, budget.shop.uuid)


@pytest.fixture
def guest(service: Service) -> Iterator[Browsing]:
    made = Browsing.at(service.url)
    yield made
    made.http.close()


def people(budget: BudgetShop, what: str = "") -> str:
    return f"/console/e/{budget.shop.org}/people{what}"


def link_of(page: str) -> str:
    found = re.search(r'id="link" value="[^"]*(/console/link/[^"]+)"', page)
    assert found, page
    return found[1]


def test_an_administrator_lets_somebody_in_and_out_again(
    admin: Browsing, guest: Browsing, budget: BudgetShop
) -> None:
    made = admin.post(people(budget, "/invite"), {"email": "Vi@Example.org", "role": "viewer"})
    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    assert "Viewer of" in made.text
    link = link_of(made.text)
    assert "Invited" in admin.page(people(budget))
    assert link not in admin.page(people(budget))
    guest.use_link(link, PASSWORD)
    home = f"/console/e/{budget.shop.org}"
    assert guest.get(home).status_code == 200
    refused = guest.post(people(budget, "/invite"), {"email": "x@example.org", "role": "admin"})
    assert refused.status_code == 403
    (person,) = hidden_fields(admin.page(people(budget)), "person")
    answer = admin.post(people(budget, "/remove"), {"person": person})
    assert "The role is taken away." in admin.follow(answer)
    assert guest.get(home).status_code == 303


@pytest.mark.parametrize(
    ("email", "role"),
    [("no address", "viewer"), ("a@example.org", "operator"), ("a@example.org", "king")],
)
def test_nobody_is_invited_to_what_is_not_there(
    admin: Browsing, budget: BudgetShop, email: str, role: str
) -> None:
    answer = admin.post(people(budget, "/invite"), {"email": email, "role": role})
    assert answer.status_code == 422
    assert email in answer.text
    assert "/console/link/" not in answer.text


def test_nobody_removes_themselves_or_strangers(
    service: Service, admin: Browsing, budget: BudgetShop
) -> None:
    elsewhere = open_budget(service)
    stranger = signed_in(service.url, service.database, elsewhere.shop.uuid)
    colleague = signed_in(service.url, service.database, elsewhere.shop.uuid, ConsoleRole.VIEWER)
    (theirs,) = hidden_fields(stranger.page(people(elsewhere)), "person")
    answer = admin.post(people(budget, "/remove"), {"person": theirs})
    assert answer.status_code == 409
    assert "has no role here" in answer.text
    assert colleague.get("/console/account").status_code == 200
    (mine,) = hidden_fields(colleague.page("/console/account"), "_token")[:1]
    assert mine
    for person in ("", "x", "%00"):
        assert admin.post(people(budget, "/remove"), {"person": person}).status_code == 404


def test_no_administrator_gets_a_link_of_an_operator(
    service: Service, admin: Browsing, budget: BudgetShop
) -> None:
    email = f"{uuid4().hex}@example.org"
    invited(service.database, email)
    answer = admin.post(people(budget, "/invite"), {"email": email, "role": "viewer"})
    page = admin.follow(answer)
    assert "signs in as they do elsewhere" in page
    assert "/console/link/" not in answer.text + page
    assert email in page


def test_the_trail_says_who_did_it(service: Service, admin: Browsing, budget: BudgetShop) -> None:
    made = admin.post(people(budget, "/invite"), {"email": "vi@example.org", "role": "viewer"})
    assert made.status_code == 200
    budget.allocate("ada@example.org")
    audit = f"/console/e/{budget.shop.org}/audit"
    page = admin.page(audit)
    (email,) = set(re.findall(r"admin-\w+@example\.org", page))
    assert "console_user.invited" in page
    assert f"{budget.shop.org}-client" in page
    mine = admin.page(f"{audit}?by={email}")
    assert "console_user.invited" in mine
    assert "assignment.allocated" not in mine
    assert "Nothing matches" in admin.page(f"{audit}?action=license.*")
    assert "assignment.allocated" in admin.page(f"{audit}?action=assignment.*")
    assert "Nothing matches" in admin.page(f"{audit}?request=unknown%00&object=%27")
    other = signed_in(service.url, service.database, open_budget(service).shop.uuid)
    assert other.get(audit).status_code == 404


def test_the_trail_is_read_page_by_page(admin: Browsing, budget: BudgetShop) -> None:
    budget.allocate(*(f"learner{number}@example.org" for number in range(60)), price=1)
    audit = f"/console/e/{budget.shop.org}/audit"
    seen: list[str] = []
    path = f"{audit}?action=assignment.allocated"
    while path:
        page = admin.page(path)
        seen += re.findall(r'<a class="plain mono" href="[^"]*object=([^"]+)"', page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) == 60
    for wrong in ("x", "-1", "9" * 30):
        answer = admin.get(f"{audit}?before={wrong}")
        assert (answer.status_code, heading(answer.text)) == (400, "This page cannot be read")
