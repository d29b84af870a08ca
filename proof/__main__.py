"""`./run proof`: puts several processes under load and faults, and checks that nothing was lost."""

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event

from proof.client import Client
from proof.faults import Faults
from proof.installation import Installation, running
from proof.journal import Journal
from proof.sabotage import FOUND_AS, undetected
from proof.stories import LICENSES, Visitor
from proof.verdict import MOST_SHOWN, QUIET_SECONDS, problems
from proof.world import STUDENTS

CLIENTS = 6


@dataclass(frozen=True)
class ProofResult:
    seconds: float
    clients: Sequence[Client]
    faults: Faults
    journal: Journal
    mails: int
    problems: Sequence[str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run proof", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="of load and faults")
    parser.add_argument("--every", type=float, default=4, help="seconds between two faults")
    parser.add_argument("--seed", type=int, default=1, help="of what is chosen by chance")
    parser.add_argument(
        "--sabotage",
        nargs="*",
        metavar="DEFECT",
        help="whether short proofs find deliberate defects: those named, or each that is known",
    )
    chosen = parser.parse_args()
    if chosen.sabotage is not None:
        sys.exit(sabotage(chosen.sabotage or list(FOUND_AS), chosen.seed))
    with tempfile.TemporaryDirectory(prefix="bursar-proof-") as folder:
        outcome = prove(Path(folder), chosen.seconds, chosen.every, chosen.seed)
    print("\n".join(report(outcome)))
    sys.exit(1 if outcome.problems else 0)


def sabotage(defects: Sequence[str], seed: int) -> int:
    """The exit status: 1 when one of the defects was not found."""
    missed = 0
    for defect in defects:
        with tempfile.TemporaryDirectory(prefix="bursar-proof-") as folder:
            outcome = prove_defective(Path(folder), [defect], seed)
        is_missed = bool(list(undetected([defect], outcome.problems)))
        missed += is_missed
        print(f"{'NOT FOUND' if is_missed else 'found':<10} {defect}", flush=True)
        if is_missed:
            print("\n".join(f"  {problem}" for problem in outcome.problems[:MOST_SHOWN]))
    return 1 if missed else 0


def prove_defective(folder: Path, defects: Sequence[str], seed: int) -> ProofResult:
    """A short proof, which is expected to find each of the defects."""
    return prove(folder, 10, 2, seed, is_patient=False, patience=40, defects=defects)


def prove(
    folder: Path,
    seconds: float,
    every: float,
    seed: int,
    *,
    is_patient: bool = True,
    patience: float = QUIET_SECONDS,
    defects: Sequence[str] = (),
) -> ProofResult:
    """Mails that a killed worker had taken are sent a minute later, unless nobody is so patient.
    `patience` is for all work to end, in seconds."""
    with running(folder, defects) as installation:
        journal = Journal()
        prepare(Client(installation.url))
        faults = Faults(installation, Random(seed))
        started = time.monotonic()
        visitors = put_under_load(installation, faults, seconds, every, seed)
        passed = time.monotonic() - started
        for visitor in visitors:
            journal.adopt(visitor.journal)
        if not is_patient:
            installation.release_mails()
        found = problems(installation, Client(installation.url), journal, patience)
        clients = [visitor.client for visitor in visitors]
        return ProofResult(
            passed, clients, faults, journal, len(installation.sink.deliveries), found
        )


def prepare(client: Client) -> None:
    client.post(f"{LICENSES}/assign", {"user_emails": STUDENTS, "notify_users": False})


def put_under_load(
    installation: Installation, faults: Faults, seconds: float, every: float, seed: int
) -> list[Visitor]:
    """Until the faults are over."""
    over = Event()
    visitors = [
        Visitor(
            number,
            Client(installation.url),
            over,
            installation.introduce,
            Random(seed * 100 + number),
        )
        for number in range(CLIENTS)
    ]
    with ThreadPoolExecutor(CLIENTS) as threads:
        visits = [threads.submit(visitor.visit) for visitor in visitors]
        try:
            faults.inject(seconds, every)
        finally:
            over.set()
        for visit in visits:
            visit.result()
    return visitors


def report(outcome: ProofResult) -> list[str]:
    requests = sum(client.requests for client in outcome.clients)
    failures = sum((client.failures for client in outcome.clients), Counter[str]())
    journal, recoveries = outcome.journal, outcome.faults.recovery_seconds
    rows = [
        ("load and faults", f"{outcome.seconds:.0f} s"),
        ("requests", f"{requests:,} ({requests / outcome.seconds:,.0f}/s)"),
        *(("  failed and repeated: " + kind, f"{n:,}") for kind, n in failures.most_common()),
        *(("fault: " + kind, f"{n}") for kind, n in sorted(outcome.faults.injected.items())),
        ("recoveries", f"{len(recoveries)}, {_longest(recoveries)}"),
        ("assignments acknowledged", f"{len(journal.assignments):,}"),
        ("redemptions acknowledged", f"{len(journal.transactions):,}"),
        ("licenses acknowledged", f"{len(journal.licenses):,}"),
        ("bulk enrollments acknowledged", f"{len(journal.jobs):,}"),
        ("rows of progress acknowledged", f"{len(journal.progress):,}"),
        ("mails owed", f"{len(journal.owed):,}"),
        ("mails that arrived", f"{outcome.mails:,}"),
        ("enrollments that the LMS must have", f"{sum(journal.seats.values()):,}"),
        ("promises lost, doubled or broken", f"{len(outcome.problems):,}"),
    ]
    width = max(len(name) for name, _ in rows)
    table = [f"{name:<{width}}  {value:>16}" for name, value in rows]
    shown = [f"  {problem}" for problem in outcome.problems[:MOST_SHOWN]]
    verdict = "NOT PROVEN:" if shown else "Proven: nothing was lost, and nothing was done twice."
    return [*table, "", verdict, *shown]


def _longest(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none was needed"
    return f"median {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"


if __name__ == "__main__":
    main()
