"""Plans and licenses in the console, down to the database."""

import json

import pytest

from testing.clients.browsing import Browsing, heading, hidden_fields, signed_in
from testing.shops.plan import PlanShop, open_plan
from testing.shops.service import Service

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"


@pytest.fixture
def plan(service: Service) -> PlanShop:
    return open_plan(service, is_revocation_cap_enabled=True, revoke_max_percentage=20)


@pytest.fixture
def admin(service: Service, plan: PlanShop) -> Browsing:
    return signed_in(service.url, service.database, plan.shop.uuid)


def path(plan: PlanShop, what: str = "") -> str:
    return f"/console/e/{plan.shop.org}/subscriptions/{plan.uuid}{what}"


def previewed(admin: Browsing, plan: PlanShop, text: str) -> str:
    response = admin.post(path(plan, "/assign/preview"), {"learners": text})
    assert response.status_code == 200, response.text
    return response.text


def given(page: str) -> dict[str, str]:
    return {name: hidden_fields(page, name)[-1] for name in ("learners", "number", "_key")}


def reviewed(admin: Browsing, plan: PlanShop, change: str, *emails: str) -> str:
    named = "".join(f"&email={email}" for email in emails)
    return admin.page(path(plan, f"/review?change={change}{named}"))


def agreed(page: str) -> dict[str, str | list[str]]:
    fields: dict[str, str | list[str]] = {
        name: hidden_fields(page, name)[-1] for name in ("change", "number", "activated", "_key")
    }
    return fields | {"email": hidden_fields(page, "email")}


def test_licenses_are_assigned_after_a_preview(admin: Browsing, plan: PlanShop) -> None:
    plan.assign(EVE)
    page = previewed(admin, plan, f"Ada <{ADA}>, {BOB.upper()}\n{EVE}")
    assert plan.counts == (9, 1, 0, 0)
    assert "Assign to 2 people" in page
    assert "Has one already" in page
    fields = given(page)
    done = [admin.post(path(plan, "/assign"), fields) for _ in range(2)]
    assert {each.status_code for each in done} == {303}
    assert "2 people get a license and a mail." in admin.follow(done[0])
    assert sorted(plan.holders("assigned")) == [ADA, BOB, EVE]


def test_what_is_not_as_previewed_is_not_done(admin: Browsing, plan: PlanShop) -> None:
    fields = given(previewed(admin, plan, f"{ADA} {BOB}"))
    plan.assign(BOB)
    answer = admin.post(path(plan, "/assign"), fields)
    assert answer.status_code == 409
    assert "Nothing was done" in answer.text
    assert plan.holders("assigned") == [BOB]


def test_too_many_people_are_told_how_many_are_free(admin: Browsing, plan: PlanShop) -> None:
    text = " ".join(f"learner{number}@example.org" for number in range(11))
    answer = admin.post(path(plan, "/assign/preview"), {"learners": text})
    assert answer.status_code == 422
    assert "It needs 11 licenses, and 10 licenses are free." in answer.text
    assert text[:30] in answer.text


def test_a_plan_that_ended_gives_nothing(service: Service) -> None:
    plan = open_plan(service, expiration_date="2021-01-01T00:00:00Z")
    admin = signed_in(service.url, service.database, plan.shop.uuid)
    assert "Ended" in admin.page(path(plan))
    for answer in (admin.get(path(plan, "/assign")), admin.post(path(plan, "/assign"))):
        assert (answer.status_code, heading(answer.text)) == (
            409,
            "This plan gives no licenses now",
        )


def test_a_license_is_revoked_after_its_consequence_was_told(
    admin: Browsing, plan: PlanShop
) -> None:
    plan.assign(ADA, BOB)
    plan.activate(ADA)
    page = reviewed(admin, plan, "revoke", ADA, BOB, "nobody@example.org")
    assert heading(page) == "Revoke 2 licenses"
    assert "1 of them was activated" in page
    assert "1 revocation of the 2 that are left is used" in page
    assert "1 other of those stays as it is" in page
    answer = admin.post(path(plan, "/review"), agreed(page))
    assert "2 licenses are revoked." in admin.follow(answer)
    assert sorted(plan.holders("revoked")) == [ADA, BOB]


def test_the_cap_of_revocations_is_kept(admin: Browsing, plan: PlanShop) -> None:
    people = [f"learner{number}@example.org" for number in range(3)]
    plan.assign(*people)
    plan.activate(*people)
    answer = admin.post(path(plan, "/review"), agreed(reviewed(admin, plan, "revoke", *people)))
    assert answer.status_code == 409
    assert "3 of them were activated, and 2 revocations are left." in answer.text
    assert plan.counts == (7, 0, 3, 0)


def test_a_consequence_that_changed_is_told_again(admin: Browsing, plan: PlanShop) -> None:
    plan.assign(ADA)
    fields = agreed(reviewed(admin, plan, "revoke", ADA))
    plan.activate(ADA)
    answer = admin.post(path(plan, "/review"), fields)
    assert answer.status_code == 409
    assert "Nothing was done" in answer.text
    assert plan.holders("activated") == [ADA]


def test_learners_who_did_not_activate_are_reminded(admin: Browsing, plan: PlanShop) -> None:
    plan.assign(ADA, BOB)
    plan.activate(BOB)
    page = reviewed(admin, plan, "remind", ADA, BOB)
    assert heading(page) == "Remind of 1 license"
    assert "1 license is reminded." in admin.follow(admin.post(path(plan, "/review"), agreed(page)))


def test_the_list_is_filtered_and_empty_pages_say_how_to_begin(
    admin: Browsing, plan: PlanShop
) -> None:
    assert "Nobody has a license of this plan yet" in admin.page(path(plan))
    plan.assign(ADA, BOB)
    page = admin.page(path(plan, "?search=ada"))
    assert ADA in page
    assert BOB not in page
    assert "No license matches" in admin.page(path(plan, "?status=revoked"))
    assert admin.get(path(plan, "?status=lost")).status_code == 400
    assert admin.get(path(plan, "/review?change=revoke")).status_code == 422
    assert admin.get(path(plan, "/review?change=eat&email=a@b.org")).status_code == 404
    assert "Plan" in admin.page(f"/console/e/{plan.shop.org}/subscriptions")


def test_the_start_page_tells_of_plans_that_are_nearly_full(
    admin: Browsing, plan: PlanShop
) -> None:
    plan.assign(*(f"learner{number}@example.org" for number in range(10)))
    page = admin.page(f"/console/e/{plan.shop.org}")
    assert "Plan has 0 seats left" in page
    assert f'href="{path(plan)}"' in page


def test_exactly_the_rows_of_a_list_are_exported(admin: Browsing, plan: PlanShop) -> None:
    plan.assign("=ada@example.org", BOB)
    response = admin.get(path(plan, "/licenses.csv?search=ada"))
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    _, row = response.text.splitlines()
    assert ",'=ada@example.org," in row
    lines = admin.page(path(plan, "/licenses.ndjson")).splitlines()
    assert [json.loads(line) for line in lines] == plan.licenses(status="assigned")
    assert admin.get(path(plan, "/licenses.csv?status=lost")).status_code == 400
