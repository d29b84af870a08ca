from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from bursar.enrollment.bulk.rules import (
    LANES,
    DecisionFacts,
    Pair,
    PairStatus,
    Run,
    chunks_of,
    next_chunks,
    numbers_of,
    pair_at,
)
from bursar.subscriptions.licenses.commands import UsableLicense

WIDE, NARROW = UUID(int=1), UUID(int=2)
KEY, EMAIL = "run", "ana@acme.example"


def license_(
    number: int, catalog: UUID = WIDE, *, activated: bool = True, account: int | None = None
) -> UsableLicense:
    return UsableLicense(UUID(int=number), UUID(int=number), catalog, activated, account)


def facts(
    *licenses: UsableLicense, is_open: bool = True, account: int | None = None
) -> DecisionFacts:
    return DecisionFacts(
        {EMAIL: licenses},
        {(WIDE, KEY): Run("A run", is_open)},
        {KEY, "elsewhere"},
        {} if account is None else {EMAIL: account},
    )


def decided(by: DecisionFacts, key: str = KEY) -> tuple[PairStatus, str, UUID | None]:
    decision = by.decide(Pair(0, EMAIL, key))
    return decision.status, decision.notes, decision.license_uuid


def test_the_first_license_whose_catalog_has_the_run_pays() -> None:
    by = facts(license_(7, NARROW), license_(8), license_(9))
    assert decided(by) == (PairStatus.SUCCESS, "", UUID(int=8))


def test_an_assigned_license_needs_an_account_from_either_side() -> None:
    waiting = (PairStatus.PENDING, "pending license activation", UUID(int=7))
    good = (PairStatus.SUCCESS, "", UUID(int=7))
    assert decided(facts(license_(7, activated=False))) == waiting
    assert decided(facts(license_(7, activated=False), account=5)) == good
    assert decided(facts(license_(7, activated=False, account=5))) == good


def test_reasons_name_what_is_missing() -> None:
    failed = PairStatus.FAILED
    assert decided(facts(), "nowhere") == (failed, "unknown course run", None)
    assert decided(facts()) == (failed, "missing subscription", None)
    narrow = facts(license_(7, NARROW))
    assert decided(narrow) == (failed, "course run not in catalog", None)
    assert decided(facts(license_(7), is_open=False)) == (failed, "enrollment closed", None)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))
def test_chunks_hold_every_pair_once_and_in_order(
    learners: int, runs: int, chunk_size: int
) -> None:
    emails, keys = [str(n) for n in range(learners)], [str(n) for n in range(runs)]
    total = learners * runs
    numbers = [
        number
        for chunk in range(chunks_of(total, chunk_size))
        for number in numbers_of(total, chunk_size, chunk)
    ]
    pairs = [pair_at(emails, keys, number) for number in numbers]
    assert [(pair.email, pair.course_run_key) for pair in pairs] == [
        (email, key) for email in emails for key in keys
    ]


@given(st.integers(1, 100), st.randoms())
def test_a_worker_that_follows_the_lanes_does_every_chunk(
    number_of_chunks: int, chance: object
) -> None:
    done: set[int] = set()
    while waiting := next_chunks(number_of_chunks, LANES, done):
        assert len(waiting) <= LANES
        done.add(chance.choice(waiting))  # type: ignore[attr-defined]
    assert done == set(range(number_of_chunks))


def test_before_a_job_has_begun_there_is_its_first_chunk_alone() -> None:
    assert next_chunks(100, 1, set()) == [0]
