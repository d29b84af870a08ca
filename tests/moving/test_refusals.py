"""What is no whole dump of this version changes nothing, and neither does what would overwrite."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bursar.moving import tables
from bursar.moving.service import DumpRefused
from testing.databases.plugin import DIALECTS
from testing.worlds.contract import ACME, GLOBEX
from testing.worlds.contract_credit import named
from testing.worlds.declared import declare
from tests.moving.world import Line, Origin, Place, grade, lines_of, open_place, written


@pytest.fixture
def source(settled_sqlite: Origin) -> Origin:
    return settled_sqlite


@pytest.fixture
def whole(source: Origin) -> Path:
    return source.everything


@pytest.fixture
def target(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    return open_place("sqlite", tmp_path / "target", request)


@pytest.fixture(params=DIALECTS)
def target_of_each(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return open_place(request.param, tmp_path / "target", request)


def refused(target: Place, path: Path) -> str:
    with pytest.raises(DumpRefused) as raised:
        target.adopt(path)
    return str(raised.value)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.9, 0.9999])
def test_a_file_that_is_cut(whole: Path, target: Place, tmp_path: Path, share: float) -> None:
    content = whole.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[: int(len(content) * share)])
    assert "cut off" in refused(target, cut) or share == 0
    assert target.is_empty()


def test_a_file_that_lost_lines(whole: Path, target: Place, tmp_path: Path) -> None:
    lines = whole.read_bytes().splitlines(keepends=True)
    for kept in (lines[:-1], [*lines[:40], *lines[41:]], [*lines, b'{"table": "x"}\n']):
        path = tmp_path / "lost"
        path.write_bytes(b"".join(kept))
        assert "cut off or damaged" in refused(target, path)
    assert target.is_empty()


def test_a_compressed_file_that_is_cut(whole: Path, target: Place, tmp_path: Path) -> None:
    content = gzip.compress(whole.read_bytes())
    cut = tmp_path / "cut.gz"
    cut.write_bytes(content[: len(content) // 2])
    assert "cut off" in refused(target, cut)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda header: header | {"bursar_dump": 2}, "format 2"),
        (lambda header: header | {"schema": "0001"}, "schema 0001"),
        (lambda _: {"model": "license"}, "no dump of Bursar"),
        (lambda header: header | {"log": None}, "cannot be read"),
    ],
)
def test_another_version(
    whole: Path, target: Place, tmp_path: Path, change: Callable[[Line], Line], said: str
) -> None:
    header, *others = lines_of(whole)
    assert said in refused(target, written(tmp_path / "other", [change(header), *others]))
    assert target.is_empty()


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[]\n", b"{}\n", b'{"bursar_dump": 1}\n'])
def test_something_else(target: Place, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "else"
    path.write_bytes(content)
    assert refused(target, path)


def _changed(
    lines: list[Line], table: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> list[Line]:
    """With another first row of a table."""
    number = next(number for number, line in enumerate(lines) if line.get("table") == table)
    line = lines[number]
    return [*lines[:number], line | {"row": change(line["row"])}, *lines[number + 1 :]]


Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize(
    "wrong",
    [
        ("learners", lambda row: row | {"enterprise_uuid": str(GLOBEX)}, "learners has one of"),
        ("licenses", lambda row: row | {"uuid": "no uuid"}, "licenses cannot be read"),
        ("licenses", lambda row: row | {"uuid": 7}, "licenses cannot be read"),
        ("licenses", lambda row: row | {"colour": "red"}, "other columns than here: colour"),
        ("enrollments", lambda row: row | {"learner_id": 4_711}, "enrollments contradict"),
        ("licenses", lambda row: row | {"status": "lost"}, "licenses contradict"),
        ("ledger_entries", lambda row: row | {"amount_cents": None}, "ledger_entries contradict"),
    ],
)
def test_rows_that_cannot_be(
    source: Origin, target_of_each: Place, tmp_path: Path, wrong: tuple[str, Change, str]
) -> None:
    table, change, said = wrong
    lines = lines_of(source.acme)
    assert said in refused(
        target_of_each, written(tmp_path / "other", _changed(lines, table, change))
    )
    with target_of_each.database.read() as connection:
        assert not connection.exec_driver_sql("SELECT 1 FROM enterprises").first()


def test_a_table_that_is_unknown_or_in_the_wrong_place(
    source: Origin, target: Place, tmp_path: Path
) -> None:
    lines = lines_of(source.acme)
    for table in ("signing_keys", "content_items", "nothing"):
        wrong = [*lines[:-2], {"table": table, "row": {}}, lines[-1]]
        assert "do not belong" in refused(target, written(tmp_path / "other", wrong))


def test_an_enterprise_with_a_history_of_its_own(source: Origin, target_of_each: Place) -> None:
    path = source.acme
    target_of_each.adopt(path)
    grade(target_of_each.database, ACME, 0.125)
    said = refused(target_of_each, path)
    assert "a history of its own here: 2 events" in said
    assert ".reported at " in said


def test_a_slug_that_is_taken(source: Origin, target_of_each: Place) -> None:
    others = {"uuid": str(GLOBEX), "name": "Other", "slug": "acme"}
    declare(target_of_each.database, {"enterprises": [others]})
    slug = next(
        line["row"]["slug"] for line in lines_of(source.acme) if line.get("table") == "enterprises"
    )
    declare(target_of_each.database, {"enterprises": [others | {"slug": slug}]})
    assert f"The slug {slug} belongs to somebody else here" in refused(target_of_each, source.acme)


def test_a_client_that_is_somebody_elses(source: Origin, target_of_each: Place) -> None:
    client = {"client_id": "acme-admin", "client_secret": "a secret of somebody", "role": "admin"}
    others = {"uuid": str(GLOBEX), "name": "Other", "slug": "other", "clients": [client]}
    declare(target_of_each.database, {"enterprises": [others]})
    assert "The client_id acme-admin belongs" in refused(target_of_each, source.acme)


def test_there_is_no_such_enterprise(target: Place) -> None:
    with pytest.raises(DumpRefused, match="no enterprise"):
        target.dump(ACME)


def test_webhooks_that_are_behind(source: Origin, target_of_each: Place) -> None:
    """What is appended to the log would be news to them."""
    path = source.acme
    target_of_each.adopt(source.globex)
    target_of_each.read_log()
    grade(target_of_each.database, GLOBEX, 0.25)
    target_of_each.place_events()
    assert "have not read the log to its end" in refused(target_of_each, path)
    target_of_each.read_log()
    assert target_of_each.adopt(path).taken


def test_a_circle_of_plans(source: Origin, target: Place, tmp_path: Path) -> None:
    lines = lines_of(source.acme)
    number = next(n for n, line in enumerate(lines) if line.get("table") == "plan_renewals")
    row = lines[number]["row"]
    back = {"plan_uuid": row["renewed_plan_uuid"], "renewed_plan_uuid": row["plan_uuid"]}
    lines.insert(number, lines[number] | {"row": row | back})
    lines[0]["counts"]["plan_renewals"] += 1
    assert "comes to follow itself" in refused(target, written(tmp_path / "circle", lines))


def test_a_row_that_hangs_on_one_of_another_enterprise(
    source: Origin, target_of_each: Place, tmp_path: Path
) -> None:
    target_of_each.adopt(source.globex)
    target_of_each.read_log()
    plan = str(named(GLOBEX, "plan"))

    def moved(row: dict[str, Any]) -> dict[str, Any]:
        """Of somebody who has no license of that plan."""
        email = {"user_email": "nobody.else@acme.example"} if row["user_email"] else {}
        return row | {"plan_uuid": plan} | email

    lines = _changed(lines_of(source.acme), "licenses", moved)
    said = refused(target_of_each, written(tmp_path / "foreign", lines))
    assert f"licenses has one that belongs to {plan} of subscription_plans" in said


@pytest.mark.parametrize("table", ["events", "console_grants", "commit_clocks"])
def test_a_row_of_an_enterprise_among_those_of_the_installation(
    source: Origin, target: Place, tmp_path: Path, table: str
) -> None:
    lines = lines_of(source.everything)
    owner = "owner" if table == "commit_clocks" else "enterprise_uuid"
    moved = next(
        line for line in lines if line.get("table") == table and line["row"][owner] == str(ACME)
    )
    lines[0]["counts"][table] += 1
    # The last section is that of the installation.
    said = refused(target, written(tmp_path / "rest", [*lines[:-1], moved, lines[-1]]))
    assert f"Among the rows of the installation, {table} has one of {ACME}" in said


def test_a_section_that_is_not_what_it_says(source: Origin, target: Place, tmp_path: Path) -> None:
    lines = lines_of(source.everything)
    for section, owner in (
        ("installation", str(ACME)),
        ("shared", str(ACME)),
        ("enterprise", None),
    ):
        wrong = [
            line | {"enterprise_uuid": owner} if line.get("section") == section else line
            for line in lines
        ]
        said = refused(target, written(tmp_path / "sections", wrong))
        assert "a section that is not of one enterprise" in said
    assert target.is_empty()


def test_secrets_that_lie_unsealed(source: Origin, target_of_each: Place) -> None:
    """They would leave the installation in plain."""
    target_of_each.adopt(source.everything)
    secrets = tables.table("webhook_secrets")
    endpoints = tables.table("webhook_endpoints").c
    of_globex = select(endpoints.uuid).where(endpoints.enterprise_uuid == GLOBEX)
    with target_of_each.database.transaction() as session:
        session.execute(
            update(secrets)
            .where(secrets.c.endpoint_uuid.in_(of_globex))
            .values(sealed={"plain": "whsec_x"})
        )
    for enterprise in (None, GLOBEX):
        with pytest.raises(DumpRefused, match="1 secrets of webhooks lie unsealed"):
            target_of_each.dump(enterprise)
    assert target_of_each.dump(ACME).exists()
