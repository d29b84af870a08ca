"""How a domain says what its tables hold about people, so that one engine can show, export, rename
and erase a person everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table


def _nothing(_at: datetime) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A table with an `enterprise_uuid`, and where people are in it."""

    table: Table
    address: Column[Any] | None = None
    """The column with a learner's e-mail address, as stored: trimmed and in lower case."""
    account: Column[Any] | None = None
    """The column with a learner's `lms_user_id`."""
    learner: Column[Any] | None = None
    """The column with the id of a learner."""
    object_of: tuple[Column[Any], Column[Any]] | None = None
    """The columns with the type and the id of the object that the row is about: `learner` and the
    id of a learner, as text."""
    documents: tuple[Column[Any], ...] = ()
    """JSON columns in which an address can stand anywhere."""
    since: Column[Any] | None = None
    """When the row began to be about the person that it is about now. None: never known."""
    erased: Callable[[datetime], Mapping[str, Any]] = field(default=_nothing)
    """Further values that a row gets at the instant when its person is erased. The engine replaces
    the address and the documents, and empties the account, by itself."""
    follows_renaming: bool = True
    """Whether the row gets the new address when a person's address changes. Rows that tell what
    happened once keep the old one."""
    once_in: tuple[Column[Any], ...] = ()
    """Columns within which an address stands once. A row that the new address of a person has
    already stays, and the one of the old address goes; so such a row takes no address away."""
    is_deleted: bool = False
    """Whether the row goes when its person is erased, rather than get a tombstone."""
    busy: ColumnElement[bool] | None = None
    """Rows of work that is under way with the address, which must end before that changes."""
    busy_with: str = ""
    """What is under way then, such as `a redemption`."""
