"""What reporting is measured by."""

import csv
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID

import httpx

from benchmarks.bulk import open_runs
from benchmarks.load import JSON, Target
from benchmarks.reports import RUNS_EACH, create_report, tidy
from benchmarks.results import MEGABYTE, Result
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.world import CLIENT_ID, opened, run_measured
from testing.servers.processes import run_bursar

CSV: Final = {"Accept": "text/csv"}
FEW, MANY, OF_OTHERS = 100_000, 1_000_000, 1_000
ENTERPRISES: Final = 20
TRIES: Final = 3
IMPORTED: Final = 200_000
MEMORY_OF_IMPORT: Final = 200 * MEGABYTE
MEMORY_OF_EXPORT: Final = 20 * MEGABYTE


def reports(stage: Stage) -> Mapping[int, UUID]:
    """The two large ones by their rows, among small ones."""

    def make() -> Mapping[int, UUID]:
        runs = open_runs(RUNS_EACH)
        with opened(stage.world(SMALL).database_url) as database:
            for number in range(ENTERPRISES - 2):
                create_report(database, CLIENT_ID, f"report-other-{number}", OF_OTHERS, runs)
            made = {
                rows: create_report(database, CLIENT_ID, f"report-{rows}", rows, runs)
                for rows in (FEW, MANY)
            }
            tidy(database)
        return made

    return stage.prepared("reports", make)


def _target(stage: Stage, rows: int, query: str = "", accept: Mapping[str, str] = JSON) -> Target:
    path = f"/enterprise/v3/enterprise-customer/{reports(stage)[rows]}/learner-summary"
    return stage.server(SMALL).target(path + query, accept)


def pages(stage: Stage) -> list[Result]:
    small, large = _target(stage, FEW), _target(stage, MANY)
    floor = stage.server(SMALL).floor_of(small, "report")
    name = "report, default page"
    return [
        Result.of_rates(f"{name}, {FEW:,} rows", stage.compare(small, floor), 0.25),
        Result.of_rates(f"{name}, {MANY:,} rows against {FEW:,}", stage.compare(large, small), 0.5),
    ]


def large_pages(stage: Stage) -> list[Result]:
    query = "?page_size=1000"
    return _absolute_and_scaled(stage, "report, page of 1,000", query, 100)


def searches(stage: Stage) -> list[Result]:
    return _absolute_and_scaled(
        stage, "report, search by part of an e-mail", "?search=ner7777", 200
    )


def _absolute_and_scaled(stage: Stage, name: str, query: str, bound: int) -> list[Result]:
    small, large = _target(stage, FEW, query), _target(stage, MANY, query)
    compared = stage.compare(large, small)
    return [
        Result.of_rate(f"{name}, {FEW:,} rows", compared.against, bound),
        Result.of_rates(f"{name}, {MANY:,} rows against {FEW:,}", compared, 0.5),
    ]


def deep_pages(stage: Stage) -> list[Result]:
    results = []
    for rows in (FEW, MANY):
        deep, first = _target(stage, rows, "?page=5000"), _target(stage, rows, "?page=1")
        name = f"report, page 5,000 of {rows:,} rows against page 1"
        results.append(Result.of_rates(name, stage.compare(deep, first), 1 / 3))
    return results


def exports(stage: Stage) -> list[Result]:
    server = stage.server(SMALL)
    _download(_target(stage, FEW, accept=CSV))
    before = max(server.resident_bytes())
    downloads = [_download(_target(stage, FEW, accept=CSV)) for _ in range(TRIES)]
    seconds = median(whole for _, whole in downloads)
    first = median(first for first, _ in downloads) * 1000
    _, large = _download(_target(stage, MANY, accept=CSV))
    growth = max(server.resident_bytes()) - before
    share = seconds * MANY / FEW / large
    return [
        _of_seconds(f"report, CSV of {FEW:,} rows", seconds, 3),
        Result("report, CSV, first byte", "", "", f"{first:.0f} ms", "< 100 ms", first < 100),
        Result(
            f"report, CSV of {MANY:,} rows against {FEW:,}, by row",
            f"{large:.1f} s",
            f"{seconds:.1f} s",
            f"{share:.2f}",
            ">= 0.50",
            share >= 0.5,
        ),
        Result.of_memory("report, CSV, growth of the process", max(growth, 0), MEMORY_OF_EXPORT),
    ]


def _download(target: Target) -> tuple[float, float]:
    """Seconds until the first byte, and until the last."""
    headers = {"Accept-Encoding": "identity", **target.headers}
    started = time.perf_counter()
    first = 0.0
    with httpx.stream("GET", target.url, headers=headers, trust_env=False, timeout=300) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_raw():
            first = first or (time.perf_counter() - started if chunk else 0.0)
    return first, time.perf_counter() - started


def _of_seconds(name: str, seconds: float, bound: int) -> Result:
    return Result(name, "", "", f"{seconds:.1f} s", f"< {bound} s", seconds < bound)


def imports(stage: Stage) -> list[Result]:
    """By `bursar import enrollments` as a process of its own, its start included."""
    file = _write(stage.folder / "progress.csv", open_runs(RUNS_EACH))
    sqlite = f"sqlite:///{stage.folder / 'import.db'}"
    results = []
    for name, url, bound in (
        ("PostgreSQL", stage.world(SMALL).database_url, 20_000),
        ("SQLite", sqlite, 30_000),
    ):
        enterprise = _enterprise(stage, url, name)
        command = ("import", "enrollments", str(file), "--enterprise", str(enterprise))
        seconds, peak = run_measured(url, command)
        title = f"import of {IMPORTED:,} enrollments, {name}"
        results += [
            Result.of_rate(title, IMPORTED / seconds, bound, f"{seconds:.1f} s"),
            Result.of_memory(f"{title}, peak memory", peak, MEMORY_OF_IMPORT),
        ]
    return results


def _enterprise(stage: Stage, url: str, name: str) -> UUID:
    """Without learners yet."""
    finished = run_bursar("db", "upgrade", env={"BURSAR_DATABASE_URL": url}, cwd=stage.folder)
    if finished.returncode != 0:
        raise RuntimeError(finished.stderr)
    with opened(url) as database:
        return create_report(database, CLIENT_ID, f"import-{name.lower()}")


def _write(file: Path, runs: Sequence[str]) -> Path:
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(
            ["learner_email", "courserun_key", "current_grade", "last_activity_date", "has_passed"]
        )
        for number in range(IMPORTED):
            email = f"imported{number // RUNS_EACH}@example.com"
            day = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
            run = runs[number % RUNS_EACH]
            writer.writerow([email, run, f"0.{number % 100:02}", day, number % 3 == 0])
    return file


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "report": pages,
    "report-1000": large_pages,
    "report-deep": deep_pages,
    "report-search": searches,
    "report-csv": exports,
    "report-import": imports,
}
