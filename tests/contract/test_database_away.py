"""A database that cannot be reached is no defect, and every route says so alike."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from bursar.app import create_app
from bursar.database.engine import Database
from bursar.settings import Settings
from testing.clients.api import CATALOGS
from testing.clients.inside import Answered, Inside
from testing.servers.processes import free_port
from testing.shops.service import Service
from testing.worlds.contract import ADMIN
from tests.contract.test_tokens import GOOD, TOKEN


@pytest.fixture
def alone() -> Iterator[Inside]:
    inside = Inside(
        create_app(Settings(), Database(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"))
    )
    yield inside
    inside.close()


def check(answer: Answered) -> None:
    assert (answer.status, json.loads(answer.body)) == (
        503,
        {"detail": "The database is unavailable."},
    )
    assert answer.headers["retry-after"] == "1"


def test_nobody_gets_a_token(alone: Inside) -> None:
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    check(alone.ask("POST", TOKEN.encode(), headers, urlencode(GOOD).encode()))


def test_the_public_keys_cannot_be_told(alone: Inside) -> None:
    check(alone.ask("GET", b"/oauth2/jwks"))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", CATALOGS), ("POST", "/enterprise/v1/subscriptions/x/licenses/assign")],
)
def test_an_endpoint_cannot_know_its_caller(
    alone: Inside, service: Service, method: str, path: str
) -> None:
    path = path.replace("/x/", "/11111111-1111-4111-8111-111111111111/")
    token = f"JWT {service.token(ADMIN)}"
    headers = [(b"authorization", token.encode()), (b"accept", b"application/json")]
    check(alone.ask(method, path.encode(), headers, b"{}"))
