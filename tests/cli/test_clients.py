"""Clients, tokens and the audit trail."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from joserfc.jws import extract_compact

from testing.servers.cli import ACME, GLOBEX, SECRET, Cli, acme, catalog, client, declared

pytestmark = pytest.mark.slow

ID = "acme-integration"
CATALOGS = "/enterprise/v2/enterprise-catalogs/"


def with_acme(cli: Cli) -> Cli:
    cli.declare(declared(acme(clients=[client()], catalogs=[catalog()])))
    return cli


@pytest.fixture
def acme_cli(on_sqlite: Cli) -> Cli:
    return with_acme(on_sqlite)


@pytest.fixture
def acme_anywhere(cli: Cli) -> Cli:
    """On both databases."""
    return with_acme(cli)


@contextmanager
def serving(cli: Cli, **settings: str) -> Iterator[str]:
    with cli.served(**settings) as server:
        yield server.url


def token(cli: Cli, *options: str, secret: str = SECRET, client_id: str = ID) -> str:
    arguments = ("token", "--client-id", client_id, "--client-secret", secret, *options)
    (line,) = cli.ok(*arguments)
    return line


def refused_token(cli: Cli, *options: str, secret: str = SECRET, client_id: str = ID) -> list[str]:
    arguments = ("token", "--client-id", client_id, "--client-secret", secret, *options)
    return cli.refused(*arguments, code=1)


def kid(a_token: str) -> str:
    found: str = extract_compact(a_token.encode()).headers()["kid"]
    return found


def status(url: str, a_token: str) -> int:
    headers = {"Authorization": f"JWT {a_token}", "Accept": "application/json"}
    try:
        with urlopen(Request(url + CATALOGS, headers=headers), timeout=30) as answer:
            assert json.load(answer)["count"] == 1
            return int(answer.status)
    except HTTPError as refusal:
        refusal.close()
        return refusal.code


class TestToken:
    def test_a_good_secret_gets_one_and_a_bad_one_a_sentence(self, acme_cli: Cli) -> None:
        assert token(acme_cli).count(".") == 2
        for fault in (
            refused_token(acme_cli, secret="wrong"),
            refused_token(acme_cli, client_id="x"),
        ):
            assert fault == ["Invalid client credentials."]

    def test_a_running_server_gives_and_takes_it(self, acme_anywhere: Cli) -> None:
        with serving(acme_anywhere) as url:
            for given in (
                token(acme_anywhere, "--url", url),
                token(acme_anywhere, "--url", f"{url}/"),
            ):
                assert status(url, given) == 200
            assert status(url, token(acme_anywhere)) == 200
            assert refused_token(acme_anywhere, "--url", url, secret="wrong") == [
                "Invalid client credentials."
            ]
            assert status(url, token(acme_anywhere)[:-3] + "AAA") == 401

    def test_a_server_that_is_away_or_another_is_told(self, on_sqlite: Cli) -> None:
        (away,) = refused_token(on_sqlite, "--url", "http://127.0.0.1:1")
        assert away.startswith("http://127.0.0.1:1/oauth2/v1/access_token: ")
        on_sqlite.refused(
            "token", "--client-id", "a", "--client-secret", "b", "--url", "file:///etc/passwd"
        )


class TestClients:
    def test_one_is_made_listed_and_usable(self, acme_cli: Cli) -> None:
        (secret,) = acme_cli.ok("clients", "create", "reports", "--enterprise", ACME)
        assert len(secret) >= 32
        assert token(acme_cli, client_id="reports", secret=secret)
        listed = acme_cli.ok("clients", "list", "--enterprise", ACME)
        assert any(line.startswith("reports ") and f"{ACME}=reporting" in line for line in listed)
        assert any(line.startswith(f"{ID} ") and f"{ACME}=admin" in line for line in listed)
        assert acme_cli.ok("clients", "list") == listed
        assert secret not in "\n".join(listed)
        assert acme_cli.ok("clients", "list", "--enterprise", GLOBEX) == []

    def test_a_role_can_be_given(self, acme_cli: Cli) -> None:
        acme_cli.ok("clients", "create", "boss", "--enterprise", ACME, "--role", "admin")
        assert f"{ACME}=admin" in "\n".join(acme_cli.ok("clients", "list"))
        acme_cli.refused("clients", "create", "x", "--enterprise", ACME, "--role", "owner")

    def test_what_cannot_be_made_is_refused_in_a_line(self, acme_cli: Cli) -> None:
        before = acme_cli.ok("clients", "list")
        for client_id, enterprise in [(ID, ACME), ("new", GLOBEX), ("", ACME), ("x" * 256, ACME)]:
            refusal = acme_cli.refused("clients", "create", client_id, "--enterprise", enterprise)
            assert len(refusal) == 1
        assert acme_cli.ok("clients", "list") == before

    def test_an_unknown_one_is_named(self, on_sqlite: Cli) -> None:
        for verb in ("rotate", "disable", "enable"):
            assert on_sqlite.refused("clients", verb, "nobody") == ["no such client: nobody"]

    def test_a_rotated_secret_works_beside_the_one_before(self, acme_cli: Cli) -> None:
        (second,) = acme_cli.ok("clients", "rotate", ID)
        assert token(acme_cli)
        assert token(acme_cli, secret=second)
        (third,) = acme_cli.ok("clients", "rotate", ID)
        assert token(acme_cli, secret=second)
        assert token(acme_cli, secret=third)
        refused_token(acme_cli)

    def test_a_disabled_one_and_its_tokens_stop_at_once(self, acme_anywhere: Cli) -> None:
        with serving(acme_anywhere) as url:
            given = token(acme_anywhere)
            assert status(url, given) == 200
            assert acme_anywhere.ok("clients", "disable", ID) == [f"{ID} is disabled"]
            assert status(url, given) == 401
            assert acme_anywhere.ok("clients", "disable", ID) == [f"{ID} was disabled already"]
            refused_token(acme_anywhere)
            refused_token(acme_anywhere, "--url", url)
            acme_anywhere.ok("clients", "enable", ID)
            assert status(url, given) == 200


class TestAudit:
    def test_it_lists_what_was_done_oldest_first(self, acme_cli: Cli) -> None:
        acme_cli.ok("clients", "disable", ID)
        listed = acme_cli.ok("audit", "--enterprise", ACME)
        times = [line.split()[0] for line in listed]
        assert times == sorted(times)
        assert all("operator:" in line for line in listed)
        assert ID in listed[-1]
        assert "disabled" in listed[-1]
        assert SECRET not in "\n".join(listed)

    def test_it_tells_old_and_new_values(self, acme_cli: Cli) -> None:
        acme_cli.declare(declared(acme(name="Acme, Inc", country="US")))
        last = acme_cli.ok("audit", "--enterprise", ACME)[-1]
        assert f"  enterprise.changed  enterprise {ACME}  -  " in last
        assert last.endswith('  name: Acme -> "Acme, Inc", country: - -> US')

    def test_it_can_begin_at_an_instant(self, acme_cli: Cli) -> None:
        before = acme_cli.ok("audit", "--enterprise", ACME)
        acme_cli.ok("clients", "disable", ID)
        new = acme_cli.ok("audit", "--enterprise", ACME)[len(before) :]
        since = new[0].split()[0]
        assert acme_cli.ok("audit", "--enterprise", ACME, "--since", since) == new
        assert acme_cli.ok("audit", "--enterprise", ACME, "--since", "2999-01-01") == []

    def test_it_is_narrowed_and_printed_for_programs(self, acme_cli: Cli) -> None:
        acme_cli.ok("clients", "disable", ID)
        acme_cli.ok("clients", "enable", ID)
        options = ["--enterprise", ACME, "--object", ID, "--json"]
        found = [json.loads(line) for line in acme_cli.ok("audit", *options)]
        assert [entry["action"] for entry in found[-2:]] == ["client.disabled", "client.enabled"]
        assert list(found[0]) == [
            "at", "enterprise", "actor", "action", "object_type", "object", "request_id", "changes",
            "details",
        ]  # fmt: skip
        assert {entry["enterprise"] for entry in found} == {ACME}
        only = [*options, "--action", "client.disabled", "--actor", found[-1]["actor"]]
        assert [json.loads(line) for line in acme_cli.ok("audit", *only)] == [found[-2]]
        assert acme_cli.ok("audit", *options, "--until", found[0]["at"]) == []
        assert acme_cli.ok("audit", *options, "--actor", "nobody") == []

    def test_nothing_happened_elsewhere(self, acme_cli: Cli) -> None:
        assert acme_cli.ok("audit", "--enterprise", GLOBEX) == []

    def test_an_instant_that_is_none_is_refused(self, on_sqlite: Cli) -> None:
        assert on_sqlite.refused("audit", "--enterprise", ACME, "--since", "yesterday") == [
            "--since: 'yesterday' is no instant"
        ]
