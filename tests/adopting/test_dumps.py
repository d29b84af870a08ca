"""Files that are read, and files that are refused before anything is changed."""

from pathlib import Path

import pytest

from bursar.adopting.choices import Choices
from bursar.adopting.dumps import DumpRefused, read_dump
from bursar.adopting.service import SHAPES, not_read
from bursar.adopting.staging import Staging
from testing.worlds.open_edx import Dump, founded

IGNORED = Choices({"unknown_field": {"*": "ignore"}})


def read(path: Path, choices: Choices = IGNORED) -> list[str]:
    """What of the file is not read."""
    with Staging(SHAPES, choices) as staging:
        staging.read(path)
        staging.finish()
        return list(not_read(staging))


def refusal(path: Path, choices: Choices | None = None) -> str:
    with pytest.raises(DumpRefused) as refused:
        read(path, choices or Choices())
    return str(refused.value)


def small() -> Dump:
    acme = founded()
    acme.license(acme.plan(), "unassigned")
    return acme.dump


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("lines", [False, True])
def test_arrays_and_lines_are_read_compressed_or_not(
    tmp_path: Path, lines: bool, zipped: bool
) -> None:
    dump = small()
    path = dump.written(tmp_path / "dump", lines=lines, zipped=zipped)
    found = list(read_dump(path))
    assert [(each.model, str(each.pk)) for each in found] == [
        (each["model"], str(each["pk"])) for each in dump.objects
    ]
    assert [each.number for each in found] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf", b"\n  "])
@pytest.mark.parametrize("lines", [False, True])
def test_what_stands_before_the_objects_is_passed_over(
    tmp_path: Path, lines: bool, begin: bytes
) -> None:
    path = small().written(tmp_path / "dump", lines=lines)
    path.write_bytes(begin + path.read_bytes())
    assert len(list(read_dump(path))) == 5


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("lines", [False, True])
def test_a_file_that_is_cut_is_refused(tmp_path: Path, lines: bool, zipped: bool) -> None:
    path = small().written(tmp_path / "dump.json", lines=lines, zipped=zipped)
    path.write_bytes(path.read_bytes()[:-40])
    told = refusal(path)
    assert told.startswith("dump.json: after ")
    assert "cut in the middle or damaged" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "object 1 is none of dumpdata"),
        ('[{"pk": 1}]', "object 1 is none of dumpdata"),
        ('{"model": "auth.user", "fields": {}}\n', "has no pk: dump without --natural-primary"),
        ("hello\n", "no JSON of dumpdata"),
        ('[{"model": "a.b", "pk": 1, "fields": {}},]', "cut in the middle or damaged"),
        ("[" * 5_000 + "]" * 5_000, "none of dumpdata"),
        ("\xff\n", "no JSON of dumpdata"),
    ],
)
def test_what_is_no_dump_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "dump.json"
    path.write_text(text, encoding="latin-1")
    assert told in refusal(path)


def test_the_object_with_a_wrong_field_is_named(tmp_path: Path) -> None:
    acme = founded()
    uuid = acme.license(acme.plan(), "unassigned", assigned_date="yesterday")
    told = refusal(acme.dump.written(tmp_path / "dump.json"))
    assert told.startswith(f"dump.json: object 5 (subscriptions.license {uuid}): ")
    assert "assigned_date" in told


def test_a_field_that_is_not_there_is_named(tmp_path: Path) -> None:
    acme = founded()
    uuid = acme.plan()
    del acme.dump.find("subscriptions.subscriptionplan", uuid)["title"]
    assert "missing required field `title`" in refusal(acme.dump.written(tmp_path / "d.json"))


def test_an_instant_needs_a_zone(tmp_path: Path) -> None:
    acme = founded()
    acme.plan(start_date="2020-01-01T00:00:00")
    assert "timezone" in refusal(acme.dump.written(tmp_path / "d.json"))


def test_a_field_that_nobody_knows_is_a_question(tmp_path: Path) -> None:
    acme = founded()
    acme.license(acme.plan(), "unassigned", price=5)
    path = acme.dump.written(tmp_path / "d.json")
    assert "does not know the field price" in refusal(path)
    assert read(path) == []


def test_a_wrong_field_beside_an_unknown_one_is_still_refused(tmp_path: Path) -> None:
    acme = founded()
    acme.license(acme.plan(), "unassigned", price=5, assigned_date="yesterday")
    assert "assigned_date" in refusal(acme.dump.written(tmp_path / "d.json"), IGNORED)


def test_what_belongs_to_nothing_is_refused(tmp_path: Path) -> None:
    acme = founded()
    plan = acme.plan()
    acme.license(plan, "unassigned")
    acme.dump.objects = [each for each in acme.dump.objects if each["pk"] != str(plan)]
    assert f"belongs to subscriptions.subscriptionplan {plan}" in refusal(
        acme.dump.written(tmp_path / "d.json")
    )


def test_an_object_may_stand_there_twice_when_it_is_the_same(tmp_path: Path) -> None:
    acme = founded()
    uuid = acme.license(acme.plan(), "unassigned")
    acme.dump.objects.append(acme.dump.objects[-1])
    path = acme.dump.written(tmp_path / "d.json")
    assert read(path) == []
    other = acme.dump.objects[-1] | {"fields": acme.dump.objects[-1]["fields"] | {"status": "x"}}
    acme.dump.objects[-1] = other
    told = refusal(acme.dump.written(path))
    assert f"object 5 (subscriptions.license {uuid}): there again, as object 6" in told


def test_what_is_not_read_is_told_with_the_reason(tmp_path: Path) -> None:
    dump = small()
    dump.add("enterprise.enterprisecourseentitlement", 1)
    dump.add("subscriptions.historicallicense", 1)
    dump.add("enterprise.spaceship", 1)
    assert read(dump.written(tmp_path / "d.json")) == [
        "not read: 1 of enterprise.enterprisecourseentitlement: Bursar enrolls in runs",
        "not read: 1 of enterprise.spaceship: this version of Bursar has nothing of the kind",
        "not read: 1 of subscriptions.historicallicense",
    ]


def test_nothing_is_left_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Staging(SHAPES, Choices()):
        (beside,) = tmp_path.iterdir()
        assert beside.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []
