"""Why a declaration was not followed."""

from collections.abc import Sequence
from typing import TypeAlias

Problem: TypeAlias = tuple[str, str]
"""The field, as a path below the plan, and what is wrong with it."""


class PlanRefused(Exception):
    """The plan cannot be as it is declared; nothing was changed for it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems))
        self.problems = tuple(problems)
