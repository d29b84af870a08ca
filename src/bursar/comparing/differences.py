"""Where two JSON values differ, by field."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

ABSENT: Final = object()
"""The value of a field that one side does not have."""
_MOST_EXAMPLES: Final = 3
_LONGEST: Final = 60
_ADDRESS: Final = re.compile(r"[^\s\"@|]+@[^\s\"@|]+")


@dataclass(frozen=True, slots=True)
class Difference:
    field: str
    """`course_runs[].seats[].price`; empty for the whole value."""
    old: Any
    new: Any


def differences(old: Any, new: Any, field: str = "") -> Iterator[Difference]:
    """Objects are compared by key, lists by the identity of their objects, or by position."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            inner = f"{field}.{key}" if field else key
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _of_lists(old, new, f"{field}[]")
    elif not _same(old, new):
        yield Difference(field, old, new)


def _of_lists(old: Sequence[Any], new: Sequence[Any], field: str) -> Iterator[Difference]:
    mine, theirs = _by_identity(old), _by_identity(new)
    for key in {**mine, **theirs}:
        yield from differences(mine.get(key, ABSENT), theirs.get(key, ABSENT), field)
    if list(mine) != list(theirs) and mine.keys() == theirs.keys():
        yield Difference(
            f"{field} (order)", list(mine)[:_MOST_EXAMPLES], list(theirs)[:_MOST_EXAMPLES]
        )


def _by_identity(values: Sequence[Any]) -> dict[str, Any]:
    names = [identity(value) for value in values]
    if None in names or len(set(names)) < len(names):
        names = [str(position) for position in range(len(values))]
    return dict(zip(map(str, names), values, strict=True))


def identity(value: Any) -> str | None:
    """What names an object of a list on both sides."""
    if not isinstance(value, dict):
        return value if isinstance(value, str) else None
    # Rows of reports have numbers of their own, which no other service gives them.
    pair = value.get("user_email"), value.get("courserun_key")
    if all(pair):
        return "|".join(map(str, pair))
    told = (value.get(name) for name in ("uuid", "key", "id"))
    return next((str(each) for each in told if isinstance(each, str | int)), None)


def _same(old: Any, new: Any) -> bool:
    # In Python, True equals 1 and 1 equals 1.0, but JSON tells them apart.
    return type(old) is type(new) and bool(old == new)


@dataclass(slots=True)
class Findings:
    """Of one question."""

    name: str
    ignored: frozenset[str] = frozenset()
    compared: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def compare(self, about: str, old: Any, new: Any) -> None:
        self.compared += 1
        for each in differences(old, new):
            self.note(each.field, f"{about}: {shown(each.old)} | {shown(each.new)}")

    def note(self, field: str, example: str) -> None:
        if field in self.ignored or field.rpartition(".")[2] in self.ignored:
            return
        self.counts[field] += 1
        examples = self.examples.setdefault(field, [])
        if len(examples) < _MOST_EXAMPLES:
            examples.append(without_addresses(example))

    def lines(self) -> Iterator[str]:
        for name, count in sorted(self.counts.items()):
            yield f"  {name or 'the answer'}: {count} differ"
            yield from (f"    {example}" for example in self.examples[name])


def shown(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def without_addresses(text: str) -> str:
    return _ADDRESS.sub("[address]", text)


def without_origin(value: Any, origin: str) -> Any:
    """The value with links to the service itself cut short, because hosts differ of course."""
    if isinstance(value, str):
        return value.removeprefix(origin)
    if isinstance(value, list):
        return [without_origin(each, origin) for each in value]
    if isinstance(value, Mapping):
        return {key: without_origin(each, origin) for key, each in value.items()}
    return value
