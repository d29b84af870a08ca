from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from msgspec import UNSET, UnsetType

from bursar.declarations import are_out_of_order, given

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Declared:
    name: str
    begin: datetime | UnsetType | None = UNSET
    end: datetime | UnsetType | None = UNSET


def test_an_absent_field_is_told_from_null() -> None:
    assert given(Declared("a", begin=None)) == {"name": "a", "begin": None}


def test_only_a_command_has_fields() -> None:
    for other in ("text", Declared, {"name": "a"}):
        with pytest.raises(TypeError):
            given(other)


@pytest.mark.parametrize(
    ("stored", "begin", "end", "expected"),
    [
        (None, EARLY, LATE, False),
        (None, LATE, EARLY, True),
        (None, EARLY, EARLY, True),
        (None, LATE, None, False),
        (Declared("stored", EARLY, LATE), LATE, None, True),
        (Declared("stored", EARLY, LATE), None, EARLY, True),
        (Declared("stored", EARLY, EARLY), None, LATE, False),
    ],
)
def test_an_end_must_come_after_its_begin(
    stored: Declared | None, begin: datetime | None, end: datetime | None, expected: bool
) -> None:
    fields = {"begin": begin, "end": end}
    assert are_out_of_order("begin", "end", stored, fields) is expected
