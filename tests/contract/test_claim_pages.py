"""Claim pages over HTTP, with the links that mails have, and a worker that enrolls."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from lxml import html
from pydantic import SecretStr

from bursar.claim_pages.limits import BAD_A_MINUTE
from bursar.delivery.service import Channel, DeliverySearch, search_deliveries, text_of_mail
from bursar.settings import Settings
from bursar.work import MAIL_KINDS, claim_links
from testing.clients.api import connect
from testing.databases.migrated import migrated_url
from testing.servers.cli import Cli
from testing.servers.processes import WorkerProcess
from testing.shops.budget import BudgetShop, open_budget
from testing.shops.bulk import OPEN, open_bulk
from testing.shops.plan import PlanShop, open_plan
from testing.shops.service import Service
from testing.together import at_once
from testing.waiting import wait_until
from testing.worlds.contract import course, open_course, run

ANA, BEN = "ana@example.org", "ben@example.org"
PUBLIC_URL = "https://learn.example.org"
LMS_URL = "https://courses.example.org"
SECRET = "a secret of this test alone that is long enough"
ENVIRONMENT = {
    "BURSAR_SECRET_KEY": SECRET,
    "BURSAR_PUBLIC_URL": PUBLIC_URL,
    "BURSAR_LMS_PUBLIC_URL": LMS_URL,
    "BURSAR_TRUSTED_PROXIES": "127.0.0.1",
    "BURSAR_LOG_LEVEL": "INFO",
}


@dataclass(frozen=True)
class Page:
    status: int
    text: str
    """What a person reads, in one line."""
    response: httpx.Response


@dataclass(frozen=True)
class Learners:
    """Who has mail, and opens what is in it."""

    service: Service
    http: httpx.Client

    def link_to(self, email: str, *, subject: str | None = None) -> str:
        """The path of the link in the newest mail, as it is in the text."""
        text = self.mail_to(email, subject=subject)
        (link,) = re.findall(rf"{PUBLIC_URL}(/claim/\S+)", text)
        return str(link)

    def mail_to(self, email: str, *, subject: str | None = None) -> str:
        """The text of the newest mail."""
        database = self.service.database
        settings = Settings(secret_key=SecretStr(SECRET), public_url=PUBLIC_URL)
        links = claim_links(database, settings)
        with database.read() as connection:
            search = DeliverySearch(channel=Channel.MAIL, recipient=email)
            found = search_deliveries(connection, search, limit=20)
            mail = next(each for each in found if subject in {None, str(each.subject_uuid)})
            return text_of_mail(connection, MAIL_KINDS, mail.uuid, links).text

    def open(self, link: str, **headers: str) -> Page:
        return page_of(self.http.get(link, headers=headers))

    def press(self, link: str, **headers: str) -> httpx.Response:
        return self.http.post(link, headers=headers)


def page_of(response: httpx.Response) -> Page:
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    main = html.fromstring(response.text).find(".//main")
    assert main is not None
    return Page(
        response.status_code, " ".join("".join(map(str, main.itertext())).split()), response
    )


@pytest.fixture(scope="module")
def learners(
    dialect: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Learners]:
    folder: Path = tmp_path_factory.mktemp("claims")
    is_sqlite = dialect == "sqlite"
    url = migrated_url(folder, None if is_sqlite else request.getfixturevalue("postgres"))
    with ExitStack() as stack:
        stack.enter_context(WorkerProcess(folder, Cli(folder, url).environment | ENVIRONMENT))
        service = Service.running(stack, url, folder, ENVIRONMENT)
        yield Learners(service, stack.enter_context(connect(service.url)))


@pytest.fixture
def budget(learners: Learners) -> BudgetShop:
    return open_budget(learners.service)


@pytest.fixture
def plan(learners: Learners) -> PlanShop:
    return open_plan(learners.service)


def assigned(learners: Learners, budget: BudgetShop, email: str = ANA) -> tuple[str, str]:
    """The assignment, and the link to it."""
    (uuid,) = budget.assigned(email)
    return uuid, learners.link_to(email, subject=uuid)


def licensed(learners: Learners, plan: PlanShop, email: str = ANA) -> str:
    plan.assign(email)
    return learners.link_to(email, subject=plan.license_of(email)["uuid"])


def test_the_link_of_the_mail_enrolls_and_goes_on_to_the_course(
    learners: Learners, budget: BudgetShop
) -> None:
    uuid, link = assigned(learners, budget)
    page = learners.open(link)
    assert page.status == 200
    assert "gives you this course, and pays for it. Enroll now" in page.text
    pressed = learners.press(link)
    assert pressed.status_code == 303
    course = f"{LMS_URL}/courses/{budget.run_key('Any')}/course/"
    assert pressed.headers["location"] == course
    assert budget.assignment(uuid)["state"] == "accepted"
    assert budget.figures == (10_000, 0, 90_000)
    page = learners.open(link)
    assert "You are enrolled" in page.text
    assert course in page.response.text
    again = learners.press(link)
    assert (again.status_code, again.headers["location"]) == (303, course)
    assert budget.figures == (10_000, 0, 90_000)


def test_programs_that_open_every_link_change_nothing(
    learners: Learners, budget: BudgetShop, plan: PlanShop
) -> None:
    uuid, link = assigned(learners, budget)
    other = licensed(learners, plan)
    before = budget.states[uuid], budget.figures, plan.counts
    for each in (link, other):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
            learners.http.request(method, each)
        for query in ("?utm_source=scanner", "?_method=POST"):
            assert learners.http.get(f"{each}{query}").status_code == 200
    assert (budget.states[uuid], budget.figures, plan.counts) == before
    assert before[0] == "allocated"


def test_from_two_devices_at_once_it_is_taken_once(learners: Learners, budget: BudgetShop) -> None:
    uuid, link = assigned(learners, budget)
    answers = at_once([lambda: httpx.post(learners.service.url + link, timeout=30)] * 4)
    assert {answer.status_code for answer in answers} == {303}
    wait_until(lambda: budget.assignment(uuid)["state"] == "accepted")
    assert budget.figures == (10_000, 0, 90_000)


def test_a_reminder_has_a_link_too_and_the_earlier_one_stays_good(
    learners: Learners, budget: BudgetShop
) -> None:
    uuid, link = assigned(learners, budget)
    assert budget.act("remind", [uuid]).status_code == 200
    again = learners.link_to(ANA, subject=uuid)
    assert learners.open(link).status == learners.open(again).status == 200


def test_a_license_is_activated(learners: Learners, plan: PlanShop) -> None:
    link = licensed(learners, plan)
    assert "Activate my license" in learners.open(link).text
    assert plan.counts[1:] == (1, 0, 0)
    pressed = learners.press(link)
    assert (pressed.status_code, pressed.headers["location"]) == (303, PUBLIC_URL + link)
    assert plan.counts[1:] == (0, 1, 0)
    assert "Your license is active" in learners.open(link).text
    assert learners.press(link).status_code == 303


def test_with_a_license_a_course_is_chosen_and_gone_on_to(
    learners: Learners, plan: PlanShop
) -> None:
    shop = plan.shop
    for name in ("Algebra", "Botany"):
        one = run(f"course-v1:{shop.key(name)}+1")
        title, uuid = f"{name} for all", one["uuid"]
        shop.stock(course(shop.key(name), one, title=title, advertised_course_run_uuid=uuid))
    link = licensed(learners, plan)
    assert learners.press(link).status_code == 303
    assert "Algebra for all Enroll Botany for all Enroll" in learners.open(link).text
    found = learners.open(f"{link}?q=bot")
    assert ("Botany for all" in found.text, "Algebra for all" in found.text) == (True, False)
    key = shop.key("Botany")
    chosen = learners.http.post(link, data={"course": key})
    assert chosen.status_code == 303
    wait_until(lambda: "Your courses Botany for all" in learners.open(link).text)
    there = f"{LMS_URL}/courses/course-v1:{key}+1/course/"
    assert learners.http.post(link, data={"course": key}).headers["location"] == there
    unknown = learners.http.post(link, data={"course": "edX+Unknown"})
    assert unknown.status_code == 409


def test_the_mail_about_an_enrollment_has_the_link_of_the_license(learners: Learners) -> None:
    bulk = open_bulk(learners.service)
    bulk.license_to(ANA)
    license_uuid = bulk.plan.license_of(ANA)["uuid"]
    assert learners.press(learners.link_to(ANA, subject=license_uuid)).status_code == 303
    bulk.done(bulk.wish([ANA], OPEN, notify=True))
    text = learners.mail_to(ANA, subject=license_uuid)
    assert "has enrolled you, at no cost to you, in:" in text
    page = learners.open(learners.link_to(ANA, subject=license_uuid))
    assert (page.status, "Your courses" in page.text) == (200, True)


def test_the_mail_about_a_course_of_a_client_leads_to_it(learners: Learners) -> None:
    shop = learners.service.open_shop()
    shop.stock(open_course(shop.key("Open")))
    shop.declare(learners=[{"email": BEN, "lms_user_id": 502}])
    key = f"course-v1:{shop.key('Open')}+1T2026"
    wish = {"course_run_id": key, "user_email": BEN, "course_mode": "audit", "email_students": True}
    path = f"/enterprise/v1/enterprise-customer/{shop.uuid}/course-enrollments"
    headers = {"Accept": "application/json"}
    assert shop.api.post(path, json=[wish], headers=headers).status_code == 200

    def mailed() -> bool:
        with learners.service.database.read() as connection:
            search = DeliverySearch(channel=Channel.MAIL, enterprise_uuid=shop.uuid)
            return bool(search_deliveries(connection, search, limit=1))

    wait_until(mailed)
    link = learners.link_to(BEN)
    page = learners.open(link)
    assert f"{shop.org} has enrolled you in this course. Go to the course" in page.text
    course = f"{LMS_URL}/courses/{key}/course/"
    assert learners.press(link).headers["location"] == course


def test_the_page_speaks_the_language_of_the_browser(
    learners: Learners, budget: BudgetShop
) -> None:
    budget.shop.declare(language="de", timezone="Europe/Berlin", accent="#7a1f5c")
    _, link = assigned(learners, budget)
    page = learners.open(link, **{"accept-language": "ar,en;q=0.5"})
    assert '<html lang="ar" dir="rtl">' in page.response.text
    assert page.response.headers["vary"] == "Accept-Language"
    for nobodys in ("tlh", "", "q=;,"):
        assert "Jetzt einschreiben" in learners.open(link, **{"accept-language": nobodys}).text
    nowhere = learners.open("/claim/x", **{"accept-language": "fr"})
    assert "Ce lien ne mène nulle part" in nowhere.text
    style = learners.http.get("/claim/static/accent-7a1f5c.css")
    assert (style.status_code, style.text) == (
        200,
        ":root { --accent: #7a1f5c; --on-accent: #ffffff; }\n",
    )


def test_the_consent_is_given_with_a_tick_and_taken_back(
    learners: Learners, budget: BudgetShop
) -> None:
    budget.shop.declare(ask_consent=True, consent_text="We look at grades only.")
    _, link = assigned(learners, budget)
    assert "We look at grades only." in learners.open(link).text
    assert learners.http.post(link, data={"action": "take"}).status_code == 303
    assert f"{budget.shop.org} cannot see your progress." in learners.open(link).text
    learners.http.post(link, data={"action": "share"})
    assert f"{budget.shop.org} may see your progress." in learners.open(link).text
    back = learners.http.post(link, data={"action": "withdraw"})
    assert (back.status_code, back.headers["location"]) == (303, PUBLIC_URL + link)
    assert f"{budget.shop.org} cannot see your progress." in learners.open(link).text


def test_what_was_taken_back_is_told_with_whom_to_ask(
    learners: Learners, budget: BudgetShop, plan: PlanShop
) -> None:
    budget.shop.declare(contact_email="help@example.org")
    uuid, link = assigned(learners, budget)
    license_link = licensed(learners, plan)
    assert budget.act("cancel", [uuid]).status_code == 200
    assert plan.revoke(ANA).status_code == 204
    page = learners.open(link)
    assert page.status == 410
    assert "has taken this back. Questions? Write to help@example.org." in page.text
    assert f"Ask {plan.shop.org}." in learners.open(license_link).text
    for each in (link, license_link):
        assert learners.press(each).status_code == 409
    assert "button" not in page.response.text


def test_a_course_that_is_gone_between_mail_and_claim(
    learners: Learners, budget: BudgetShop
) -> None:
    uuid, link = assigned(learners, budget)
    budget.shop.delete("Any")
    page = learners.open(link)
    assert (page.status, "The course is no longer offered." in page.text) == (200, True)
    assert learners.press(link).status_code == 409
    assert budget.assignment(uuid)["state"] == "allocated"


def test_unknown_links_are_answered_alike(learners: Learners, budget: BudgetShop) -> None:
    uuid, link = assigned(learners, budget)
    changed = "a" if link[20] != "a" else "b"
    wrong = [
        link[:-1],
        f"{link}a",
        link[:20] + changed + link[21:],
        link.upper().replace("/CLAIM/", "/claim/"),
        "/claim/" + UUID(uuid).hex,
        "/claim/x",
        "/claim/%00",
    ]
    answers = [learners.http.request(method, each) for each in wrong for method in ("GET", "POST")]
    bodies = {answer.text for answer in answers}
    assert {answer.status_code for answer in answers} == {404}
    assert len(bodies) == 1
    assert "This link leads nowhere" in bodies.pop()
    assert budget.assignment(uuid)["state"] == "allocated"


def test_an_address_that_tries_links_has_to_wait(learners: Learners, budget: BudgetShop) -> None:
    _, link = assigned(learners, budget)
    of_guesser = {"x-forwarded-for": "198.51.100.7"}
    tried = [
        learners.http.get(f"/claim/guess{number}", headers=of_guesser).status_code
        for number in range(BAD_A_MINUTE + 1)
    ]
    assert tried == [404] * BAD_A_MINUTE + [429]
    stopped = learners.open(link, **of_guesser)
    assert stopped.status == 429
    assert 1 <= int(stopped.response.headers["retry-after"]) <= 60
    assert learners.open(link).status == 200


def test_a_page_keeps_its_link_to_itself(learners: Learners, budget: BudgetShop) -> None:
    _, link = assigned(learners, budget)
    headers = learners.open(link).response.headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["form-action"] == f"'self' {LMS_URL}"
    assert "unsafe" not in headers["content-security-policy"]
    learners.press(link)
    learners.open(link[:-1])
    token = link.rpartition("/")[2]
    assert token not in learners.service.log()
    assert "/claim/{token" in learners.service.log()
    metrics = learners.http.get("/metrics").text
    assert token not in metrics
    assert "/claim/{token" in metrics


def test_nothing_on_a_page_needs_what_its_policy_forbids(
    learners: Learners, budget: BudgetShop
) -> None:
    _, link = assigned(learners, budget)
    page = html.fromstring(learners.open(link).response.text)
    assert page.xpath("//script | //style | //@style | //@onclick | //img | //iframe") == []
    sheet = page.find('.//link[@rel="stylesheet"]')
    assert sheet is not None
    style = learners.http.get(f"/claim/{sheet.get('href')}")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "prefers-color-scheme: dark" in style.text
    assert learners.http.get("/claim/static/other.css").status_code == 404


def test_what_a_customer_has_written_is_text_and_no_markup(
    learners: Learners, plan: PlanShop
) -> None:
    plan.change(title="<script>alert(1)</script> & %(enterprise)s")
    page = learners.open(licensed(learners, plan))
    assert "<script>" not in page.response.text
    assert "<script>alert(1)</script> & %(enterprise)s" in page.text
