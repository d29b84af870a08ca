"""`bursar adopt`, as an operator moves in."""

from pathlib import Path

from testing.servers.cli import Cli
from testing.worlds.open_edx import Dump, founded


def test_an_enterprise_moves_in(cli: Cli) -> None:
    acme = founded()
    plan = acme.plan()
    acme.license(plan, "activated", "ana@acme.example")
    acme.license(plan, "unassigned")
    acme.learner(501, "ana")
    file = str(acme.dump.written(cli.folder / "dump.json.gz", zipped=True))

    tried = cli.ok("adopt", file, "--dry-run")
    assert tried[0] == f"enterprise {acme.uuid}: would be adopted"
    assert cli.ok("check") == ["everything holds"]
    assert "66b5922b" not in "".join(cli.ok("enterprise", "list"))

    lines = cli.ok("adopt", file)
    assert lines[:6] == [
        f"enterprise {acme.uuid}: adopted",
        "  enterprises: 1 created",
        "  catalogs: 1 created",
        "  learners: 1 created",
        "  plans: 1 created",
        "  licenses: 2 created",
    ]
    assert lines[6].split() == ["what", "state", "theirs", "by", "choice", "ours", "difference"]
    assert [line.split()[-5:] for line in lines[7:-1]] == [
        ["unassigned", "1", "0", "1", "0"],
        ["activated", "1", "0", "1", "0"],
    ]
    assert lines[-1] == "6 created, 0 changed, 0 unchanged"
    assert cli.ok("adopt", file)[-1] == "0 created, 0 changed, 6 unchanged"
    assert cli.ok("check") == ["everything holds"]


def test_an_obstacle_is_told_and_a_choice_takes_it_away(cli: Cli) -> None:
    dump = Dump()
    acme, globex = founded(dump), founded(dump, slug="globex")
    acme.license(acme.plan(), "activated", None)
    file = str(dump.written(cli.folder / "dump.json"))

    finished = cli.run("adopt", file)
    assert finished.returncode == 1
    assert f"enterprise {acme.uuid}: NOT adopted" in finished.stdout
    assert f"enterprise {globex.uuid}: adopted" in finished.stdout
    assert finished.stderr == "1 enterprises not adopted, 0 totals differ\n"

    choices = cli.folder / "choices.yaml"
    choices.write_text("license_without_email: retire\n")
    assert f"enterprise {acme.uuid}: adopted" in cli.ok("adopt", file, "--choices", str(choices))


def test_a_total_that_differs_is_a_finding(cli: Cli) -> None:
    """Here a license was added since, which the old service does not have."""
    acme = founded()
    plan = acme.plan()
    acme.license(plan, "unassigned")
    file = str(acme.dump.written(cli.folder / "dump.json"))
    cli.ok("adopt", file)
    manifest = cli.folder / "more.json"
    manifest.write_text(
        f'{{"enterprises": [{{"uuid": "{acme.uuid}", "name": "Acme", "slug": "acme",'
        f' "subscription_plans": [{{"uuid": "{plan}", "num_licenses": 3}}]}}]}}'
    )
    cli.ok("apply", "-f", str(manifest))
    assert cli.refused("adopt", file, code=1) == ["0 enterprises not adopted, 1 totals differ"]


def test_a_file_that_is_cut_changes_nothing(cli: Cli) -> None:
    path = founded().dump.written(cli.folder / "dump.json")
    path.write_bytes(path.read_bytes()[:-10])
    told = cli.refused("adopt", str(path))
    assert "dump.json: after object 2 (" in told[0]
    assert told[1] == "Nothing was changed."


def test_wrong_choices_are_all_named(cli: Cli) -> None:
    path = founded().dump.written(cli.folder / "dump.json")
    choices = cli.folder / "choices.yaml"
    choices.write_text("duplicates: x\nunknown_field: keep\n")
    told = cli.refused("adopt", str(path), "--choices", str(choices))
    assert [line.removeprefix(f"{choices}: ").split(":")[0] for line in told] == [
        "duplicates",
        "unknown_field",
    ]
    for text in ("- a list\n", "a: [\n"):
        choices.write_text(text)
        assert len(cli.refused("adopt", str(path), "--choices", str(choices))) >= 1


def test_files_about_nobody_are_refused(cli: Cli) -> None:
    path: Path = Dump().written(cli.folder / "dump.json")
    assert cli.refused("adopt", str(path)) == ["The files name no enterprise."]
