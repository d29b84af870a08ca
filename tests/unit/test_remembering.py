"""Answers are remembered for short texts only."""

from bursar.remembering import LONGEST_REMEMBERED, remembered


def test_an_answer_is_worked_out_once_for_a_short_text() -> None:
    calls: list[str] = []

    @remembered(2)
    def length(text: str) -> int:
        calls.append(text)
        return len(text)

    assert [length(text) for text in ("a", "bb", "a", "ccc", "bb")] == [1, 2, 1, 3, 2]
    assert calls == ["a", "bb", "ccc", "bb"]


def test_a_long_text_is_not_kept() -> None:
    calls: list[int] = []

    @remembered(2)
    def length(text: str) -> int:
        calls.append(len(text))
        return len(text)

    longest, longer = "x" * LONGEST_REMEMBERED, "x" * (LONGEST_REMEMBERED + 1)
    for text in (longest, longer, longest, longer):
        assert length(text) == len(text)
    assert calls == [LONGEST_REMEMBERED, LONGEST_REMEMBERED + 1, LONGEST_REMEMBERED + 1]
