"""An honest client gets its token while others flood the token endpoint."""

from collections.abc import Iterator
from threading import Event, Lock
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from bursar import clock
from bursar.actors import Actor
from bursar.api import tokens
from bursar.api.token_answers import TokenAnswer, without_verifying
from bursar.app import create_app
from bursar.database.engine import Database
from bursar.identity import authentication, service
from bursar.identity.clients import LIVE_SECRETS
from bursar.settings import Settings
from bursar.web.errors import Refusal
from bursar.web.suspects import FAILURES_BEFORE
from testing.clients.inside import Answered, Inside

PATH = b"/oauth2/v1/access_token"
HONEST, HOSTILE = "192.0.2.1", "198.51.100.{}"
PER_ADDRESS, QUEUE, THREADS = 5, 8, 8
_ADDRESS_SHARE = THREADS // 2 // 2
"""Half of the threads that verify secrets, which are half of those that read."""

Request = tuple[str, bytes, list[tuple[bytes, bytes]], bytes]


@pytest.fixture
def inside(database: Database) -> Iterator[Inside]:
    enterprise = service.DeclaredEnterprise(uuid=uuid4(), name="Acme", slug="acme")
    client = service.DeclaredClient(
        client_id="honest", enterprise_uuid=enterprise.uuid, role="admin", secret="right"
    )
    with database.transaction() as session:
        service.put_enterprise(session, Actor("operator"), enterprise, at=clock.now())
        service.put_client(session, Actor("operator"), client, at=clock.now())
    settings = Settings(
        trusted_proxies=["127.0.0.1"],
        token_failures_per_address=PER_ADDRESS,
        token_queue=QUEUE,
        threads=THREADS,
    )
    inside = Inside(create_app(settings, database))
    yield inside
    inside.close()


class Verifications:
    """Verifies nothing of unknown clients, but counts, and waits when it is told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.may_end = Event()
        self.may_end.set()
        self.count = 0
        self.at_once = 0
        self.is_crowded = Event()
        self._lock = Lock()
        patch.setattr(authentication, "burn_time", self._burn)

    def _burn(self) -> None:
        with self._lock:
            self.count += 1
            self.at_once += 1
            if self.at_once > 1:
                self.is_crowded.set()
        assert self.may_end.wait(30)
        # Long enough for another to begin if nobody kept it out.
        self.is_crowded.wait(0.005)
        with self._lock:
            self.at_once -= 1


def asking(client_id: str, secret: str, address: str) -> Request:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-forwarded-for", address.encode()),
    ]
    return "POST", PATH, headers, urlencode(form).encode()


def flood(count: int, address: str) -> list[Request]:
    return [asking(f"new-{uuid4()}", "wrong", address) for _ in range(count)]


def statuses(answers: list[Answered]) -> set[int]:
    return {answer.status for answer in answers}


def test_a_flood_of_new_client_ids_is_refused_and_costs_next_to_nothing(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = Verifications(monkeypatch)
    hostile = [
        answer.status
        for _ in range(10)
        for answer in inside.ask_together(*flood(4, HOSTILE.format(1)))
    ]
    assert set(hostile) == {401, 429}
    # A request that runs beside the last one that is allowed does not see its failure yet.
    assert PER_ADDRESS <= hostile.count(401) < PER_ADDRESS + _ADDRESS_SHARE
    assert verified.count == hostile.count(401) * LIVE_SECRETS
    assert inside.ask(*asking("honest", "right", HONEST)).status == 200


def test_others_are_served_while_a_flood_waits_for_its_turn(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = Verifications(monkeypatch)
    verified.may_end.clear()
    issue = authentication.find_roles

    def roles_of_the_honest(*arguments: object) -> object:
        verified.may_end.set()
        return issue(*arguments)  # type: ignore[arg-type]

    # Nothing of the flood ends before the honest client, which came last, is served.
    monkeypatch.setattr(authentication, "find_roles", roles_of_the_honest)
    *hostile, honest = inside.ask_together(
        *flood(40, HOSTILE.format(1)), asking("honest", "right", HONEST)
    )
    assert honest.status == 200
    assert statuses(hostile) == {401, 429}
    busy = [answer for answer in hostile if answer.status == 429]
    assert len(busy) >= 40 - QUEUE // 2
    assert {answer.headers["retry-after"] for answer in busy} <= {"1", "60"}


def test_no_more_wait_than_there_are_places(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = Verifications(monkeypatch)
    verified.may_end.clear()

    def refused_while_the_others_wait(refusal: Refusal) -> TokenAnswer:
        verified.may_end.set()
        return without_verifying(refusal)

    monkeypatch.setattr(tokens, "without_verifying", refused_while_the_others_wait)
    waiting = [asking(f"new-{n}", "wrong", HOSTILE.format(n)) for n in range(QUEUE)]
    *answered, refused = inside.ask_together(*waiting, asking("honest", "right", HONEST))
    assert statuses(answered) == {401}
    assert (refused.status, refused.headers["retry-after"]) == (503, "1")
    assert inside.ask(*asking("honest", "right", HONEST)).status == 200


def test_who_fails_again_and_again_is_verified_one_at_a_time(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = Verifications(monkeypatch)
    addresses = [HOSTILE.format(1), HOSTILE.format(2)]
    for address in addresses * FAILURES_BEFORE:
        inside.ask(*flood(1, address)[0])
    verified.is_crowded.clear()
    answers = inside.ask_together(*(each for address in addresses for each in flood(2, address)))
    assert statuses(answers) == {401}
    assert not verified.is_crowded.is_set()
