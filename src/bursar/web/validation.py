"""Request bodies: they are decoded once, every field is checked, and errors have the form that
clients know from Django REST framework."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from bursar.web.errors import Refusal


class Body(BaseModel):
    """Base of request bodies: exact types, unknown keys ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class ListBody(RootModel[list[Any]]):
    """Base of bodies that are a list, whose items the route checks: one that is bad stops no other.

    A subclass says how many there may be, and what they are like for the OpenAPI document.
    """

    model_config = ConfigDict(strict=True, frozen=True)


def decode_json(raw: bytes) -> Any:
    """Raises Refusal (400) for anything that is not JSON, however it is broken."""
    try:
        return msgspec.json.decode(raw.removeprefix(BOM_UTF8))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(f"JSON parse error - {error}") from None


def validate(model: type[BaseModel], value: Any) -> tuple[BaseModel | None, dict[str, Any]]:
    """The typed body, or None with every error by field."""
    if issubclass(model, ListBody):
        return _validate_list(model, value)
    if not isinstance(value, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
        return None, {"non_field_errors": [message]}
    errors: dict[str, Any] = {}
    names = (field.alias or name for name, field in model.model_fields.items())
    for location in _nul_locations({name: value.get(name) for name in names}):
        _note(errors, location, "Null characters are not allowed.")
    try:
        body = model.model_validate(value)
    except ValidationError as error:
        return None, field_errors(error.errors(include_url=False), errors)
    return (None, errors) if errors else (body, {})


def _validate_list(model: type[ListBody], value: Any) -> tuple[BaseModel | None, dict[str, Any]]:
    try:
        return model.model_validate(value), {}
    except ValidationError as error:
        return None, field_errors(error.errors(include_url=False))


def problem(message: str) -> PydanticCustomError:
    """For a validator of a body to raise: the message is answered as it is."""
    return PydanticCustomError("value_error", "{error}", {"error": message})


def _nul_locations(value: Any, location: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places of texts with a NUL, which PostgreSQL cannot store. In JSON they can only come
    escaped."""
    if isinstance(value, str):
        if "\x00" in value:
            yield location
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nul_locations(item, (*location, str(index)))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _nul_locations(item, (*location, str(name)))


def field_errors(
    problems: list[ErrorDetails], known: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Errors as `{"field": [...]}`, of items as `{"field": {"0": [...]}}`, added to known ones."""
    found = {} if known is None else known
    for each in problems:
        _note(found, tuple(map(str, each["loc"])), message_of(each))
    return found


def _note(found: dict[str, Any], location: tuple[str, ...], message: str) -> None:
    name, *inner = location or ("non_field_errors",)
    if not inner:
        found.setdefault(name, [])
        if isinstance(found[name], list):
            found[name].append(message)
        return
    nested = found.setdefault(name, {})
    if isinstance(nested, dict):
        _note(nested, tuple(inner), message)


_MESSAGES = {
    "missing": "This field is required.",
    "too_short": "This list may not be empty.",
    "string_too_short": "This field may not be blank.",
    "string_type": "Not a valid string.",
    "int_type": "A valid integer is required.",
    "bool_type": "Must be a valid boolean.",
    "uuid_type": "Must be a valid UUID.",
    "uuid_parsing": "Must be a valid UUID.",
    "extra_forbidden": "There is no such field.",
    "is_instance_of": "Must be a valid UUID.",
    "dict_type": "Expected an object.",
    "model_type": "Expected an object.",
}


_MESSAGES_WITH_BOUND = {
    "greater_than_equal": "Ensure this value is greater than or equal to {ge}.",
    "less_than_equal": "Ensure this value is less than or equal to {le}.",
    "too_long": "Ensure this field has no more than {max_length} elements.",
    "literal_error": "Must be one of: {expected}.",
    "string_too_long": "Ensure this field has no more than {max_length} characters.",
    "value_error": "{error}",
}


def message_of(problem: ErrorDetails) -> str:
    kind = problem["type"]
    if problem.get("input", "") is None and kind != "missing":
        return "This field may not be null."
    if kind == "list_type":
        return f'Expected a list of items but got type "{type(problem["input"]).__name__}".'
    if kind in _MESSAGES_WITH_BOUND:
        return _MESSAGES_WITH_BOUND[kind].format(**problem.get("ctx", {}))
    return _MESSAGES.get(kind, problem["msg"])
