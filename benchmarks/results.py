"""One line of the table, and the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

from benchmarks.load import Compared

MEGABYTE = 1_000_000
_HEADINGS = ("measured", "here", "against", "figure", "bound", "", "web ms", "PostgreSQL ms")
_ON_THE_LEFT = {0, 5}


@dataclass(frozen=True)
class Result:
    name: str
    here: str
    against: str
    figure: str
    bound: str = ""
    holds: bool | None = None
    """None where nothing is demanded."""
    web: str = ""
    """Processor milliseconds of the web processes for a request, here and against."""
    database: str = ""

    @property
    def verdict(self) -> str:
        return "" if self.holds is None else "ok" if self.holds else "below"

    @property
    def cells(self) -> tuple[str, ...]:
        judged = self.name, self.here, self.against, self.figure, self.bound, self.verdict
        return *judged, self.web, self.database

    @classmethod
    def of_rates(cls, name: str, rates: Compared, bound: float | None) -> Self:
        """The first rate as a share of the second."""
        ratio = rates.here / rates.against
        return cls(
            name,
            _rate(rates.here),
            _rate(rates.against),
            f"{ratio:.2f}",
            "" if bound is None else f">= {bound:.2f}",
            None if bound is None else ratio >= bound,
            *_costs(rates),
        )

    @classmethod
    def of_rate(cls, name: str, rate: float, bound: int, figure: str = "") -> Self:
        """What was done a second, and what should be."""
        return cls(name, f"{rate:,.0f}/s", "", figure, f">= {bound:,}/s", rate >= bound)

    @classmethod
    def of_calls(cls, name: str, seconds: Sequence[float], bound: int) -> Self:
        """What the usual one of these calls took; the bound in milliseconds."""
        milliseconds = median(seconds) * 1000
        figure = f"{milliseconds:.0f} ms"
        return cls(name, "", "", figure, f"< {bound:,} ms", milliseconds < bound)

    @classmethod
    def of_delay(cls, name: str, seconds: tuple[float, float], bound: float) -> Self:
        """How many times the second the first takes."""
        here, against = seconds
        ratio = here / against
        texts = f"{here * 1000:.1f} ms", f"{against * 1000:.1f} ms", f"{ratio:.2f}"
        return cls(name, *texts, f"< {bound:.2f}", ratio < bound)

    @classmethod
    def of_memory(cls, name: str, size: int, limit: int) -> Self:
        """Both in bytes."""
        figure = f"{size / MEGABYTE:.0f} MB"
        return cls(name, "", "", figure, f"< {limit / MEGABYTE:.0f} MB", size < limit)


def _rate(rate: float) -> str:
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def _costs(rates: Compared) -> tuple[str, ...]:
    if rates.runs is None:
        return ()
    here, against = rates.runs
    return f"{here.web:.2f} / {against.web:.2f}", f"{here.database:.2f} / {against.database:.2f}"


def as_table(results: Sequence[Result]) -> str:
    """Markdown, aligned so that it reads well as plain text too."""
    rows = [_HEADINGS, *(result.cells for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = [_rule(index, width) for index, width in enumerate(widths)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], f"|{'|'.join(rule)}|", *lines[1:]])


def _rule(index: int, width: int) -> str:
    return "-" * (width + 2) if _aligns_left(index) else "-" * (width + 1) + ":"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        _pad(index)(cell, width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _pad(index: int) -> Callable[[str, int], str]:
    return str.ljust if _aligns_left(index) else str.rjust


def _aligns_left(index: int) -> bool:
    return index in _ON_THE_LEFT
