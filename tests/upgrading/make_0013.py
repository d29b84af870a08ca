"""Makes the two databases of migration 0013 in `made/`: see README.md. It is run with that code.

The chapters of the corpus leave a row of almost every kind; what follows them here leaves the rest:
work that waits, what old rules let through, and the answers of the API to all of it.
"""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from testing.databases.migrated import migrated_url
from testing.databases.postgres import PostgresServer
from testing.fakes import smtp
from tests.corpus import world
from tests.corpus.chapters import catalogs, credit, licenses, opening, redemption, reporting
from tests.corpus.chapters.credit import MAIN, POLICIES, allocate_path, wish
from tests.corpus.chapters.licenses import BULK, OF_ACME, PLANS, SUMMARY, emails
from tests.corpus.chapters.redemption import path_of, redeem
from tests.corpus.stage import CSV, JSON, XML, Stage
from tests.corpus.world import mail_of, plan_of, run_of

MADE: Final = Path(__file__).parent / "made"
NOW: Final = "2026-06-02T12:00:00Z"
SECRET_KEY: Final = "a secret of thirty-two characters"
CATALOGS: Final = "/enterprise/v2/enterprise-catalogs"
REDEMPTION: Final = "/enterprise/v1/policy-redemption/enterprise-customer"
CHAPTERS: Final = {
    "opening": opening.play,
    "catalogs": catalogs.play,
    "credit": credit.play,
    "reporting": reporting.play,
    "redemption": redemption.play,
    "licenses": licenses.play,
}


class Making:
    """The end of the story, and what the API says of it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.facts: dict[str, Any] = {"now": NOW, "secret_key": SECRET_KEY}

    def play(self) -> None:
        for name, play in CHAPTERS.items():
            self.stage.begin(name)
            play(self.stage)
        self.stage.begin("end")
        self.stage.at(NOW)
        self._declare_what_is_new()
        self._rotate()
        self._mail()
        self._pay_twice()
        self._leave_work()
        self._break()
        self._show_kinds()
        self.stage.run("check")
        before = self.stage.token(world.ADMIN)
        self.stage._tokens.clear()
        self.facts["tokens"] = [before, self.stage.token(world.ADMIN)]
        self.facts["check"] = list(self.stage.exchanges[-1].lines)
        self.facts["answers"] = list(self._answers())

    def _declare_what_is_new(self) -> None:
        """Restricted runs, a filter that names them, and a renewal that is not due yet."""
        key = "LimitedX+One"
        private = world.run(f"{run_of(key)}_private", restriction_type="custom-b2b-enterprise")
        course = world.course(key, world.run(run_of(key)), private)
        content_filter = {
            "org": "LimitedX",
            "restricted_runs_allowed": {f"course:{key}": [f"course-run:{private['key']}"]},
        }
        renewal = {
            "uuid": plan_of("renewed later"),
            "title": "Plan renewed later",
            "effective_date": "2027-01-01T00:00:00Z",
            "renewed_expiration_date": "2028-01-01T00:00:00Z",
            "number_of_licenses": 2,
        }
        limited = world.catalog(world.named("catalog limited"), "Limited", content_filter)
        changed = world.acme()
        changed["catalogs"].append(limited)
        changed["subscription_plans"].append(world.plan("renewing later", 8, renewals=[renewal]))
        self.stage.apply({"content": [{"course": course}], "enterprises": [changed]})
        self.stage.post(licenses.path_of("renewing later") + "/assign", emails("ana", "gus"))

    def _rotate(self) -> None:
        """One key is stored as it is, the one that signs now sealed; one client has two secrets."""
        with self.stage._database.read() as connection:
            statement = "SELECT kid, CAST(private_jwk AS TEXT) FROM signing_keys"
            plain = connection.exec_driver_sql(statement).all()
        self.stage.configure(BURSAR_SECRET_KEY=SECRET_KEY)
        self.stage.run("keys", "rotate")
        # The rotation seals every key. An installation that set the secret later has plain ones.
        for kid, jwk in plain:
            self._execute(f"UPDATE signing_keys SET private_jwk = '{jwk}' WHERE kid = '{kid}'")
        # The application began without the secret.
        self.stage._inside = self.stage._open(self.stage._stack)
        self.facts["old_secret"] = world.SECRET
        self.facts["new_secret"] = self.stage.run("clients", "rotate", world.LEAVER).split()[-1]

    def _mail(self) -> None:
        """One that cannot be delivered, one that waits for its second attempt."""
        plan = licenses.path_of("renewing later")
        with smtp.running(smtp.Sink(rcpt={"ben": "550 unknown", "cal": "451 later"})) as sink:
            self.stage.post(f"{plan}/assign", emails("ben", "cal"))
            self.stage.configure(BURSAR_SMTP_URL=sink.url)
            self.stage.run("run", "deliver-notifications")
        self.stage.configure(BURSAR_SMTP_URL="")

    def _pay_twice(self) -> None:
        """Two budgets for one seat, and a budget for a seat that a license pays for."""
        key, other = "ShelfX+C1", "ShelfX+C4"
        self._price(key, 1000)
        self._price(other, 1000)
        first = redeem(self.stage, "by spend", key)["uuid"]
        self.stage.work()
        of_first = f"uuid = '{self._stored(first)}'"
        with self._unseen("subsidy_transactions", of_first, run_of(key)):
            second = self._pay_for_what_is_taken("limited", key, "ana")
        body = {"emails": [mail_of("cal")], "course_run_keys": [run_of(other)]}
        self.stage.post(OF_ACME, body)
        self.stage.work()
        late = self._pay_for_what_is_taken("by spend", other, "cal")
        self.facts["paid_twice"] = [second, late]

    def _pay_for_what_is_taken(self, budget: str, key: str, name: str) -> str:
        """As old versions did, which did not ask who else pays for the seat."""
        learner = f"(SELECT id FROM learners WHERE email = '{mail_of(name)}')"
        seat = f"learner_id = {learner}"
        with self._unseen("enrollments", seat, run_of(key)):
            uuid = str(redeem(self.stage, budget, key, name=name)["uuid"])
            self.stage.work()
            self._execute(
                f"DELETE FROM enrollments WHERE transaction_uuid = '{self._stored(uuid)}'"
            )
        return uuid

    @contextmanager
    def _unseen(self, table: str, which: str, run: str) -> Iterator[None]:
        statement = f"UPDATE {table} SET courserun_key = '{{}}' WHERE courserun_key = '{{}}'"
        self._execute(f"{statement.format('x', run)} AND {which}")
        yield
        self._execute(f"{statement.format(run, 'x')} AND {which}")

    def _price(self, key: str, cents: int) -> None:
        course = world.single(key, cents / 100)
        self.stage.apply({"content": [{"course": course}]})

    def _leave_work(self) -> None:
        """A job of each kind waits, and one was being done by a worker that is no more."""
        stage = self.stage
        reversed_uuid = self._reverse()
        self._price("ShelfX+C2", 1000)
        stage.post(allocate_path("main"), wish("ana", "fay", content="ShelfX+C2", price=1000))
        waiting = redeem(stage, "by spend", "ShelfX+C2", name="dan")
        interrupted = redeem(stage, "by spend", "ShelfX+C2", name="eva")
        self._interrupt(f"credit.enroll:{interrupted['uuid']}")
        self.facts["redeemed"] = [waiting["uuid"], interrupted["uuid"]]
        body = {
            "emails": [mail_of("ana"), mail_of("cal")],
            "course_run_keys": [run_of("ShelfX+C3")],
            "notify": True,
        }
        job = stage.post(OF_ACME, body, idempotency_key="left")["job_id"]
        stage.post(f"{licenses.path_of('main')}/bulk-revoke", emails("ana"))
        self.facts |= {"reversed": reversed_uuid, "bulk_job": job}

    def _reverse(self) -> str:
        path = f"{MAIN}?state=accepted"
        key = "ShelfX+C4"
        self.stage.post(allocate_path("main"), wish("ben", "eva", content=key, price=1000))
        redeem(self.stage, "main", key, name="ben")
        [first] = self.stage.get(path)["results"]
        uuid = str(first["transaction_uuid"])
        self.stage.post(f"{path_of('main')}/transactions/{uuid}/reverse")
        return uuid

    def _interrupt(self, job: str) -> None:
        table = "workflow_status" if self._is_sqlite else "dbos.workflow_status"
        self._execute(
            f"UPDATE {table} SET status = 'PENDING', executor_id = 'gone:1:00000000',"
            f" started_at_epoch_ms = created_at WHERE workflow_uuid = '{job}'"
        )

    def _break(self) -> None:
        """Addresses as they were once stored, and an audit entry of before there were events."""
        stamp = "2025-01-01 00:00:00"
        odd = ["Old.Style@ACME.example", "no address", "e\u0301va@acme.example", ""]
        self.facts["odd_addresses"] = odd
        for email in odd:
            self._execute(
                "INSERT INTO learners (enterprise_uuid, email, consent, created_at, modified_at)"
                f" VALUES ('{self._stored(world.ACME)}', '{email}', TRUE, '{stamp}', '{stamp}')"
            )
        self._execute(
            "INSERT INTO audit_entries"
            " (enterprise_uuid, at, actor, action, object_type, object_id, details)"
            f" VALUES ('{self._stored(world.ACME)}', '{stamp}', 'operator', 'plan.created',"
            f" 'plan', '{plan_of('main')}', '{{}}')"
        )

    def _show_kinds(self) -> None:
        """For whoever makes it: nothing may be missing that this is made for."""
        kinds = {
            "mails": "status", "licenses": "status", "assignments": "state", "enrollments": "payer",
            "subsidy_transactions": "state", "bulk_enrollment_jobs": "state",
            "plan_renewals": "processed_at IS NULL", "audit_entries": "action",
            "idempotency_records": "1", "client_secrets": "client_uuid", "signing_keys": "1",
            "workflow_status" if self._is_sqlite else "dbos.workflow_status": "status",
        }  # fmt: skip
        with self.stage._database.read() as connection:
            for table, kind in kinds.items():
                statement = f"SELECT {kind}, count(*) FROM {table} GROUP BY {kind}"
                print(table, [tuple(row) for row in connection.exec_driver_sql(statement)])

    def _execute(self, statement: str) -> None:
        self.stage._execute(statement)

    @property
    def _is_sqlite(self) -> bool:
        return self.stage._database.is_sqlite

    def _stored(self, uuid: str) -> str:
        return UUID(uuid).hex if self._is_sqlite else uuid

    def _answers(self) -> Iterator[dict[str, Any]]:
        for path, by, accept in self._questions():
            answer = self.stage._send("GET", path, b"", {"accept": accept}, by)
            yield {
                "path": path,
                "by": by,
                "accept": accept,
                "status": answer.status,
                "type": answer.headers.get("content-type"),
                "body": answer.body.decode(),
            }

    def _questions(self) -> Iterator[tuple[str, str, str]]:
        for path in self._paths():
            yield path, world.ADMIN, JSON
        for path in (f"{CATALOGS}/{world.SHELF}", MAIN, PLANS, f"{CATALOGS}/{world.EXAMPLES}"):
            yield path, world.ADMIN, XML
            yield path, world.GLOBEX_ADMIN, JSON
        yield SUMMARY, world.REPORTING, JSON
        yield SUMMARY, world.ADMIN, CSV
        yield f"{BULK}/{self.facts['bulk_job']}/download", world.ADMIN, CSV

    def _paths(self) -> Iterator[str]:
        yield CATALOGS
        limited = world.named("catalog limited")
        for catalog in (world.EXAMPLES, world.SHELF, world.HOSTILE, limited):
            yield f"{CATALOGS}/{catalog}?page_size=100"
            keys = ",".join(map(_quoted, (world.FREE, run_of("ShelfX+C1"))))
            yield f"{CATALOGS}/{catalog}/contains_content_items?course_run_ids={keys}"
        course, everything = _quoted(world.PRICED), f"{CATALOGS}/{world.EVERYTHING}"
        yield f"{everything}/courses/{course}"
        yield f"{everything}/course-runs/{_quoted(run_of(world.PRICED))}"
        yield f"{CATALOGS}/{world.EXAMPLES}/programs/{world.PROGRAM['uuid']}"
        yield f"{POLICIES}?enterprise_customer_uuid={world.ACME}&page_size=100"
        for budget in ("main", "tight", "penniless"):
            yield f"{credit.assignments_path(budget)}?page_size=100"
        for uuid in (*self.facts["redeemed"], self.facts["reversed"]):
            for budget in ("main", "by spend"):
                yield f"{path_of(budget)}/transactions/{uuid}"
        asked = f"lms_user_id=500&content_key={course}"
        yield f"{REDEMPTION}/{world.ACME}/can-redeem?{asked}"
        of_acme = f"enterprise_customer_uuid={world.ACME}"
        yield f"/enterprise/v1/policy-redemption/credits_available?{of_acme}&lms_user_id=500"
        yield f"{PLANS}?enterprise_customer_uuid={world.ACME}&page_size=100"
        yield f"/enterprise/v1/licenses?enterprise_customer_uuid={world.ACME}&page_size=100"
        for plan in ("main", "renewing", "renewed", "renewing later", "ending", "shelf"):
            yield f"{licenses.path_of(plan)}?page_size=100"
        yield f"{SUMMARY}?page_size=100"
        yield f"{BULK}/{self.facts['bulk_job']}"
        yield f"{BULK}/{self.facts['bulk_job']}/rows"


def _quoted(key: str) -> str:
    return key.replace("+", "%2B")


def make(url: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        stage = Stage(url, Path(folder), patch)
        making = Making(stage)
        try:
            making.play()
        except Exception:
            for exchange in stage.exchanges[-12:]:
                # For whoever makes it and meets what does not work any more.
                print(*(line[:600] for line in exchange.lines[:14]), sep="\n", file=sys.stderr)
            raise
        finally:
            stage.close()
            patch.undo()
        os.chdir(MADE)
    return making.facts


def compressed(name: str, content: bytes) -> None:
    (MADE / name).write_bytes(gzip.compress(content, mtime=0))


def make_sqlite() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        facts = make(migrated_url(Path(folder), None))
        whole = Path(folder) / "whole.db"
        connection = sqlite3.connect(Path(folder) / "bursar.db")
        connection.execute("VACUUM INTO ?", [str(whole)])
        connection.close()
        compressed("0013.db.gz", whole.read_bytes())
    return facts


def make_postgres() -> dict[str, Any]:
    with PostgresServer() as server, tempfile.TemporaryDirectory() as folder:
        url = migrated_url(Path(folder), server.address)
        facts = make(url)
        options = ["--no-owner", "--no-privileges", "--rows-per-insert=50"]
        dumped = subprocess.run(["pg_dump", *options, url], check=True, capture_output=True)
        # Lines for psql only: any client can then execute the rest.
        lines = dumped.stdout.splitlines(keepends=True)
        lines = [line for line in lines if not line.startswith(b"\\")]
        compressed("0013.sql.gz", b"".join(lines))
    return facts


if __name__ == "__main__":
    MADE.mkdir(exist_ok=True)
    makers = {"sqlite": make_sqlite, "postgresql": make_postgres}
    for dialect in sys.argv[1:] or makers:
        facts = makers[dialect]()
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        compressed(f"0013.{dialect}.json.gz", f"{text}\n".encode())
