"""Groups in the console: made, filled, renamed, emptied and deleted, down to the database."""

import re

import pytest

from bursar.accounts.service import ConsoleRole
from bursar.audit.service import Wanted, latest_entries
from bursar.groups.service import export_groups
from testing.clients.browsing import Browsing, heading, hidden_fields, signed_in
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.service import Service

ADA, BEN, EVE = "ada@example.org", "ben@example.org", "eve@example.org"


@pytest.fixture
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture
def admin(service: Service, budget: BudgetShop) -> Browsing:
    return signed_in(service.url, service.database, budget.shop.uuid)


def groups(budget: BudgetShop) -> str:
    return f"/console/e/{budget.shop.org}/groups"


def stored(service: Service, budget: BudgetShop) -> dict[str, list[str]]:
    """The members of each group, by its name."""
    with service.database.read() as connection:
        found = export_groups(connection, budget.shop.uuid)
        return {each.name: list(each.members) for each in found}


def made(admin: Browsing, budget: BudgetShop, name: str = "Data team") -> str:
    """The path of a new group."""
    answer = admin.post(groups(budget), {"name": name})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def joined(admin: Browsing, path: str, text: str) -> Browsing:
    page = admin.post(f"{path}/add/preview", {"learners": text}).text
    fields = {name: hidden_fields(page, name)[-1] for name in ("learners", "number", "_key")}
    assert admin.post(f"{path}/add", fields).status_code == 303
    return admin


def test_a_group_is_made_and_named(admin: Browsing, service: Service, budget: BudgetShop) -> None:
    assert "There are no groups yet" in admin.page(groups(budget))
    answer = admin.post(groups(budget), {"name": " Data team "})
    page = admin.follow(answer)
    assert heading(page) == "Data team"
    assert "Nobody is in it yet." in page
    path = answer.headers["location"]
    assert "another name now" in admin.follow(admin.post(f"{path}/name", {"name": "Analysts"}))
    assert stored(service, budget) == {"Analysts": []}
    assert "Analysts" in admin.page(groups(budget))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "needs a name"),
        ("  ", "needs a name"),
        ("x" * 256, "at most 255"),
        ("a\x07b", "nobody sees"),
    ],
)
def test_a_name_that_is_none_is_refused_and_stays_typed(
    admin: Browsing, service: Service, budget: BudgetShop, name: str, why: str
) -> None:
    path = made(admin, budget)
    for target in (groups(budget), f"{path}/name"):
        answer = admin.post(target, {"name": name})
        assert answer.status_code == 422
        assert why in answer.text
    assert stored(service, budget) == {"Data team": []}


def test_people_join_after_a_preview_and_once(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    path = joined(admin, made(admin, budget), EVE) and made(admin, budget, "Second")
    page = admin.post(
        f"{path}/add/preview", {"learners": f"name,email\nAda,{ADA}\nBen <{BEN.upper()}>, no@"}
    ).text
    assert stored(service, budget)["Second"] == []
    assert "Add 2 people" in page
    assert "1 address cannot be used" in page
    fields = {name: hidden_fields(page, name)[-1] for name in ("learners", "number", "_key")}
    done = [admin.post(f"{path}/add", fields) for _ in range(2)]
    assert {each.status_code for each in done} == {303}
    assert "2 people have joined the group." in admin.follow(done[0])
    assert stored(service, budget) == {"Data team": [EVE], "Second": [ADA, BEN]}
    again = admin.post(f"{path}/add/preview", {"learners": f"{ADA} {BEN}"}).text
    assert "Nobody to add" in again


def test_another_number_than_was_shown_changes_nothing(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    path = made(admin, budget)
    page = admin.post(f"{path}/add/preview", {"learners": f"{ADA} {BEN}"}).text
    fields = {name: hidden_fields(page, name)[-1] for name in ("learners", "number", "_key")}
    joined(admin, path, ADA)
    answer = admin.post(f"{path}/add", fields)
    assert answer.status_code == 409
    assert "By now it would be 1 person." in answer.text
    assert stored(service, budget) == {"Data team": [ADA]}
    gone = admin.post(f"{path}/remove", {"email": [ADA, BEN], "number": "2"})
    assert gone.status_code == 409
    assert stored(service, budget) == {"Data team": [ADA]}


def test_members_are_taken_out(admin: Browsing, service: Service, budget: BudgetShop) -> None:
    path = made(admin, budget)
    joined(admin, path, f"{ADA} {BEN}")
    page = admin.page(path)
    assert re.findall(r'name="email" value="([^"]+)"', page) == [ADA, BEN]
    review = admin.page(f"{path}/remove?email={ADA}&email={EVE}")
    assert heading(review) == "Take 1 member out"
    assert "nobody loses anything" in review
    answer = admin.post(f"{path}/remove", {"email": ADA, "number": "1"})
    assert "1 person has left the group." in admin.follow(answer)
    assert stored(service, budget) == {"Data team": [BEN]}
    assert "There is nobody to take out" in admin.page(f"{path}/remove")
    assert admin.post(f"{path}/remove", {"number": ""}).status_code == 409


def test_a_budget_is_for_a_group_which_cannot_be_deleted_then(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    path = made(admin, budget)
    uuid = path.rpartition("/")[2]
    budget.change(groups=[uuid])
    assert "Budget" in admin.page(path)
    joined(admin, path, ADA)
    assert "can no longer spend from Budget" in admin.page(f"{path}/remove?email={ADA}")
    assert "cannot be deleted" in admin.page(f"{path}/delete")
    assert admin.post(f"{path}/delete").status_code == 409
    budget.change(groups=[])
    assert "is deleted" in admin.follow(admin.post(f"{path}/delete"))
    assert stored(service, budget) == {}
    assert admin.get(path).status_code == 404


def test_the_trail_names_the_person(admin: Browsing, service: Service, budget: BudgetShop) -> None:
    joined(admin, made(admin, budget), ADA)
    with service.database.read() as connection:
        wanted = Wanted(enterprise_uuid=budget.shop.uuid, action="group.*")
        entries = [entry for _, entry in latest_entries(connection, wanted, limit=10)]
    assert len(entries) == 2
    assert all(entry.actor.startswith("user:") for entry in entries)


def test_a_viewer_looks_and_changes_nothing(
    admin: Browsing, service: Service, budget: BudgetShop
) -> None:
    path = made(admin, budget)
    joined(admin, path, ADA)
    viewer = signed_in(service.url, service.database, budget.shop.uuid, ConsoleRole.VIEWER)
    page = viewer.page(path)
    assert ADA in page
    assert "<input" not in page.partition("<main")[2]
    assert viewer.post(f"{path}/name", {"name": "Mine"}).status_code == 403
    assert stored(service, budget) == {"Data team": [ADA]}
