"""Scheduled reports are declared, changed, removed and written out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.models import EventRecord
from bursar.identity.sealing import Seal
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export, to_yaml
from bursar.provisioning.manifest import ManifestError, from_data
from bursar.provisioning.plan import Plan
from bursar.provisioning.reading import parse_data
from bursar.scheduled_reports.models import Report, ReportRun
from bursar.scheduled_reports.service import seal_again
from testing.shops.reports import (
    ACME,
    GLOBEX,
    SECRET,
    acme,
    pgp_public_text,
    private_text,
    public_text,
    report,
    sftp,
    ssh_key,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
ACTOR = Actor("bursar apply")
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"

Apply = Callable[..., Plan]


@pytest.fixture
def put(database: Database) -> Apply:
    def put(data: dict[str, Any], *, at: datetime = NOW, secrets: list[str] | None = None) -> Plan:
        seal = Seal([SECRET] if secrets is None else secrets)
        with database.transaction() as session:
            return apply(session, ACTOR, [from_data(data)], now=at, seal=seal)

    return put


def stored(database: Database) -> list[Report]:
    with database.transaction() as session:
        found = list(session.scalars(select(Report).order_by(Report.name)))
        session.expunge_all()
        return found


def problems(put: Apply, *reports: dict[str, Any], **parts: Any) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        put(acme(*reports, **parts))
    return refused.value.problems


def test_a_report_is_created_changed_and_left_alone(database: Database, put: Apply) -> None:
    first = put(acme(report()))
    assert first.lines[-1] == "+ report progress of acme"
    assert put(acme(report()), at=LATER).summary == "0 created, 0 changed, 2 unchanged"

    changed = put(acme(report(format="ndjson")), at=LATER)
    assert changed.lines == ["~ report progress of acme"]
    (found,) = stored(database)
    assert (found.format, found.created_at, found.modified_at) == ("ndjson", NOW, LATER)


def test_it_is_due_by_the_clock_of_its_zone(database: Database, put: Apply) -> None:
    put(acme(report()))
    assert stored(database)[0].next_due_at == datetime(2026, 3, 1, 5, 30, tzinfo=UTC)

    put(acme(report(at={"time": "06:30", "month_days": [31]})), at=LATER)
    assert stored(database)[0].next_due_at == datetime(2026, 3, 31, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("written", ["10:30", '"10:30"', "10:30:00", "'10:30:00'"])
def test_a_time_is_read_with_and_without_quotes(
    database: Database, put: Apply, written: str
) -> None:
    put(acme(report(at=parse_data(f"{{time: {written}, weekdays: [mon, 5, Sunday]}}"))))
    assert stored(database)[0].timetable == {
        "time": "10:30",
        "timezone": "UTC",
        "weekdays": ["monday", "friday", "sunday"],
    }


def test_what_is_no_longer_declared_is_removed_and_its_waiting_run_dropped(
    database: Database, put: Apply
) -> None:
    put(acme(report("a"), report("b")))
    waiting = stored(database)[0]
    with database.transaction() as session:
        session.add(
            ReportRun(
                uuid=UUID(int=1),
                report_uuid=waiting.uuid,
                enterprise_uuid=waiting.enterprise_uuid,
                report_name="a",
                planned_at=NOW,
                status="pending",
                created_at=NOW,
            )
        )

    plan = put(acme(report("b")), at=LATER)
    assert plan.lines == ["- report a of acme"]
    assert plan.summary == "0 created, 1 changed, 2 unchanged"
    assert [each.name for each in stored(database)] == ["b"]
    with database.transaction() as session:
        run = session.scalars(select(ReportRun)).one()
        assert (run.status, run.finished_at) == ("dropped", LATER)
        assert run.error == "The report is no longer declared."


def test_a_manifest_without_reports_leaves_them_and_an_empty_list_removes_all(
    database: Database, put: Apply
) -> None:
    put(acme(report()))
    put({"enterprises": [{"uuid": ACME, "name": "Acme", "slug": "acme"}]})
    assert len(stored(database)) == 1
    put(acme())
    assert stored(database) == []


def test_reports_of_another_enterprise_stay(database: Database, put: Apply) -> None:
    globex = {"uuid": GLOBEX, "name": "Globex", "slug": "globex", "reports": [report("theirs")]}
    put({"enterprises": [globex]})
    put(acme(report("ours")))
    put(acme())
    assert [each.name for each in stored(database)] == ["theirs"]


def test_secrets_are_sealed_and_kept_while_the_account_is_the_same(
    database: Database, put: Apply
) -> None:
    put(acme(report(to=sftp())))
    (found,) = stored(database)
    assert "only here" not in f"{found.secret}{found.destination}"
    assert Seal([SECRET]).open_text(str(found.secret)) == '{"password":"only here"}'

    without = sftp(path="/elsewhere")
    del without["sftp"]["password"]
    assert put(acme(report(to=without)), at=LATER).summary == "0 created, 1 changed, 1 unchanged"
    assert stored(database)[0].secret == found.secret

    without["sftp"]["host"] = "files.evil.example"
    assert problems(put, report(to=without)) == [
        "enterprises[0].reports[0].to.sftp: needs key or password, because host, port or user are "
        "not what they were"
    ]


def test_another_key_takes_the_place_of_the_password(database: Database, put: Apply) -> None:
    put(acme(report(to=sftp())))
    key = private_text(ssh_key())
    assert put(acme(report(to=sftp(password=None, key=key)))).lines == ["~ report progress of acme"]
    assert "PRIVATE KEY" in Seal([SECRET]).open_text(str(stored(database)[0].secret))
    put(acme(report()))
    assert stored(database)[0].secret is None


def test_a_new_secret_of_the_installation_seals_again(database: Database, put: Apply) -> None:
    put(acme(report(to=sftp())))
    with database.transaction() as session:
        seal_again(session, Seal(["another secret", SECRET]))
    assert "only here" in Seal(["another secret"]).open_text(str(stored(database)[0].secret))


def test_without_a_secret_of_the_installation_no_password_is_taken(put: Apply) -> None:
    with pytest.raises(ManifestError) as refused:
        put(acme(report(to=sftp())), secrets=[])
    assert refused.value.problems == [
        "enterprises[0].reports[0].to.sftp: BURSAR_SECRET_KEY is not set, so that it cannot be "
        "kept sealed: set it on every machine, and start every process again"
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"name": "../up"},
            "name: must begin with a letter or a digit, and hold up to 100 of "
            "these, spaces and . _ -",
        ),
        (
            {"what": "people"},
            "what: must be 'learner-summary', 'licenses', 'assignments', "
            "'transactions' or 'catalog'",
        ),
        ({"format": "xlsx"}, "format: must be 'csv', 'ndjson' or 'json'"),
        (
            {"at": {"time": "06:30", "timezone": "Europe/Atlantis"}},
            "at.timezone: no such time zone; write it like Europe/Berlin or UTC",
        ),
        (
            {"at": {"time": "06:30", "timezone": "../../etc/passwd"}},
            "at.timezone: no such time zone; write it like Europe/Berlin or UTC",
        ),
        ({"at": {"time": "24:00"}}, 'at.time: must be a time of the day such as "06:30"'),
        ({"at": {"timezone": "UTC"}}, "at.time: required"),
        (
            {"at": {"time": "06:30", "weekdays": [1], "month_days": [1]}},
            "at: takes one of days, weekdays and month_days",
        ),
        (
            {"at": {"time": "06:30", "weekdays": ["frittag"]}},
            "at.weekdays[0]: must be a day such as monday, or a number from 1 (Monday) to 7 (Sunday)",  # noqa: E501
        ),
        (
            {"at": {"time": "06:30", "month_days": [32]}},
            "at.month_days[0]: must be less than or equal to 31",
        ),
        ({"to": {}}, "to: needs exactly one of email and sftp"),
        ({"to": {"email": ["ana"]}}, "to.email[0]: must be an e-mail address"),
        ({"to": sftp(host_key=None)}, "to.sftp.host_key: must be text"),
        (
            {"to": sftp(host_key="ssh-ed25519 nonsense")},
            "to.sftp.host_key: must be a public key, as `ssh-keyscan -t ed25519 HOST` prints it",
        ),
        (
            {"to": sftp(password=None, key="-----BEGIN")},
            "to.sftp.key: must be a private key in OpenSSH's or PEM's form",
        ),
        ({"to": sftp(key=private_text(ssh_key()))}, "to.sftp: takes key or password, not both"),
        (
            {"to": sftp(host="acme@files.example/x")},
            "to.sftp.host: must be the name or the address of a server alone",
        ),
        (
            {"pgp_public_key": "mQINBF"},
            "pgp_public_key: must be one OpenPGP public key, as "
            "`gpg --armor --export ADDRESS` prints it",
        ),
        ({"every": "day"}, "every: unknown key"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ManifestError) as refused:
        from_data(acme(report() | fields))
    assert refused.value.problems == [f"enterprises[0].reports[0].{problem}"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"to": sftp(password=None)}, "to.sftp: needs key or password"),
    (
        {"filters": {"progress": "Passed"}},
        "filters.progress: learner-summary has no such "
        "filter; it has: ordering, search, search_course, search_all, search_start_date, "
        "search_enrollment, learner_activity, passed_date, user_email, course_key, "
        "courserun_key, progress_status, updated_since.",
    ),
    (
        {"filters": {"progress_status": "Lost"}},
        "filters.progress_status: Must be one of: Passed, Failed, In Progress.",
    ),
    (
        {"filters": {"page": 2}, "what": "licenses"},
        "filters.page: licenses has no such filter; "
        "it has: status, user_email, search, subscription_plan_uuid.",
    ),
    (
        {"filters": {"subscription_plan_uuid": CATALOG}, "what": "licenses"},
        "filters.subscription_plan_uuid: no such subscription plan",
    ),
    (
        {"filters": {"assignment_configuration_uuid": CATALOG}, "what": "assignments"},
        "filters.assignment_configuration_uuid: no such assignment configuration",
    ),
    (
        {"filters": {"catalog_uuid": "x"}, "what": "catalog"},
        "filters.catalog_uuid: Enter a valid UUID.",
    ),
    (
        {"filters": {"state": ["committed", "lost"]}, "what": "transactions"},
        "filters.state: Must be one of: created, committed, failed, reversed.",
    ),
]


def test_what_is_wrong_with_filters_and_accounts_is_named(put: Apply) -> None:
    for fields, problem in WRONG:
        assert problems(put, report() | fields) == [f"enterprises[0].reports[0].{problem}"]


def test_a_missing_host_key_is_named(put: Apply) -> None:
    to = sftp()
    del to["sftp"]["host_key"]
    assert problems(put, report(to=to)) == ["enterprises[0].reports[0].to.sftp.host_key: required"]


def test_a_private_key_where_a_public_one_belongs_is_not_stored(
    database: Database, put: Apply
) -> None:
    block = pgp_public_text().replace("PUBLIC KEY BLOCK", "PRIVATE KEY BLOCK")
    (problem,) = problems(put, report(pgp_public_key=block))
    assert problem.endswith("is a private key: give the public one, and replace this one")
    assert stored(database) == []


def test_a_key_that_needs_a_passphrase_is_refused(put: Apply) -> None:
    key = ssh_key().export_private_key("pkcs8-pem", passphrase="hush").decode()
    assert problems(put, report(to=sftp(password=None, key=key))) == [
        "enterprises[0].reports[0].to.sftp.key: is protected by a passphrase, which nobody could "
        "type in: give one without"
    ]


def test_two_reports_have_two_names(put: Apply) -> None:
    assert problems(put, report("the progress"), report("the_progress")) == [
        "enterprises[0].reports[1].name: already used at enterprises[0].reports[0].name"
    ]


def test_a_host_key_is_taken_as_ssh_keyscan_prints_it(put: Apply) -> None:
    line = f"# files:22 SSH-2.0\nfiles.acme.example {public_text(ssh_key('host'))}"
    assert put(acme(report(to=sftp(host_key=line)))).created == 2


def test_filters_mean_what_they_mean_in_a_query_string(database: Database, put: Apply) -> None:
    filters = {"status": ["assigned", "activated"], "user_email": "Ana+x@acme.example"}
    put(acme(report(what="licenses", filters=filters)))
    (found,) = stored(database)
    assert found.filters == filters
    assert found.selection["selection"] == {
        "statuses": ["activated", "assigned"],
        "user_email": "ana+x@acme.example",
        "search": None,
    }


def test_filters_of_another_kind_of_report_do_not_stay(database: Database, put: Apply) -> None:
    put(acme(report(what="licenses", filters={"status": "assigned"})))
    put(acme(report(what="catalog")))
    (found,) = stored(database)
    assert (found.filters, found.selection) == ({}, {"catalog_uuid": None})


def test_an_export_applied_again_changes_nothing(database: Database, put: Apply) -> None:
    catalogs = [{"uuid": CATALOG, "title": "All"}]
    content = report(
        "content",
        what="catalog",
        format="json",
        filters={"catalog_uuid": CATALOG},
        at={"time": "10:30:15", "weekdays": ["monday"]},
    )
    files = report("files", to=sftp(port=2222), pgp_public_key=pgp_public_text())
    put(acme(content, files, catalogs=catalogs))
    with database.transaction() as session:
        written = to_yaml(export(session, UUID(ACME)))
    assert "only here" not in written
    assert put(parse_data(written), at=LATER).summary == "0 created, 0 changed, 4 unchanged"


def test_what_happens_is_in_the_audit_trail_without_values(database: Database, put: Apply) -> None:
    put(acme(report(to=sftp())))
    put(acme(), at=LATER)
    with database.transaction() as session:
        told = session.scalars(
            select(EventRecord).where(EventRecord.type.like("report.%")).order_by(EventRecord.id)
        ).all()
        assert [each.type for each in told] == ["report.created", "report.removed"]
        assert "acme.example" not in str([each.changes for each in told])
