"""`bursar webhooks`, as an operator types it."""

from uuid import uuid4

import pytest

from testing.servers.cli import ACME, GLOBEX, Cli, acme, declared
from tests.webhooks.world import prepare, send

pytestmark = pytest.mark.slow

URL = "https://hooks.acme.example/bursar"
NOBODY = str(uuid4())


@pytest.fixture
def known(cli: Cli) -> Cli:
    other = {"uuid": GLOBEX, "name": "Globex", "slug": "globex"}
    cli.declare(declared(acme(), other))
    return cli


def added(cli: Cli, *options: str) -> tuple[str, str]:
    """Uuid and secret."""
    (line,) = cli.ok("webhooks", "add", URL, "--enterprise", ACME, *options)
    uuid, secret = line.split()
    return uuid, secret


def test_endpoints_are_added_listed_and_removed(known: Cli) -> None:
    uuid, secret = added(known, "--type", "license.*", "--type", "ping", "--description", "HR")
    assert secret.startswith("whsec_")
    listed = known.ok("webhooks", "list", "--enterprise", ACME)
    assert [line.split() for line in listed] == [[uuid, ACME, "live", "license.*,ping", URL]]
    assert secret not in "".join(listed)
    assert known.ok("webhooks", "list", "--enterprise", GLOBEX) == []
    assert known.ok("webhooks", "remove", uuid) == [f"{uuid} is deleted"]
    assert known.ok("webhooks", "list") == []
    assert known.refused("webhooks", "remove", uuid) == [f"no such webhook endpoint: {uuid}"]


def test_a_secret_can_be_given_and_rotated(known: Cli) -> None:
    given = "whsec_" + "A" * 32
    uuid, secret = added(known, "--secret", given)
    assert secret == given
    (rotated,) = known.ok("webhooks", "rotate-secret", uuid)
    assert rotated.startswith("whsec_")
    assert rotated != given


def test_a_test_is_sent_and_its_answer_is_listed(known: Cli) -> None:
    uuid, _ = added(known)
    (event_id,) = known.ok("webhooks", "ping", uuid)
    assert known.ok("webhooks", "deliveries", uuid) == [], "nothing was read of the log yet"
    with known.database() as database:
        send(prepare(database))
    (line,) = known.ok("webhooks", "deliveries", uuid, "--status", "pending")
    assert line.split("  ")[1:5] == [event_id, "ping", "pending", "1 attempts"]
    # Where secrets are sealed, another process sealed this one; else there is no such host.
    is_sealed = "no answer It could not be signed" in line
    assert is_sealed or "no answer hooks.acme.example cannot be found." in line
    assert known.ok("webhooks", "deliveries", uuid, "--status", "delivered") == []


def test_a_replay_is_asked_for_once_at_a_time(known: Cli) -> None:
    uuid, _ = added(known)
    asked = ("webhooks", "replay", uuid, "--since", "2026-01-01T00:00:00Z")
    assert known.ok(*asked) == [f"the replay to {uuid} goes on in the background"]
    (refused,) = known.refused(*asked)
    assert refused.startswith("A replay to this endpoint is under way.")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "http://hooks.acme.example", "--enterprise", ACME), "url: Give a URL that begins"),
        (("add", "https://127.0.0.1", "--enterprise", ACME), "url: This address is not public."),
        (("add", URL, "--enterprise", NOBODY), "no such enterprise"),
        (("add", URL, "--enterprise", ACME, "--type", "x"), 'event_types: "x" is no type of event'),
        (("add", URL, "--enterprise", ACME, "--secret", "x"), "secret: Give whsec_ followed by"),
        (("rotate-secret", NOBODY), "no such webhook endpoint"),
        (("ping", NOBODY), "no such webhook endpoint"),
        (("deliveries", NOBODY), "no such webhook endpoint"),
        (("replay", NOBODY, "--since", "yesterday"), "--since: "),
        (("replay", NOBODY, "--after", "x"), "--after: 'x' is no cursor"),
        (("replay", NOBODY), "non_field_errors: Give either after or since."),
        (("replay", NOBODY, "--since", "2026-01-01"), "no such webhook endpoint"),
    ],
)
def test_what_is_wrong_ends_the_command(known: Cli, arguments: tuple[str, ...], why: str) -> None:
    (line,) = known.refused("webhooks", *arguments)
    assert why in line
    assert known.ok("webhooks", "list") == []
