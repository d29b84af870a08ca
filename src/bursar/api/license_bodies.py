"""Request bodies of the license endpoints."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    WithJsonSchema,
    model_validator,
)
from pydantic_core.core_schema import no_info_plain_validator_function

from bursar.invisible import refuse_invisible
from bursar.subscriptions.licenses.commands import LicenseFilter
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.web.fields import MOST_ITEMS, EmailAddresses
from bursar.web.validation import Body, problem

SFID_LENGTH: Final = 18
LONGEST_TEXT: Final = 5000
MOST_FILTERS: Final = 100
_STATUSES: Final = [status.value for status in LicenseStatus]


def _sfid(text: str | None) -> str | None:
    text = text.strip() if text else None
    if text and len(text) != SFID_LENGTH:
        raise ValueError(f"Ensure this field has exactly {SFID_LENGTH} characters.")
    return text or None


_SFID_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [{"type": "string", "pattern": r"^\s*(\S[\s\S]{16}\S)?\s*$"}, {"type": "null"}]
}
Sfid = Annotated[str | None, AfterValidator(_sfid), WithJsonSchema(_SFID_SCHEMA)]
LetterText = Annotated[str, Field(max_length=LONGEST_TEXT)]


class AssignBody(Body):
    user_emails: EmailAddresses
    user_sfids: list[Sfid] = Field(default_factory=list, max_length=MOST_ITEMS)
    greeting: LetterText = ""
    closing: LetterText = ""
    notify_users: bool = True

    @model_validator(mode="after")
    def _has_an_id_for_each(self) -> Self:
        is_given = "user_sfids" in self.model_fields_set
        if is_given and len(self.user_sfids) != len(self.user_emails):
            raise problem("Give exactly one of user_sfids for each of user_emails.")
        return self

    @property
    def sfids_by_email(self) -> dict[str, str | None]:
        """In the order of the request; a repeated e-mail keeps its first id."""
        found: dict[str, str | None] = {}
        sfids = self.user_sfids or [None] * len(self.user_emails)
        for email, sfid in zip(self.user_emails, sfids, strict=True):
            found.setdefault(email, sfid)
        return found


def _filter(value: object) -> LicenseFilter:
    """In the documented form, or named: `{"name": "user_email", "filter_value": "al"}`."""
    if not isinstance(value, dict):
        raise ValueError("Expected an object.")
    if "name" in value or "filter_value" in value:
        value = _unnamed(value)
    unknown = sorted(value.keys() - {"user_email", "status_in"})
    if unknown or not value:
        raise ValueError("Expected user_email or status_in.")
    return LicenseFilter(
        _part_of_email(value["user_email"]) if "user_email" in value else None,
        _statuses(value["status_in"]) if "status_in" in value else None,
    )


def _unnamed(value: Mapping[object, object]) -> dict[object, object]:
    if value.keys() != {"name", "filter_value"} or not isinstance(value["name"], str):
        raise ValueError("Expected name and filter_value.")
    return {value["name"]: value["filter_value"]}


def _part_of_email(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("user_email: Not a valid string.")
    if not value.strip():
        raise ValueError("user_email: This field may not be blank.")
    try:
        refuse_invisible(value)
    except ValueError as error:
        raise ValueError(f"user_email: {error}") from None
    return value.strip()


def _statuses(value: object) -> frozenset[LicenseStatus]:
    if not isinstance(value, list):
        raise ValueError("status_in: Expected a list of items.")
    if not value:
        raise ValueError("status_in: This list may not be empty.")
    if any(status not in _STATUSES for status in value):
        raise ValueError(f"status_in: Valid values are {', '.join(_STATUSES)}.")
    return frozenset(map(LicenseStatus, value))


_STATUS_IN: Final = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "enum": _STATUSES},
}
_PART_OF_EMAIL: Final = {"type": "string", "minLength": 1, "pattern": r"\S"}
_FILTER_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "user_email": _PART_OF_EMAIL,
                "status_in": _STATUS_IN,
            },
            "minProperties": 1,
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"name": {"const": "user_email"}, "filter_value": _PART_OF_EMAIL},
            "required": ["name", "filter_value"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"name": {"const": "status_in"}, "filter_value": _STATUS_IN},
            "required": ["name", "filter_value"],
            "additionalProperties": False,
        },
    ]
}
Filter = Annotated[
    LicenseFilter,
    # Nothing of the class itself: its fields are named otherwise, and no part of the document.
    GetPydanticSchema(lambda _source, _handler: no_info_plain_validator_function(_filter)),
    WithJsonSchema(_FILTER_SCHEMA),
]


_ONE_WAY: Final[dict[str, Any]] = {
    "oneOf": [{"required": ["user_emails"]}, {"required": ["filters"]}]
}


class RevokeBody(Body):
    model_config = ConfigDict(json_schema_extra=_ONE_WAY)

    user_emails: EmailAddresses = Field(default_factory=list)
    filters: list[Filter] = Field(default_factory=list, min_length=1, max_length=MOST_FILTERS)

    @model_validator(mode="after")
    def _names_them_one_way(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise problem("Give either user_emails or filters.")
        return self


class RemindBody(Body):
    user_emails: EmailAddresses
