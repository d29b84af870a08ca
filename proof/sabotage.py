"""`./run proof --sabotage`: a proof that says "Proven" of a defective service proves nothing."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

DEFECTS: Final = "PROOF_DEFECTS"
"""The variable that names the defects of a process, separated by commas."""
FORGETFUL_COMMITS: Final = "acknowledge_before_commits_are_durable"
"""A setting of the database, not a patch of Bursar."""

FOUND_AS: Final = {
    "drop_allocation_mails": r"mail to a\S+: none arrived with 'has assigned you'",
    "never_enqueue_bulk_mails": r"mail to student\S+: none arrived with 'has enrolled you'",
    "never_tell_lms_of_enrollments": r"LMS: .* is not enrolled",
    "never_tell_lms_of_reversals": r"LMS: .* is enrolled, and nobody was promised it",
    "only_claim_to_send_mails": r"is said to be delivered and did not arrive",
    "record_mails_before_sending": r"is said to be delivered and did not arrive",
    "repeat_retried_requests": r"nobody was promised it|is there \d+ times|a client met",
    "forget_jobs_of_dead_workers": r"a transaction is not settled|a job is not done",
    "enqueue_three_jobs_of_four": r"a transaction is not settled",
    "read_limits_without_lock": r"narrow budget: .* more than its limit|a client met",
    "leave_out_ledger_entries": r"^check: ",
    "lose_last_row_of_reports": r"progress of .*: was acknowledged and is lost",
    FORGETFUL_COMMITS: r"was acknowledged and is lost|was acknowledged, .* is stored",
}
"""By defect: the line of the verdict that names it, as a pattern."""


def undetected(defects: Iterable[str], problems: Sequence[str]) -> Iterator[str]:
    """The defects of which the verdict has no line."""
    for defect in defects:
        pattern = re.compile(FOUND_AS[defect])
        if not any(pattern.search(problem) for problem in problems):
            yield defect
