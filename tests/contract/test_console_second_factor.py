"""The second factor in the console, and installations that demand one."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pyotp
import pytest
from sqlalchemy import update

from bursar import clock
from bursar.accounts.models import ConsoleSession, ConsoleTotp
from bursar.console.handlers import all_screens
from bursar.console.screens import Reach
from testing.clients.browsing import PASSWORD, Browsing, heading, hidden_fields, invited
from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.service import Service

SECRET = "a-secret-that-seals-" * 3
ACCOUNT = "/console/account"
PATH = f"{ACCOUNT}/second-factor"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("second-factor")


@pytest.fixture(scope="module")
def url(dialect: str, folder: Path, request: pytest.FixtureRequest) -> str:
    is_sqlite = dialect == "sqlite"
    return migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))


def served(url: str, folder: Path, **settings: str) -> Iterator[Service]:
    with ExitStack() as stack:
        yield Service.running(stack, url, folder, {"BURSAR_SECRET_KEY": SECRET, **settings})


@pytest.fixture(scope="module")
def sealed(url: str, folder: Path) -> Iterator[Service]:
    yield from served(url, folder)


@pytest.fixture(scope="module")
def demanding(sealed: Service, url: str, folder: Path) -> Iterator[Service]:
    """Beside `sealed`, on the same database."""
    yield from served(url, folder, BURSAR_CONSOLE_REQUIRE_TOTP="true")


@pytest.fixture(scope="module")
def budget(sealed: Service) -> BudgetShop:
    return open_budget(sealed)


class Person:
    """Somebody with a password, and an app once they have set one up."""

    def __init__(self, service: Service, enterprise: UUID) -> None:
        self.service, self.email = service, f"{uuid4().hex}@example.org"
        self.browsing = Browsing.at(service.url)
        link = invited(service.database, self.email, enterprise, asks_password=True)
        assert self.browsing.use_link(link, PASSWORD).status_code == 303

    def begin(self) -> str:
        """The page with the key."""
        answer = self.browsing.post(PATH, {"password": PASSWORD})
        assert answer.status_code == 200, answer.text
        (self.key,) = hidden_fields(answer.text, "key")
        return answer.text

    def code(self) -> str:
        """As if the app had waited until it shows another one than those that were used."""
        with self.service.database.transaction() as session:
            session.execute(update(ConsoleTotp).values(last_step=None))
        return pyotp.TOTP(self.key).at(clock.now())

    def confirm(self) -> list[str]:
        fields = {"key": self.key, "code": self.code()}
        answer = self.browsing.post(f"{PATH}/confirm", fields)
        assert answer.status_code == 200, answer.text
        return codes_of(answer.text)

    def set_up(self) -> list[str]:
        self.begin()
        return self.confirm()

    def give_password(self, browsing: Browsing, **fields: str) -> str:
        """What the form for the code sends along."""
        page = browsing.sign_in(self.email, PASSWORD, **fields)
        assert (page.status_code, heading(page.text)) == (200, "Enter the code")
        assert "set-cookie" not in page.headers
        (entrance,) = hidden_fields(page.text, "entrance")
        return entrance


def codes_of(page: str) -> list[str]:
    return re.findall(r"<li>((?:\w{4}-){3}\w{4})</li>", page)


def enter(browsing: Browsing, entrance: str, code: str, **fields: str) -> httpx.Response:
    given = {"entrance": entrance, "code": code, **fields}
    return browsing.post("/console/sign-in/code", given, cookie="bursar-form")


@pytest.fixture
def person(sealed: Service, budget: BudgetShop) -> Iterator[Person]:
    made = Person(sealed, budget.shop.uuid)
    yield made
    made.browsing.http.close()


@pytest.fixture
def other(sealed: Service) -> Iterator[Browsing]:
    made = Browsing.at(sealed.url)
    yield made
    made.http.close()


def test_a_person_sets_an_app_up_and_signs_in_with_it(person: Person, other: Browsing) -> None:
    assert "Signing in asks for your password only." in person.browsing.page(ACCOUNT)
    page = person.begin()
    assert re.search(r'<img class="qr" src="data:image/svg\+xml[^"]+" alt="[^"]+"', page)
    assert " ".join(re.findall(".{4}", person.key)) in page
    assert len(person.confirm()) == 10
    assert "10 recovery codes left" in person.browsing.page(ACCOUNT)
    wanted = "/console/account"
    entrance = person.give_password(other, next=wanted)
    assert other.get(wanted).status_code == 303
    wrong = enter(other, entrance, "12345", next=wanted)
    assert (wrong.status_code, heading(wrong.text)) == (403, "Enter the code")
    assert hidden_fields(wrong.text, "next") == [wanted]
    done = enter(other, entrance, person.code(), next=wanted)
    assert person.email in other.follow(done)


def test_the_key_and_the_codes_are_shown_once(person: Person) -> None:
    codes = person.set_up()
    for path in (ACCOUNT, PATH):
        page = person.browsing.page(path)
        for secret in (person.key, *codes):
            assert secret not in page
    assert person.browsing.get(PATH).headers["cache-control"] == "no-store"


def test_a_recovery_code_signs_in_once(person: Person, other: Browsing) -> None:
    codes = person.set_up()
    assert enter(other, person.give_password(other), codes[0]).status_code == 303
    assert "9 recovery codes left" in other.page(ACCOUNT)
    assert other.post("/console/sign-out").status_code == 303
    again = enter(other, person.give_password(other), codes[0])
    assert (again.status_code, heading(again.text)) == (403, "Enter the code")


def test_whoever_sits_down_at_an_open_browser_changes_nothing(person: Person) -> None:
    browsing = person.browsing
    refused = browsing.post(PATH, {"password": "wrong"})
    assert refused.status_code == 403
    person.begin()
    mine = pyotp.random_base32()
    fields = {"key": mine, "code": pyotp.TOTP(mine).at(clock.now())}
    swapped = browsing.post(f"{PATH}/confirm", fields)
    assert swapped.status_code == 409
    assert person.key not in swapped.text
    again = browsing.post(f"{PATH}/confirm", {"key": person.key, "code": "12345"})
    assert again.status_code == 422
    person.confirm()
    for what in ("codes", "remove"):
        answer = browsing.post(f"{PATH}/{what}", {"password": "wrong"})
        assert answer.status_code == 403
        assert "do not belong together" in answer.text
    assert browsing.post(PATH, {"password": PASSWORD}).status_code == 409


def test_its_owner_renews_the_codes_and_turns_it_off(person: Person, other: Browsing) -> None:
    first, browsing = person.set_up(), person.browsing
    renewed = browsing.post(f"{PATH}/codes", {"password": PASSWORD})
    assert renewed.status_code == 200
    assert not set(first) & set(codes_of(renewed.text))
    assert enter(other, person.give_password(other), first[0]).status_code == 403
    off = browsing.post(f"{PATH}/remove", {"password": PASSWORD})
    assert "asks for your password only" in browsing.follow(off)
    assert other.sign_in(person.email, PASSWORD).status_code == 303


def test_nobody_enters_a_code_without_the_password(person: Person, other: Browsing) -> None:
    person.set_up()
    other.page("/console/sign-in")
    for entrance in ("", "unknown", "%00"):
        answer = enter(other, entrance, person.code())
        assert (answer.status_code, heading(answer.text)) == (403, "Sign in")
    mine = person.give_password(other)
    person.browsing.post("/console/sign-out")
    refused = other.post("/console/sign-in/code", {"entrance": mine, "_token": "x"})
    assert heading(refused.text) == "This form is out of date"


def test_a_code_stands_for_the_password_where_money_is_changed(
    person: Person, sealed: Service, budget: BudgetShop
) -> None:
    person.set_up()
    path = f"/console/e/{budget.shop.org}/people/invite"
    _make_older(sealed)
    asked = person.browsing.post(path, {"email": "vi@example.org", "role": "viewer"})
    assert "Password, or the code of your app" in asked.text
    fields = {"email": "vi@example.org", "role": "viewer", "_password": person.code()}
    assert heading(person.browsing.post(path, fields).text) == "A link for vi@example.org"


def _make_older(service: Service) -> None:
    with service.database.transaction() as session:
        session.execute(
            update(ConsoleSession).values(confirmed_at=clock.now() - timedelta(minutes=31))
        )


def test_an_installation_that_demands_it_shows_nothing_else_before(
    demanding: Service, budget: BudgetShop
) -> None:
    person = Person(demanding, budget.shop.uuid)
    browsing = person.browsing
    for screen in all_screens():
        if screen.reach is Reach.ANYBODY or screen.before_totp:
            continue
        path = re.sub(r"\{slug:str\}", budget.shop.org, screen.path)
        path = re.sub(r"\{\w+:\w+\}", str(budget.uuid), path)
        answer = browsing.get(path) if screen.method == "GET" else browsing.post(path)
        assert (answer.status_code, answer.headers.get("location")) == (303, PATH), screen.path
    page = browsing.page(PATH)
    assert heading(page) == "Set up a second factor"
    assert "Sign out" in page
    assert f"/console/e/{budget.shop.org}" not in page
    person.set_up()
    assert browsing.get(f"/console/e/{budget.shop.org}").status_code == 200
    off = browsing.post(f"{PATH}/remove", {"password": PASSWORD})
    assert heading(browsing.follow(off)) == "Set up a second factor"


def test_whoever_has_no_password_chooses_one_first(demanding: Service, budget: BudgetShop) -> None:
    browsing = Browsing.at(demanding.url)
    browsing.use_link(invited(demanding.database, f"{uuid4()}@example.org", budget.shop.uuid))
    assert "you have none yet" in browsing.page(PATH)
    chosen = browsing.post(f"{ACCOUNT}/password", {"password": PASSWORD})
    assert chosen.status_code == 303
    assert browsing.post(PATH, {"password": PASSWORD}).status_code == 200


def test_an_operator_resets_it_from_the_command_line(
    person: Person, other: Browsing, url: str, folder: Path
) -> None:
    person.set_up()
    cli = Cli(folder, url)
    (said,) = cli.ok("console", "reset-totp", person.email.upper())
    assert said == f"{person.email} has no second factor any more, and is signed out everywhere"
    assert person.browsing.get(ACCOUNT).status_code == 303
    assert other.sign_in(person.email, PASSWORD).status_code == 303
    assert cli.refused("console", "reset-totp", person.email) == [
        "This person has no second factor."
    ]
    assert cli.refused("console", "reset-totp", "nobody@example.org")
