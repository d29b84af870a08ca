"""One person in the console: found, looked at, explained, renamed and erased."""

import html
import re
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from bursar.accounts.service import ConsoleRole
from bursar.learners import listing
from bursar.learners.models import Learner
from testing.clients.browsing import Browsing, heading, signed_in
from testing.shops.budget import PRICED, BudgetShop, open_budget
from testing.shops.plan import PlanShop
from testing.shops.service import Service

ADA, BEN = "ada@example.org", "ben@example.org"


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    budget = open_budget(service)
    budget.know(ada=501, ben=502)
    return budget


@pytest.fixture
def admin(service: Service, budget: BudgetShop) -> Browsing:
    return signed_in(service.url, service.database, budget.shop.uuid)


def learners(budget: BudgetShop) -> str:
    return f"/console/e/{budget.shop.org}/learners"


def path_of(service: Service, budget: BudgetShop, email: str = ADA) -> str:
    with service.database.read() as connection:
        wanted = select(Learner.id).where(
            Learner.enterprise_uuid == budget.shop.uuid, Learner.email == email
        )
        return f"{learners(budget)}/{connection.execute(wanted).scalar_one()}"


def test_a_learner_is_found_by_a_part_of_the_address(admin: Browsing, budget: BudgetShop) -> None:
    everybody = admin.page(learners(budget))
    assert ADA in everybody
    assert BEN in everybody
    found = admin.page(f"{learners(budget)}?search=AD")
    assert ADA in found
    assert BEN not in found
    assert "Nobody matches" in admin.page(f"{learners(budget)}?search=%25")


def test_a_list_goes_on_after_the_last_address_of_a_page(
    admin: Browsing, budget: BudgetShop
) -> None:
    budget.know(**{f"person{number:03}": number for number in range(600, 660)})
    first = admin.page(learners(budget))
    assert "62 learners, by address" in first
    shown = re.findall(r"/learners/\d+\">([^<]+)<", first)
    assert len(shown) == 50
    (rest,) = re.findall(r'rel="next" href="([^"]+)"', first)
    following = admin.page(html.unescape(rest))
    shown += re.findall(r"/learners/\d+\">([^<]+)<", following)
    assert shown == sorted(set(shown))
    assert len(shown) == 62
    assert 'rel="next"' not in following
    assert "There are no more" in admin.page(f"{learners(budget)}?after=z")


def test_more_learners_than_anybody_wants_to_know_of_are_not_counted(
    service: Service, budget: BudgetShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget.know(eve=503, kim=504)
    with service.database.read() as connection:
        assert listing.count_learners(connection, budget.shop.uuid, "") == 4
        monkeypatch.setattr(listing, "COUNTED_TO", 2)
        assert listing.count_learners(connection, budget.shop.uuid, "") == 3


def test_the_mails_of_a_person_are_told_with_what_went_wrong(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    budget.allocate(ADA, content=PRICED)
    assert "Assignment allocated" in admin.page(path_of(service, budget))
    assert "Assignment allocated" not in admin.page(path_of(service, budget, BEN))


def test_everything_of_one_person_is_on_one_page(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    plan = PlanShop(budget.shop)
    plan.declare(title="Plan of the year")
    plan.assign(ADA)
    budget.allocate(ADA, content=PRICED)
    page = admin.page(path_of(service, budget))
    assert heading(page) == ADA
    assert "Plan of the year" in page
    assert "Not activated yet" in page
    assert "100.00" in page
    assert "License assigned" in page
    assert "has not consented to share progress" in page
    data = admin.get(f"{path_of(service, budget)}/data.json")
    assert data.headers["content-type"] == "application/json"
    assert data.json()["email"] == ADA
    assert len(data.json()["tables"]["licenses"]) == 1


def test_why_a_person_cannot_get_a_course(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    path = f"{path_of(service, budget)}?{urlencode({'course': budget.key(PRICED)})}"
    page = admin.page(path)
    assert "Does not pay" in page
    assert "Allocate the course to the learner." in page
    budget.allocate(ADA, content=PRICED)
    assert "Would pay" in admin.page(path)


def test_a_person_gets_another_address(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    path = path_of(service, budget)
    for wrong, status in (("none", 422), (BEN, 409), (ADA, 409)):
        answer = admin.post(f"{path}/address", {"email": wrong})
        assert answer.status_code == status
        assert f'value="{wrong}"' in answer.text
    answer = admin.post(f"{path}/address", {"email": "ada.new@example.org"})
    assert "The learner has another address now." in admin.follow(answer)
    assert path_of(service, budget, "ada.new@example.org") == path


def test_a_person_is_erased(admin: Browsing, service: Service, budget: BudgetShop) -> None:
    budget.allocate(ADA, content=PRICED)
    figures, path = budget.figures, path_of(service, budget)
    assert re.search(r"assignments</td>\s*<td class=\"number\">1<", admin.page(f"{path}/erase"))
    answer = admin.post(f"{path}/erase")
    assert ADA not in admin.follow(answer).replace(admin.get("/console/account").text, "")
    assert ADA not in admin.page(learners(budget))
    assert admin.get(path).status_code == 404
    assert budget.figures == figures


def test_a_viewer_looks_and_changes_nothing(service: Service, budget: BudgetShop) -> None:
    viewer = signed_in(service.url, service.database, budget.shop.uuid, ConsoleRole.VIEWER)
    path = path_of(service, budget)
    page = viewer.page(path)
    assert f"{path}/erase" not in page
    assert viewer.post(f"{path}/erase").status_code == 403
    assert ADA in viewer.page(learners(budget))


@pytest.mark.parametrize("name", ["0", "999999999999999999", "9" * 40, "-1", "x", "%00", "1.0"])
def test_a_number_that_is_nobodys_is_not_there(
    admin: Browsing, budget: BudgetShop, name: str
) -> None:
    assert admin.get(f"{learners(budget)}/{name}").status_code == 404
