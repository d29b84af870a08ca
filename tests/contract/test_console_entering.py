"""Signing in to the console, staying signed in, and leaving."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from bursar import clock
from bursar.accounts.models import ConsoleSession
from bursar.accounts.service import form_token
from testing.clients.browsing import PASSWORD, Browsing, heading, hidden_fields, invited, signed_in
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.service import Service


@pytest.fixture(scope="module")
def budget(service: Service) -> BudgetShop:
    return open_budget(service)


@pytest.fixture
def browsing(service: Service) -> Iterator[Browsing]:
    made = Browsing.at(service.url)
    yield made
    made.http.close()


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@example.org"


def test_by_a_link_a_password_is_chosen_and_signs_in_from_then_on(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str
) -> None:
    link = invited(service.database, email, budget.shop.uuid, asks_password=True)
    assert heading(browsing.page(link)) == "Choose a password"
    weak = browsing.use_link(link, "password1234")
    assert weak.status_code == 422
    assert "among the first that somebody would try" in weak.text
    assert heading(browsing.page(link)) == "Choose a password"
    home = browsing.use_link(link, PASSWORD)
    assert home.headers["location"] == "/console"
    start = browsing.get("/console")
    assert start.headers["location"] == f"/console/e/{budget.shop.org}"
    again = browsing.get(link)
    assert (again.status_code, heading(again.text)) == (410, "This link is used up")
    assert browsing.follow(browsing.post("/console/sign-out"))
    assert browsing.cookie() == ""
    assert browsing.sign_in(email, PASSWORD).headers["location"] == "/console"


def test_looking_at_a_link_does_not_use_it_up(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str
) -> None:
    link = invited(service.database, email, budget.shop.uuid)
    for _ in range(3):
        assert heading(browsing.page(link)) == "Sign in"
        assert browsing.http.head(link).status_code == 200
    assert browsing.use_link(link).status_code == 303


def test_who_wanted_a_page_gets_there_after_signing_in(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str
) -> None:
    wanted = f"/console/e/{budget.shop.org}/assignments?state=accepted&search=a%40b"
    sent = browsing.get(wanted).headers["location"]
    page = browsing.page(sent)
    (kept,) = hidden_fields(page, "next")
    assert kept == wanted
    browsing.use_link(
        invited(service.database, email, budget.shop.uuid, asks_password=True), PASSWORD
    )
    assert browsing.sign_in(email, PASSWORD, next=kept).headers["location"] == wanted


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/docs"])
def test_nobody_is_led_to_another_site(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str, elsewhere: str
) -> None:
    page = browsing.page(f"/console/sign-in?next={elsewhere}")
    assert hidden_fields(page, "next") == ["/console"]
    browsing.use_link(
        invited(service.database, email, budget.shop.uuid, asks_password=True), PASSWORD
    )
    assert browsing.sign_in(email, PASSWORD, next=elsewhere).headers["location"] == "/console"


def test_a_wrong_password_and_an_unknown_account_are_answered_alike(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str
) -> None:
    browsing.use_link(
        invited(service.database, email, budget.shop.uuid, asks_password=True), PASSWORD
    )
    pages = set()
    for tried in (email, f"{uuid4().hex}@example.org"):
        answer = browsing.sign_in(tried, "wrong")
        assert answer.status_code == 403
        assert tried in answer.text  # what was typed is still there
        (key,) = hidden_fields(answer.text, "_key")
        pages.add(answer.text.replace(tried, "").replace(key, ""))
    assert len(pages) == 1


def test_a_session_is_not_fixed_by_whoever_set_a_cookie(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str
) -> None:
    link = invited(service.database, email, budget.shop.uuid)
    browsing.http.cookies.set("bursar", "planted", domain="127.0.0.1")
    browsing.page(link)
    answer = browsing.post(link, cookie="bursar-form")
    cookie = answer.headers.get_list("set-cookie")
    (set_session,) = [each for each in cookie if each.startswith("bursar=")]
    assert "planted" not in set_session
    assert set_session.endswith("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax")
    with Browsing.at(service.url).http as thief:
        thief.cookies.set("bursar", "planted")
        assert thief.get("/console").headers["location"].startswith("/console/sign-in")


def test_over_https_cookies_are_of_this_host_only(tuned: Service) -> None:
    """Its public URL begins with https."""
    with Browsing.at(tuned.url).http as http:
        (cookie,) = http.get("/console/sign-in").headers.get_list("set-cookie")
    name, _, rest = cookie.partition("=")
    assert name == "__Host-bursar-form"
    assert rest.endswith("; HttpOnly; SameSite=Lax; Secure")
    assert "domain" not in cookie.lower()


def test_a_session_that_ended_opens_nothing(service: Service, budget: BudgetShop) -> None:
    admin = signed_in(service.url, service.database, budget.shop.uuid)
    home = f"/console/e/{budget.shop.org}"
    stolen = admin.cookie()
    assert admin.get(home).status_code == 200
    admin.post("/console/sign-out")
    with Browsing.at(service.url).http as thief:
        thief.cookies.set("bursar", stolen)
        assert thief.get(home).status_code == 303
        answer = thief.post(
            "/console/sign-out",
            data={"_token": form_token(stolen), "_key": "k"},
            headers={"Origin": admin.origin},
        )
        assert answer.headers["location"] == "/console/sign-in"


def test_a_person_sees_and_ends_their_own_sessions(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str
) -> None:
    link = invited(service.database, email, budget.shop.uuid, asks_password=True)
    browsing.use_link(link, PASSWORD)
    other = Browsing.at(service.url)
    other.sign_in(email, PASSWORD)
    page = browsing.page("/console/account")
    assert page.count("<code") == 0
    (theirs,) = hidden_fields(page, "session")
    stranger = signed_in(service.url, service.database, budget.shop.uuid)
    refused = stranger.post("/console/account/end-session", {"session": theirs})
    assert refused.status_code == 404
    assert other.get("/console/account").status_code == 200
    ended = browsing.post("/console/account/end-session", {"session": theirs})
    assert "The session has ended." in browsing.follow(ended)
    assert other.get("/console/account").status_code == 303


def test_grave_changes_ask_again_after_half_an_hour_and_keep_what_was_typed(
    service: Service, budget: BudgetShop, browsing: Browsing, email: str
) -> None:
    link = invited(service.database, email, budget.shop.uuid, asks_password=True)
    browsing.use_link(link, PASSWORD)
    _make_older(service)
    path = f"/console/e/{budget.shop.org}/budgets/{budget.uuid}/allocate"
    fields = {
        "course": budget.key("Priced"),
        "learners": f"{email} and more",
        "price": "100.00",
        "number": "1",
    }
    asked = browsing.post(path, fields)
    assert (asked.status_code, heading(asked.text)) == (403, "Confirm that it is you")
    assert hidden_fields(asked.text, "learners") == [fields["learners"]]
    wrong = browsing.post(path, {**fields, "_password": "wrong"})
    assert (wrong.status_code, heading(wrong.text)) == (403, "Confirm that it is you")
    assert not budget.states
    done = browsing.post(path, {**fields, "_password": PASSWORD})
    assert "is allocated to 1 person" in browsing.follow(done)
    assert browsing.post(path, {**fields, "number": "0"}).status_code == 303


def _make_older(service: Service) -> None:
    with service.database.transaction() as session:
        session.execute(
            update(ConsoleSession).values(confirmed_at=clock.now() - timedelta(minutes=31))
        )


def test_files_are_kept_for_ever_and_stay_small(service: Service, browsing: Browsing) -> None:
    page = browsing.page("/console/sign-in")
    paths = re.findall(r'(?:href|src)="(/console/assets/[^"]+)"', page)
    assert len(set(paths)) == 3
    for path in paths:
        answer = browsing.get(path)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert len(answer.content) < 40_000
        version = path.split("/")[3]
        assert browsing.get(path.replace(version, "0" * 16)).status_code == 404
