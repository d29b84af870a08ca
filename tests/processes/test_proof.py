"""The proof itself works: a short one, with a fault of every kind."""

from pathlib import Path

import pytest

from proof.__main__ import prove, report

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_short_proof_holds(tmp_path: Path) -> None:
    outcome = prove(tmp_path, seconds=9, every=2, seed=2, is_patient=False)
    assert outcome.problems == []
    assert outcome.faults.injected["database stopped"] == 1
    assert outcome.faults.injected["primary lost"] == 1
    assert outcome.faults.injected.total() > 2
    journal = outcome.journal
    assert all((journal.assignments, journal.transactions, journal.licenses, journal.progress))
    assert report(outcome)[-1] == "Proven: nothing was lost, and nothing was done twice."
