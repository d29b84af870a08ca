"""The operators of a content filter: what operand each takes, and when it holds for a value."""

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any, Final

from bursar.catalog.filters.fields import elements
from bursar.catalog.filters.refusals import Problem
from bursar.remembering import remembered

Predicate = Callable[[object], bool]

_UNNAMEABLE: Final = object()
_NAMING_FIELDS: Final = ("key", "slug", "name")
_BOOLEANS: Final = {"true": True, "false": False}
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,4})?")


def _atoms(value: object) -> Iterable[object]:
    """What a value can equal: itself, its elements, and the names of objects."""
    if not isinstance(value, list | dict):
        return (value,)
    items = elements(value)
    return _with_names(items) if dict in map(type, items) else items


def _with_names(items: Iterable[object]) -> Iterator[object]:
    for item in items:
        if isinstance(item, dict):
            yield from (item[name] for name in _NAMING_FIELDS if item.get(name) is not None)
        else:
            yield item


def _identities(operand: object, is_cased: bool) -> Iterator[object]:
    """What a value's identity may be to equal the operand: `"True"` is the boolean too."""
    yield _identity(operand, is_cased)
    if isinstance(operand, bool):
        yield from (str(operand), str(operand).lower())
    elif isinstance(operand, str) and operand.lower() in _BOOLEANS:
        yield (bool, _BOOLEANS[operand.lower()])


def _identity(atom: object, is_cased: bool) -> object:
    """True is not 1; what no filter can name (an object, a list) is in no set."""
    if isinstance(atom, bool):
        return (bool, atom)
    if isinstance(atom, str):
        return atom if is_cased else atom.casefold()
    return atom if atom is None or isinstance(atom, int | float) else _UNNAMEABLE


def _equals_any(operand: object, is_cased: bool) -> Predicate:
    choices = operand if isinstance(operand, list) else [operand]
    wanted = frozenset(identity for choice in choices for identity in _identities(choice, is_cased))

    def holds(value: object) -> bool:
        # By far the most common value; this runs for every document and filter.
        if isinstance(value, str):
            return (value if is_cased else value.casefold()) in wanted
        return any(_identity(atom, is_cased) in wanted for atom in _atoms(value))

    return holds


def _equals_none(operand: object, is_cased: bool) -> Predicate:
    equals_any = _equals_any(operand, is_cased)
    return lambda value: not equals_any(value)


def _contains(operand: str, _is_cased: bool) -> Predicate:
    needle = operand.casefold()
    return lambda value: any(
        isinstance(atom, str) and needle in atom.casefold() for atom in _atoms(value)
    )


def _exists(operand: object, _is_cased: bool) -> Predicate:
    wanted = _boolean(operand)
    return lambda value: (value is not None) is wanted


def _boolean(operand: object) -> object:
    return _BOOLEANS.get(operand.lower()) if isinstance(operand, str) else operand


def _compares(relation: Callable[[Any, Any], bool]) -> Callable[[object, bool], Predicate]:
    def compile_operand(operand: object, _is_cased: bool) -> Predicate:
        number, moment = _number(operand), _moment(operand)

        def atom_holds(atom: object) -> bool:
            if number is not None and (left := _number(atom)) is not None:
                return relation(left, number)
            if moment is not None and (instant := _moment(atom)) is not None:
                return relation(instant, moment)
            return False

        return lambda value: any(atom_holds(atom) for atom in _atoms(value))

    return compile_operand


def _number(value: object) -> int | float | None:
    """Numbers and numeric strings (prices are strings); whole ones stay exact."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value) if set(".eE") & set(value) else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _moment(value: object) -> datetime | None:
    return _instant(value) if isinstance(value, str) else None


@remembered(8192)  # many filters ask for the same few dates of a document
def _instant(text: str) -> datetime | None:
    """ISO 8601; a day is its midnight, and a time without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    # A longer integer cannot be written as JSON again.
    if isinstance(value, int):
        return value.bit_length() < 1024
    return isinstance(value, str) or value is None


def with_paths(key: str, operand: object) -> list[tuple[str, object]]:
    if isinstance(operand, list):
        return [(f"{key}[{index}]", item) for index, item in enumerate(operand)]
    return [(key, operand)]


def _check_scalars(key: str, operand: object) -> list[Problem]:
    message = "must be a string, a number, a boolean or null"
    return [(path, message) for path, value in with_paths(key, operand) if not _is_scalar(value)]


def _check_list(key: str, operand: object) -> list[Problem]:
    if not isinstance(operand, list):
        return [(key, "must be a list")]
    return _check_scalars(key, operand)


def _check_comparable(key: str, operand: object) -> list[Problem]:
    comparable = _number(operand) is not None or _moment(operand) is not None
    return (
        []
        if comparable and _is_scalar(operand)
        else [(key, "must be a number or an ISO 8601 date")]
    )


def _check_text(key: str, operand: object) -> list[Problem]:
    return [] if isinstance(operand, str) else [(key, "must be a string")]


def _check_boolean(key: str, operand: object) -> list[Problem]:
    return [] if isinstance(_boolean(operand), bool) else [(key, "must be true or false")]


@dataclass(frozen=True, slots=True)
class Operator:
    check: Callable[[str, object], list[Problem]]
    compile: Callable[[Any, bool], Predicate]
    """Takes the operand, and whether text compares in its case."""


OPERATORS: Final = {
    "exact": Operator(_check_scalars, _equals_any),
    "in": Operator(_check_list, _equals_any),
    "not": Operator(_check_scalars, _equals_none),
    "exclude": Operator(_check_scalars, _equals_none),
    "gt": Operator(_check_comparable, _compares(gt)),
    "gte": Operator(_check_comparable, _compares(ge)),
    "lt": Operator(_check_comparable, _compares(lt)),
    "lte": Operator(_check_comparable, _compares(le)),
    "icontains": Operator(_check_text, _contains),
    "exists": Operator(_check_boolean, _exists),
}
KNOWN_SUFFIXES: Final = ", ".join(f"__{suffix}" for suffix in OPERATORS)
