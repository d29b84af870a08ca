"""JSON, and the records that answers are read into."""

from functools import cache
from typing import TypeVar

import msgspec

from bursar_client.errors import UnexpectedAnswer

RecordT = TypeVar("RecordT", bound="Record")


class Record(msgspec.Struct, kw_only=True):
    """What an answer holds. A server may know more fields than this version of the client."""

    extra: dict[str, object] = msgspec.field(default_factory=dict, name="")
    """The keys of the answer that have no field here."""


@cache
def _names(kind: type[Record]) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))


def read(kind: type[RecordT], value: object) -> RecordT:
    """Services differ in how they write a number: `"0.00"` is read where `0.0` is meant."""
    try:
        record = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise UnexpectedAnswer(f"The answer is no {kind.__name__}: {error}") from error
    if isinstance(value, dict):
        record.extra = {name: value[name] for name in value.keys() - _names(kind)}
    return record


def decode(content: bytes) -> object:
    try:
        found: object = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        start = content[:80].decode(errors="replace")
        raise UnexpectedAnswer(f"The answer is not JSON: {error}. It begins: {start}") from error
    return found


def encode(value: object) -> bytes:
    return msgspec.json.encode(value)


def as_object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise UnexpectedAnswer(f"The answer is not an object but {type(value).__name__}.")
    return value


def as_list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise UnexpectedAnswer(f"The answer is not a list but {type(value).__name__}.")
    return value


def as_text(value: object) -> str | None:
    return value if isinstance(value, str) else None
