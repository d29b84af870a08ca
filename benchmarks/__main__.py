"""`./run bench`: measures, prints a table and writes it to RESULTS.md."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load import CONNECTIONS, ROUNDS, THREADS, WARM_UP_SECONDS
from benchmarks.machine import describe
from benchmarks.measurements import MEASUREMENTS
from benchmarks.results import Result, as_table
from benchmarks.stage import Measurement, Stage
from bursar import logs
from bursar.settings import Settings
from testing.databases.postgres import PostgresServer

RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    chosen = parse_arguments()
    if shutil.which("wrk") is None:
        sys.exit("wrk was not found; `./run bench` installs it")
    logs.configure(Settings(log_level="WARNING"))
    with PostgresServer(durable=True) as server, prepared(server, chosen.seconds) as stage:
        machine = describe(server.address)
        results = measure(stage, chosen.only)
    report = "\n".join([*machine, method(chosen.seconds), "", as_table(results)])
    print(report)
    if not chosen.only:
        RESULTS.write_text(
            f"# Results of `./run bench`\n\nWhat the rows mean: [README](README.md)\n\n{report}\n"
        )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, default=[])
    parser.add_argument("--seconds", type=int, default=5, help="of each measured run")
    return parser.parse_args()


@contextmanager
def prepared(server: PostgresServer, seconds: int) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="bursar-bench-") as folder, ExitStack() as stack:
        yield Stage(stack, Path(folder), server, seconds)


def measure(stage: Stage, only: Sequence[str]) -> list[Result]:
    chosen = {name: MEASUREMENTS[name] for name in MEASUREMENTS if not only or name in only}
    return [result for name, work in chosen.items() for result in _tell(name, work, stage)]


def _tell(name: str, work: Measurement, stage: Stage) -> Sequence[Result]:
    print(f"bench: {name}", file=sys.stderr, flush=True)
    return work(stage)


def method(seconds: int) -> str:
    return (
        f"- load: wrk, {CONNECTIONS} connections from {THREADS} threads; runs of {seconds} s after "
        f"{WARM_UP_SECONDS} s of warm-up, {ROUNDS} of either side in turns, medians"
    )


if __name__ == "__main__":
    main()
