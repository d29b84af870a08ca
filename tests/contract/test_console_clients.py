"""What is connected to an enterprise, and its API clients: made, given new secrets, stopped and let
work again in the console, down to the database."""

import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update

from bursar import clock
from bursar.accounts.models import ConsoleSession
from bursar.accounts.service import ConsoleRole
from bursar.audit.service import Wanted, latest_entries
from bursar.events.models import EventRecord
from bursar.identity.service import (
    ClientOfEnterprise,
    Role,
    page_of_clients,
)
from bursar.pages import PageRequest
from bursar.provisioning.apply import ManifestError
from testing.clients.browsing import PASSWORD, Browsing, heading, hidden_fields, invited, signed_in
from testing.shops.reports import report
from testing.shops.service import Service, Shop
from testing.worlds.contract import client


@pytest.fixture
def admin(service: Service, shop: Shop) -> Browsing:
    return signed_in(service.url, service.database, shop.uuid)


def home(shop: Shop, what: str = "") -> str:
    return f"/console/e/{shop.org}/integrations{what}"


def clients_of(shop: Shop) -> dict[str, ClientOfEnterprise]:
    with shop.service.database.read() as connection:
        _, found = page_of_clients(connection, shop.uuid, PageRequest(99), tuple(Role))
    return {each.client_id: each for each in found}


def path_of(shop: Shop, client_id: str, what: str = "") -> str:
    return home(shop, f"/clients/{clients_of(shop)[client_id].uuid}{what}")


def asked(admin: Browsing, shop: Shop, client_id: str, role: str = "reporting") -> str:
    """The new secret, or token."""
    fields = {"client_id": client_id, "role": role, "format": "json"}
    answer = admin.post(home(shop, "/clients"), fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return secret_of(answer.text)


def secret_of(page: str) -> str:
    found = re.search(r'id="secret" value="([^"]+)"', page)
    assert found, page
    return unescape(found[1])


def works(service: Service, client_id: str, secret: str) -> bool:
    asked = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    answer = httpx.post(f"{service.url}/oauth2/v1/access_token", data=asked)
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def trail(service: Service, shop: Shop) -> list[tuple[str, str]]:
    with service.database.read() as connection:
        wanted = Wanted(enterprise_uuid=shop.uuid, action="client.*")
        entries = [entry for _, entry in latest_entries(connection, wanted, limit=50)]
    return [(each.action, each.actor.partition(":")[0]) for each in reversed(entries)]


def test_an_enterprise_that_has_connected_nothing_is_told_how_to_begin(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    page = admin.page(home(shop))
    assert f"{shop.org}-client" in page
    for told in (
        "Nobody is told what happens here",
        "No identity provider is connected",
        "No learning record store is connected",
        "No report is scheduled",
        "/scim/v2",
    ):
        assert told in page
    for link in ("/clients/new", "/webhooks/new", "/clients/new?role=scim"):
        assert f'href="{home(shop, link)}"' in page
    for path in ("/clients", "/webhooks", "/reports", "/xapi/statements"):
        assert admin.get(home(shop, path)).status_code == 200
    assert admin.get(home(shop, "/xapi")).status_code == 404


def test_what_is_connected_stands_on_one_page(shop: Shop, admin: Browsing) -> None:
    shop.declare(reports=[report()])
    path = f"/enterprise/v1/webhook-endpoints?enterprise_customer_uuid={shop.uuid}"
    shop.api.post(path, json={"url": "https://hooks.example.org/x?key=1", "event_types": ["ping"]})
    asked(admin, shop, f"{shop.org}-okta", "scim")
    page = admin.page(home(shop))
    for told in ("hooks.example.org/x", "Nothing sent yet", "progress", "Every day at 06:30"):
        assert told in page
    assert f"{shop.org}-okta" in page.partition("Identity providers")[2]


def test_the_beginning_of_a_long_list_leads_to_all_of_it(shop: Shop, admin: Browsing) -> None:
    shop.declare(clients=[client(f"{shop.org}-{number:02}", "reporting") for number in range(55)])
    page = admin.page(home(shop))
    assert "All 56 clients" in page
    assert f"{shop.org}-09" in page
    assert f"{shop.org}-11" not in page
    assert f"{shop.org}-54" not in admin.page(home(shop, "/clients"))
    assert f"{shop.org}-54" in admin.page(home(shop, "/clients?page=2"))
    assert admin.get(home(shop, "/clients?page=3")).status_code == 404
    assert admin.get(home(shop, "/clients?page=x")).status_code == 400


def test_a_client_is_made_and_its_secret_shown_once(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    name = f"{shop.org}-bi"
    secret = asked(admin, shop, name)
    assert works(service, name, secret)
    made = clients_of(shop)[name]
    assert (made.role, made.default_format, made.secrets) == ("reporting", "json", 1)
    assert trail(service, shop)[-2:] == [("client.created", "user"), ("client.granted", "user")]
    pages = [
        home(shop),
        home(shop, "/clients"),
        path_of(shop, name),
        f"/console/e/{shop.org}/audit",
    ]
    assert all(secret not in admin.page(path) for path in pages)
    assert secret not in service.log()
    events = select(EventRecord).where(EventRecord.enterprise_uuid == shop.uuid)
    with service.database.read() as connection:
        assert all(secret not in str(row) for row in connection.execute(events))


def test_a_form_that_is_sent_twice_makes_one_secret(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    name = f"{shop.org}-bi"
    fields = {"client_id": name, "role": "admin", "format": "", "_key": str(uuid4())}
    first, second = (admin.post(home(shop, "/clients"), fields) for _ in range(2))
    secret = secret_of(first.text)
    page = admin.follow(second)
    assert "was shown once" in page
    assert secret not in second.text + page
    rotation = {"_key": str(uuid4())}
    path = path_of(shop, name, "/rotate")
    first, second = (admin.post(path, rotation) for _ in range(2))
    assert "was shown once" in admin.follow(second)
    # Otherwise the second click would have ended the secret that is in use.
    assert works(service, name, secret)
    assert works(service, name, secret_of(first.text))


def test_an_identity_provider_gets_a_token_that_opens_scim_only(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    assert '<option value="scim" selected' in admin.page(home(shop, "/clients/new?role=scim"))
    name = f"{shop.org}-okta"
    token = asked(admin, shop, name, "scim")
    header = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{service.url}/scim/v2/Users", headers=header).status_code == 200
    assert "Make a new token" in admin.page(path_of(shop, name))
    second = secret_of(admin.post(path_of(shop, name, "/rotate")).text)
    assert second.startswith("bursar_scim_")
    assert clients_of(shop)[name].tokens == 2


@pytest.mark.parametrize(
    ("fields", "status", "why"),
    [
        ({"client_id": ""}, 422, "Begin the id with {org}-"),
        ({"client_id": "hr"}, 422, "Begin the id with {org}-"),
        ({"client_id": "user:00000000-0000-4000-8000-000000000001"}, 422, "Begin the id with"),
        ({"client_id": "{org}-" + "x" * 256}, 422, "1 to 255 characters"),
        ({"client_id": "{org}-a\x07b"}, 422, "1 to 255 characters"),
        ({"client_id": "a\u200bb"}, 422, "invisible character"),
        ({"role": "king"}, 422, "Choose what the client may do."),
        ({"format": "yaml"}, 422, "Choose one of the formats."),
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(
    shop: Shop, admin: Browsing, fields: dict[str, str], status: int, why: str
) -> None:
    changed = {name: value.replace("{org}", shop.org) for name, value in fields.items()}
    given = {"client_id": f"{shop.org}-bi", "role": "admin", "format": "xml", **changed}
    answer = admin.post(home(shop, "/clients"), given)
    assert answer.status_code == status
    assert why.replace("{org}", shop.org) in answer.text
    if "client_id" not in fields:
        assert f'value="{shop.org}-bi"' in answer.text
    assert list(clients_of(shop)) == [f"{shop.org}-client"]


def test_what_an_administrator_makes_never_acts_for_another_enterprise(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    """Its secret would open what a manifest gives to that id later."""
    name = f"{shop.org}-labs"
    secret = asked(admin, shop, name)
    other = service.open_shop()
    with pytest.raises(ManifestError, match="people of another enterprise made"):
        other.declare(clients=[{"client_id": name, "role": "admin"}])
    assert name not in clients_of(other)
    assert works(service, name, secret)
    shop.declare(clients=[{"client_id": name, "role": "admin"}])
    assert clients_of(shop)[name].role == "admin"
    # What an operator makes may be given to others, by whoever runs the installation.
    operators = f"{shop.org}-of-operators"
    asked(signed_in(service.url, service.database), shop, operators)
    other.declare(clients=[{"client_id": operators, "role": "reporting"}])
    assert clients_of(other)[operators].role == "reporting"


def test_the_client_of_another_enterprise_is_neither_taken_nor_shown(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    other = service.open_shop()
    theirs = clients_of(other)[f"{other.org}-client"]
    fields = {"client_id": theirs.client_id, "role": "admin", "format": ""}
    assert admin.post(home(shop, "/clients"), fields).status_code == 422
    # An operator may give any id, but none that there is.
    operator = signed_in(service.url, service.database)
    answer = operator.post(home(shop, "/clients"), fields)
    assert answer.status_code == 409
    assert "This id is taken." in answer.text
    assert clients_of(other)[theirs.client_id] == theirs
    for what in ("", "/rotate", "/disable", "/enable"):
        path = home(shop, f"/clients/{theirs.uuid}{what}")
        assert admin.get(path).status_code == 404
        if what:
            assert admin.post(path).status_code == 404
    assert clients_of(other)[theirs.client_id] == theirs


def test_a_client_of_several_enterprises_is_changed_by_operators_only(
    service: Service, shop: Shop, admin: Browsing
) -> None:
    other, name = service.open_shop(), f"{shop.org}-both"
    for each in (shop, other):
        each.declare(clients=[client(name, "reporting", "a secret that both of them know")])
    page = admin.page(path_of(shop, name))
    assert "only the operator of the installation" in page
    assert str(other.uuid) not in page
    assert other.org not in page
    for what in ("/rotate", "/disable", "/enable"):
        answer = admin.get(path_of(shop, name, what))
        assert (answer.status_code, heading(answer.text)) == (
            403,
            "This client is not yours alone",
        )
        assert admin.post(path_of(shop, name, what)).status_code == 403
    operator = signed_in(service.url, service.database)
    assert "1 other enterprise too" in operator.page(path_of(shop, name, "/disable"))
    assert operator.post(path_of(shop, name, "/disable")).status_code == 303
    assert clients_of(other)[name].disabled_at is not None


def test_a_secret_is_replaced_without_a_gap(service: Service, shop: Shop, admin: Browsing) -> None:
    name = f"{shop.org}-bi"
    secrets = [asked(admin, shop, name)]
    path = path_of(shop, name, "/rotate")
    assert "goes on until the next rotation" in admin.page(path)
    secrets.append(secret_of(admin.post(path).text))
    assert "It has 2 secrets. The older one ends at once" in admin.page(path)
    secrets.append(secret_of(admin.post(path).text))
    assert [works(service, name, each) for each in secrets] == [False, True, True]
    assert trail(service, shop)[-1] == ("client.secret_rotated", "user")


def test_a_client_is_stopped_and_works_again(service: Service, shop: Shop, admin: Browsing) -> None:
    name = f"{shop.org}-bi"
    secret, path = asked(admin, shop, name), path_of(shop, name)
    assert "stops working" in admin.page(f"{path}/disable")
    assert works(service, name, secret)
    page = admin.follow(admin.post(f"{path}/disable"))
    assert "The client is disabled." in page
    assert not works(service, name, secret)
    assert "was disabled before" in admin.follow(admin.post(f"{path}/disable"))
    assert "1 secret and the access tokens" in admin.page(f"{path}/enable")
    assert "works again" in admin.follow(admin.post(f"{path}/enable"))
    assert works(service, name, secret)
    told = [("client.disabled", "user"), ("client.enabled", "user")]
    assert trail(service, shop)[-2:] == told


def test_a_viewer_looks_and_changes_nothing(service: Service, shop: Shop) -> None:
    viewer = signed_in(service.url, service.database, shop.uuid, ConsoleRole.VIEWER)
    before, path = clients_of(shop), path_of(shop, f"{shop.org}-client")
    for each in (
        home(shop),
        home(shop, "/clients"),
        path,
        f"{path}/rotate",
        home(shop, "/clients/new"),
    ):
        page = viewer.page(each).partition("<main")[2]
        assert "<button" not in page
        assert "/clients/new" not in page
    fields = {"client_id": f"{shop.org}-mine", "role": "admin", "format": ""}
    assert viewer.post(home(shop, "/clients"), fields).status_code == 403
    for what in ("/rotate", "/disable", "/enable"):
        assert viewer.post(f"{path}{what}").status_code == 403
    assert clients_of(shop) == before


def test_the_password_is_asked_again_before_a_secret_is_made(service: Service, shop: Shop) -> None:
    email = f"{uuid4().hex}@example.org"
    with Browsing.at(service.url).http as http:
        admin = Browsing(http)
        admin.use_link(invited(service.database, email, shop.uuid, asks_password=True), PASSWORD)
        with service.database.transaction() as session:
            late = clock.now() - timedelta(minutes=31)
            session.execute(update(ConsoleSession).values(confirmed_at=late))
        name = f"{shop.org}-bi"
        fields = {"client_id": name, "role": "admin", "format": "", "_key": str(uuid4())}
        asks = admin.post(home(shop, "/clients"), fields)
        assert (asks.status_code, heading(asks.text)) == (403, "Confirm that it is you")
        assert hidden_fields(asks.text, "client_id") == [name]
        assert name not in clients_of(shop)
        rotating = admin.post(path_of(shop, f"{shop.org}-client", "/rotate"))
        assert heading(rotating.text) == "Confirm that it is you"
        done = admin.post(home(shop, "/clients"), {**fields, "_password": PASSWORD})
    assert works(service, name, secret_of(done.text))
