"""Fields that request bodies share, with the messages that clients know from Django REST
framework."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from bursar import emails
from bursar.invisible import refuse_invisible
from bursar.web.parameters import parse_uuid

LARGEST_INTEGER: Final = 2**63 - 1
MOST_ITEMS: Final = 10_000


def _email(text: str) -> str:
    return emails.normalised(emails.checked(text))


def _uuid(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("Must be a valid UUID.")
    try:
        return parse_uuid(value)
    except ValueError:
        raise ValueError("Must be a valid UUID.") from None


_NOT_BLANK: Final = r"\S"
EmailAddress = Annotated[
    str, AfterValidator(_email), Field(json_schema_extra={"format": "email", "maxLength": 254})
]
"""An address, trimmed and put into lower case."""
Identifier = Annotated[UUID, BeforeValidator(_uuid)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=255),
    Field(json_schema_extra={"pattern": _NOT_BLANK}),
]
"""Text that is trimmed and must not be blank."""


def _visible(text: str) -> str:
    refuse_invisible(text)
    return text


Visible: Final = AfterValidator(_visible)
"""Of a key: refuses a character that nobody sees, and names it."""
Key = Annotated[Text, Visible]
"""The key of content, such as `edX+DemoX`."""
Cents = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
EmailAddresses = Annotated[list[EmailAddress], Field(min_length=1, max_length=MOST_ITEMS)]
Identifiers = Annotated[list[Identifier], Field(min_length=1, max_length=MOST_ITEMS)]
