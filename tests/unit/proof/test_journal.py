"""A proof is worth what it would find."""

import pytest

from proof.journal import Journal, differences

PROMISED = {"ana": "allocated", "ben": "cancelled"}


def test_kept_promises_are_no_difference() -> None:
    assert differences("of", PROMISED, PROMISED.items()) == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ([("ana", "allocated")], "of ben: was acknowledged and is lost"),
        ([*PROMISED.items(), ("ana", "allocated")], "of ana: is there 2 times"),
        ([*PROMISED.items(), ("eve", "allocated")], "of eve: nobody was promised it"),
        (
            [("ana", "allocated"), ("ben", "allocated")],
            "of ben: cancelled was acknowledged, allocated is stored",
        ),
    ],
)
def test_a_broken_promise_is_named(found: list[tuple[str, str]], line: str) -> None:
    assert differences("of", PROMISED, found) == [line]


def test_journals_of_several_clients_become_one() -> None:
    whole = Journal(assignments={"ana": ("1", "allocated")})
    other = Journal(
        assignments={"ben": ("2", "cancelled")},
        transactions={"t": "committed"},
        licenses={"cy": ("3", "assigned")},
        jobs={"j": [("dan", "run")]},
        progress={("eve", "run"): 0.5},
    )
    whole.adopt(other)
    assert whole.assignments == {"ana": ("1", "allocated"), "ben": ("2", "cancelled")}
    assert (whole.transactions, whole.licenses) == (other.transactions, other.licenses)
    assert (whole.jobs, whole.progress) == (other.jobs, other.progress)
