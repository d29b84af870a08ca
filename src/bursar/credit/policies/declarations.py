"""What declaring subsidies and policies has in common."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.credit.models import AssignmentConfiguration, Policy, Subsidy

Outcome = Literal["created", "changed", "unchanged"]
Problem = tuple[str, str]
"""The field, as a path below what is declared, and what is wrong with it."""

FOREIGN: Final = "belongs to another enterprise"
FIXED: Final = "cannot be changed"

Owned = TypeVar("Owned", Subsidy, Policy)


class Refused(Exception):
    """What is declared cannot be; nothing was changed for it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems))
        self.problems = tuple(problems)


def owned(session: Session, model: type[Owned], uuid: UUID, enterprise_uuid: UUID) -> Owned | None:
    """As it is stored now. Raises Refused when it is another enterprise's."""
    stored = session.get(model, uuid, populate_existing=True)
    if stored is not None and stored.enterprise_uuid != enterprise_uuid:
        raise Refused([("uuid", FOREIGN)])
    return stored


def missing(required: Iterable[str], fields: Mapping[str, Any], *, is_new: bool) -> list[Problem]:
    """What may not be left out of something new, nor ever be null."""
    return [
        (name, "required")
        for name in required
        if fields.get(name) is None and (is_new or name in fields)
    ]


def set_fields(
    row: Subsidy | Policy | AssignmentConfiguration,
    names: Iterable[str],
    fields: Mapping[str, Any],
) -> list[str]:
    """The names of those that had another value."""
    changed = [name for name in names if name in fields and getattr(row, name) != fields[name]]
    for name in changed:
        setattr(row, name, fields[name])
    return changed


def outcome_of(*, is_new: bool, is_changed: bool) -> Outcome:
    if is_new:
        return "created"
    return "changed" if is_changed else "unchanged"
