import json
from pathlib import Path

import pytest

from testing.servers.cli import ACME, Cli, acme, declared

pytestmark = pytest.mark.slow

ANA = "ana@acme.example"


@pytest.fixture
def cli(database_url: str, tmp_path: Path) -> Cli:
    cli = Cli(tmp_path, database_url)
    learners = [{"email": ANA, "lms_user_id": 501, "consent": True}, {"email": "ben@acme.example"}]
    cli.declare(declared(acme(learners=learners)))
    return cli


def test_a_person_is_shown_renamed_exported_and_erased(cli: Cli) -> None:
    of_acme = ["--enterprise", ACME]
    shown = json.loads("".join(cli.ok("learner", "show", ANA.upper(), *of_acme)))
    assert (shown["email"], shown["lms_user_ids"]) == (ANA, [501])
    assert (shown["rows"]["learners"], shown["rows"]["events"]) == (1, 2)
    new = "ana.b@acme.example"
    assert cli.ok("learner", "change-email", ANA, new, *of_acme) == ["1 rows have the new address"]
    exported = json.loads("".join(cli.ok("learner", "export", ANA, *of_acme)))
    assert exported["other_addresses"] == [new]
    assert exported["tables"]["learners"][0]["email"] == new
    finished = cli.run("learner", "erase", new, *of_acme)
    assert finished.returncode == 2
    assert finished.stderr.endswith(
        "Nothing was erased. This cannot be undone: say --yes to do it.\n"
    )
    *tombstones, last = cli.ok("learner", "erase", new, *of_acme, "--yes")
    assert len(tombstones) == 2
    assert last.endswith(" rows were about this person")
    nobody = "This enterprise knows nobody with this address."
    for command in ("show", "export"):
        assert cli.refused("learner", command, ANA, *of_acme) == [nobody]
    assert cli.ok("check") == ["everything holds"]


def test_a_new_address_must_be_one_and_be_free(cli: Cli) -> None:
    of_acme = ["--enterprise", ACME]
    assert cli.refused("learner", "change-email", ANA, "nothing", *of_acme) == [
        "NEW_EMAIL: Enter a valid email address."
    ]
    assert cli.refused("learner", "change-email", ANA, "ben@acme.example", *of_acme) == [
        "The new address belongs to somebody of this enterprise already."
    ]
