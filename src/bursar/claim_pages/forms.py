"""What the forms of claim pages say."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

MAX_FORM_BYTES: Final = 16 * 1024
_MOST_FIELDS: Final = 20
LONGEST_SEARCH: Final = 100
_LONGEST_KEY: Final = 255


class Action(StrEnum):
    TAKE = "take"
    SHARE = "share"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Form:
    action: Action = Action.TAKE
    course_key: str | None = None
    """Of the course to be enrolled in."""
    shares_progress: bool = False


def form_of(body: bytes) -> Form:
    """What cannot be read counts as left out, so that a button always does what it says."""
    fields = _fields(body)
    action = fields.get("action", "")
    key = fields.get("course")
    return Form(
        Action(action) if action in set(Action) else Action.TAKE,
        key if key and len(key) <= _LONGEST_KEY else None,
        fields.get("share") == "yes",
    )


def searched(query: bytes) -> str | None:
    """The text of the search, in one line; None when nothing was searched for."""
    text = _fields(query).get("q")
    return None if text is None else " ".join(text[:LONGEST_SEARCH].split())


def _fields(encoded: bytes) -> dict[str, str]:
    try:
        parsed = parse_qs(encoded.decode(), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        return {}
    return {name: values[-1] for name, values in parsed.items()}
