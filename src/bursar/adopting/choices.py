"""What an operator decides about what cannot be adopted as it is: a small YAML file.

duplicate_license: keep_activated        # for all
policy_type:                             # or for one object each
  7f344aea-c28c-4ef0-95e6-fb6e58f98495: leave_out
  "*": leave_out                         # and for the others
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

ALL: Final = "*"
KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "unknown_field": {
        "ignore": "read the object without the fields that this version does not know",
    },
    "duplicate_license": {
        "keep_activated": "the activated one stays, else the oldest; others become unassigned",
        "keep_oldest": "the oldest stays; others become unassigned",
    },
    "license_without_email": {
        "unassign": "the license becomes unassigned",
        "retire": "the license stays in use, by somebody whom nobody can reach",
    },
    "plan_over_size": {
        "keep": "the plan has as many licenses as the dump has",
        "drop_unassigned": "unassigned licenses over the size are left out",
    },
    "missing_catalog": {
        "make_empty": "a catalog of this UUID is made that selects nothing",
        "leave_out": "what needs the catalog is left out",
    },
    "catalog_filter": {
        "make_empty": "the catalog selects nothing, until another filter is declared",
    },
    "missing_subsidy": {
        "leave_out": "the policy is left out, with its assignments",
    },
    "subsidy_unit": {
        "leave_out": "the subsidy is left out, with its policies",
    },
    "policy_type": {
        "leave_out": "the policy is left out, with its assignments",
        "per_learner_spend": "it becomes a PerLearnerSpendCreditAccessPolicy",
        "per_learner_enrollment": "it becomes a PerLearnerEnrollmentCreditAccessPolicy",
    },
    "missing_group": {
        "ignore": "its other groups count; with none left, everybody may spend the policy",
    },
    "transaction_under_way": {
        "commit": "it counts as committed",
        "fail": "it counts as failed, and the money is back",
    },
    "transaction_without_policy": {
        "as_adjustment": "the money moves, and nobody has redeemed it",
    },
    "partial_reversal": {
        "as_adjustment": "the redemption stays committed, and what was given back is an adjustment",
    },
    "assignment_state": {
        "by_transaction": "the assignment becomes what its transaction is, without one errored",
    },
    "duplicate_assignment": {
        "keep_furthest": "the accepted one stays, else the allocated one, else the latest; the"
        " others are cancelled and name nobody",
    },
    "learner_without_address": {
        "leave_out": "the learner and the enrollments are left out",
    },
}
"""What can be decided, and how."""


class ChoicesRefused(Exception):
    """The file of choices is not valid. The text has a line for each problem."""


@dataclass(frozen=True, slots=True)
class Choices:
    made: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By kind and object, or ALL."""

    def of(self, kind: str, about: object) -> str | None:
        """What was decided about an object, or None."""
        made = self.made.get(kind, {})
        return made.get(str(about), made.get(ALL))


def load_choices(path: Path) -> Choices:
    """Raises ChoicesRefused."""
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ChoicesRefused(f"{path}: no YAML: {error}") from error
    if said is None:
        return Choices()
    if not isinstance(said, dict):
        raise ChoicesRefused(f"{path}: choices are a mapping, such as `unknown_field: ignore`")
    made = {str(kind): _by_object(words) for kind, words in said.items()}
    if problems := _problems(made):
        raise ChoicesRefused("\n".join(f"{path}: {problem}" for problem in problems))
    return Choices(made)


def _by_object(words: object) -> dict[str, str]:
    if isinstance(words, dict):
        return {str(about): str(word) for about, word in words.items()}
    return {ALL: str(words)}


def _problems(made: Mapping[str, Mapping[str, str]]) -> list[str]:
    problems = [
        f"{kind}: there is no such choice; there are {', '.join(KINDS)}"
        for kind in made
        if kind not in KINDS
    ]
    return problems + [
        f"{kind}: {word} is none of {', '.join(KINDS[kind])}"
        for kind, words in made.items()
        for word in words.values()
        if word not in KINDS.get(kind, {word: ""})
    ]
