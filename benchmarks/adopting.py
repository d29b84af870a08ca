"""Moving in: dumps of a large installation, and how long `bursar adopt` takes for them.

`python -m benchmarks.adopting FOLDER --learners 1000000` writes the dumps and measures on SQLite.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks.results import MEGABYTE, Result
from benchmarks.stage import Measurement, Stage
from testing.servers.processes import child_environment

LEARNERS: Final = 50_000
PLANS: Final = 10
RATE: Final = 3_334
"""Licenses and enrollments a second, counted together: a million of each in ten minutes."""
MEMORY: Final = 500 * MEGABYTE
STAMPS: Final = '"created":"2024-01-01T00:00:00Z","modified":"2024-05-06T07:08:09.123Z"'
ENTERPRISE: Final = UUID(int=1)
CATALOG: Final = UUID(int=2)
AGREEMENT: Final = UUID(int=3)
_LICENSES: Final = 1 << 64
_PLANS: Final = 1 << 65


def adopting(learners: int = LEARNERS) -> Measurement:
    def measure(stage: Stage) -> list[Result]:
        folder = stage.folder / "adopting"
        folder.mkdir()
        files = write_dumps(folder, learners)
        url = f"sqlite:///{folder / 'adopted.db'}"
        return list(_results(learners, adopted(files, url), "SQLite"))

    return measure


def _results(learners: int, run: "Adopted", kind: str) -> Iterator[Result]:
    name = f"adopt {learners:,} licenses and enrollments, {kind}"
    figure = f"{run.seconds:.0f} s, {run.processor_seconds:.0f} s of processor time"
    yield Result.of_rate(name, 2 * learners / run.seconds, RATE, figure)
    peak = run.peak_bytes
    text = f"{peak / MEGABYTE:,.0f} MB"
    yield Result(f"{name}: memory", text, "", "", "<= 500 MB", peak <= MEMORY)


def write_dumps(folder: Path, learners: int) -> list[Path]:
    """As large services write them: an array on one line, each service in a file."""
    made = {"lms.json": _lms(learners), "licenses.json": _licenses(learners)}
    for name, objects in made.items():
        with (folder / name).open("w", encoding="utf-8") as file:
            file.write("[" + next(objects))
            file.writelines("," + each for each in objects)
            file.write("]\n")
    return [folder / name for name in made]


@dataclass(frozen=True)
class Adopted:
    seconds: float
    processor_seconds: float
    peak_bytes: int


def adopted(files: list[Path], url: str) -> Adopted:
    command = [sys.executable, "-m", "bursar", "adopt", *map(str, files)]
    began = time.monotonic()
    process = subprocess.Popen(command, env=child_environment({"BURSAR_DATABASE_URL": url}))
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError("bursar adopt has failed")
    processor = usage.ru_utime + usage.ru_stime
    return Adopted(time.monotonic() - began, processor, usage.ru_maxrss * 1024)


def _object(model: str, pk: object, fields: str) -> str:
    key = pk if isinstance(pk, int) else f'"{pk}"'
    return f'{{"model":"{model}","pk":{key},"fields":{{{fields},{STAMPS}}}}}'


def _lms(learners: int) -> Iterator[str]:
    yield _object("enterprise.enterprisecustomer", ENTERPRISE, '"name":"Acme","slug":"acme"')
    yield _object(
        "enterprise.enterprisecustomercatalog",
        CATALOG,
        f'"title":"All","enterprise_customer":"{ENTERPRISE}","content_filter":{{}}',
    )
    for number in range(1, learners + 1):
        yield _object(
            "auth.user",
            number,
            f'"username":"user{number}","email":"user{number}@acme.example",'
            '"password":"!","first_name":"","last_name":"","is_active":true,'
            '"date_joined":"2020-01-01T00:00:00Z","groups":[],"user_permissions":[]',
        )
        yield _object(
            "enterprise.enterprisecustomeruser",
            number,
            f'"enterprise_customer":"{ENTERPRISE}","user_id":{number},"user_fk":{number},'
            '"active":true,"linked":true,"is_relinkable":true,"invite_key":null',
        )
    for number in range(1, learners + 1):
        yield _object(
            "enterprise.enterprisecourseenrollment",
            number,
            f'"enterprise_customer_user":{number},"course_id":"course-v1:edX+C{number % 500}+1T",'
            '"saved_for_later":false,"source":null,"unenrolled":null,"unenrolled_at":null',
        )
        yield _object(
            "enterprise.licensedenterprisecourseenrollment",
            number,
            f'"uuid":"{UUID(int=_LICENSES * 4 + number)}","fulfillment_type":"license",'
            f'"enterprise_course_entitlement":null,"enterprise_course_enrollment":{number},'
            f'"is_revoked":false,"license_uuid":"{UUID(int=_LICENSES + number)}"',
        )


def _licenses(learners: int) -> Iterator[str]:
    yield _object(
        "subscriptions.customeragreement",
        AGREEMENT,
        f'"enterprise_customer_uuid":"{ENTERPRISE}","enterprise_customer_slug":"acme"',
    )
    for number in range(PLANS):
        yield _object(
            "subscriptions.subscriptionplan",
            UUID(int=_PLANS + number),
            f'"title":"Plan {number}","customer_agreement":"{AGREEMENT}",'
            f'"enterprise_catalog_uuid":"{CATALOG}","start_date":"2024-01-01T00:00:00Z",'
            '"expiration_date":"2090-01-01T00:00:00Z","is_active":true',
        )
    for number in range(1, learners + 1):
        uuid, plan = UUID(int=_LICENSES + number), UUID(int=_PLANS + number % PLANS)
        yield _object(
            "subscriptions.license",
            uuid,
            f'"status":"activated","subscription_plan":"{plan}","lms_user_id":{number},'
            f'"user_email":"user{number}@acme.example","activation_key":"{uuid}",'
            '"assigned_date":"2024-02-01T00:00:00Z","activation_date":"2024-02-02T00:00:00Z",'
            '"last_remind_date":null,"revoked_date":null,"renewed_to":null,"auto_applied":null',
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--learners", type=int, default=LEARNERS)
    parser.add_argument("--url", default="", help="of an empty database with a current schema")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    files = write_dumps(chosen.folder, chosen.learners)
    url = chosen.url or f"sqlite:///{chosen.folder / 'adopted.db'}"
    for result in _results(chosen.learners, adopted(files, url), url.partition(":")[0]):
        print(*result.cells)


if __name__ == "__main__":
    main()
