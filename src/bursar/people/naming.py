"""Recognises a person in JSON and in text, and takes the person out. No function has effects."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from bursar.emails import NOBODY, normalised, readable

PERSONAL: Final = frozenset(
    {
        "country",
        "enterprise_sso_uid",
        "enterprise_user_id",
        "lms_user_id",
        "sso_uid",
        "user_account_creation_date",
        "user_country",
        "user_sfid",
        "user_username",
        "username",
    }
)
"""Keys of JSON objects about a person that hold more about the person than the address."""

_BEFORE, _AFTER = r"(?<![\w.!#$%&'*+/=?^`{|}~-])", r"(?![\w-]|\.\w)"
_ADDRESS: Final = re.compile(r"[^\s@,:;<>()\[\]\\\"']+@[^\W_](?:[\w.-]*[^\W_])?")


ANOTHER: Final = "(another person)"


def new_tombstone() -> str:
    """An address that stands for an erased one; nobody can ever receive mail there."""
    return f"erased_user{uuid4().hex}{NOBODY}"


@dataclass(frozen=True, slots=True)
class Names:
    """What a person is recognised by."""

    addresses: Sequence[str]
    accounts: Sequence[int]
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Longest first, and never inside of a longer address: `ana@x.org` is not in `diana@x.org`.
        longest = sorted(self.spellings, key=len, reverse=True)
        either = "|".join(map(re.escape, longest))
        pattern = re.compile(f"{_BEFORE}(?:{either}){_AFTER}", re.IGNORECASE)
        object.__setattr__(self, "_pattern", pattern)

    @property
    def spellings(self) -> list[str]:
        """The addresses; those of an international domain also as people write them, and as
        older versions stored them."""
        return list(dict.fromkeys((*self.addresses, *map(readable, self.addresses))))

    def are_in(self, value: object) -> bool:
        """Whether an address stands anywhere in a JSON value."""
        if isinstance(value, str):
            return self._pattern.search(value) is not None
        if isinstance(value, dict):
            return any(self.are_in(each) for pair in value.items() for each in pair)
        return isinstance(value, list | tuple) and any(map(self.are_in, value))

    def replaced(self, text: str, by: Mapping[str, str]) -> str:
        """A text with other addresses, by those of the person, in their places."""
        return self._pattern.sub(lambda found: by.get(normalised(found[0]), found[0]), text)

    def own(self, value: Any) -> Any:
        """A JSON value without the addresses of other people."""
        if isinstance(value, str):
            return _ADDRESS.sub(lambda found: found[0] if self.are_in(found[0]) else ANOTHER, value)
        if isinstance(value, list | tuple):
            return [each for each in map(self.own, value) if each != ANOTHER]
        if isinstance(value, dict):
            return {self.own(key): self.own(each) for key, each in value.items()}
        return value

    def erased(self, value: Any, by: Mapping[str, str]) -> Any:
        """A JSON value with other addresses in place of the person's, and without what else it
        says of the person."""
        if isinstance(value, str):
            return self.replaced(value, by)
        if isinstance(value, list | tuple):
            return [self.erased(each, by) for each in value]
        if not isinstance(value, dict):
            return value
        is_person = self.describe(value)
        return {
            self.replaced(key, by): (
                emptied(each) if is_person and key in PERSONAL else self.erased(each, by)
            )
            for key, each in value.items()
        }

    def describe(self, value: object) -> bool:
        """Whether a JSON object is about this person: an address or the account is one of its
        values, or one of the old and new values of a change."""
        if not isinstance(value, dict):
            return False
        for key, each in value.items():
            several = each if isinstance(each, list | tuple) else [each]
            if any(isinstance(one, str) and self._pattern.fullmatch(one) for one in several):
                return True
            if key == "lms_user_id" and any(one in self.accounts for one in several):
                return True
        return False


def addresses_in(text: str) -> set[str]:
    """What may be addresses in a text, as they are compared."""
    return {normalised(found) for found in _ADDRESS.findall(text)}


def emptied(value: object) -> object:
    """Null; for the old and the new value of a change, two of them."""
    return [None] * len(value) if isinstance(value, list | tuple) else None


def all_emptied(changes: dict[str, Any]) -> dict[str, Any]:
    """The changes of a learner: which fields changed, but not what they held."""
    return {key: emptied(each) if key in PERSONAL else each for key, each in changes.items()}
