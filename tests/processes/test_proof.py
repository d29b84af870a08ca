"""The proof itself works: a short one, with a fault of every kind."""

from pathlib import Path

import pytest

from proof.__main__ import prove, prove_defective, report
from proof.sabotage import FOUND_AS, undetected
from proof.sabotaged import PATCHES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_short_proof_holds(tmp_path: Path) -> None:
    outcome = prove(tmp_path, seconds=12, every=2, seed=2, is_patient=False)
    assert outcome.problems == []
    assert outcome.faults.injected["database killed"] == 1
    assert outcome.faults.injected["primary lost"] == 1
    assert outcome.faults.injected["workers killed while they sent a mail"] == 1
    assert outcome.faults.injected["workers killed while the LMS enrolled"] == 1
    assert outcome.faults.injected.total() > 1
    journal = outcome.journal
    assert all((journal.assignments, journal.transactions, journal.licenses, journal.progress))
    assert report(outcome)[-1] == "Proven: nothing was lost, and nothing was done twice."


def test_a_proof_finds_what_is_broken_on_purpose(tmp_path: Path) -> None:
    """Defects that do not hide each other, in one run; `./run proof --sabotage` tries each."""
    defects = [
        "drop_allocation_mails",
        "never_enqueue_bulk_mails",
        "never_tell_lms_of_reversals",
        "enqueue_three_jobs_of_four",
        "read_limits_without_lock",
        "leave_out_ledger_entries",
        "lose_last_row_of_reports",
        "acknowledge_before_commits_are_durable",
    ]
    outcome = prove_defective(tmp_path, defects, seed=2)
    assert list(undetected(defects, outcome.problems)) == [], outcome.problems


def test_each_defect_has_its_line_in_the_verdict() -> None:
    assert set(PATCHES) == set(FOUND_AS) - {"acknowledge_before_commits_are_durable"}
