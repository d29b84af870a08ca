"""How query parameters name a learner."""

import re
from typing import Annotated, Final
from uuid import UUID

from bursar.emails import from_query
from bursar.web.fields import LARGEST_INTEGER
from bursar.web.query import IDENTIFIER, Errors, Parameter, Query, visible

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_WHOLE: Final = {"type": "integer", "minimum": -LARGEST_INTEGER - 1, "maximum": LARGEST_INTEGER}


def _user_id(text: str) -> int:
    """Raises ValueError for what no column of 64 bits can hold."""
    if not _INTEGER.fullmatch(text.strip()):
        raise ValueError(text)
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError(text)
    return value


ADDRESS: Final = Parameter(lambda given: from_query(visible(given)))
ACCOUNT: Final = Parameter(_user_id, "Enter a whole number.", _WHOLE)


class OfEnterpriseQuery(Query, frozen=True, kw_only=True):
    enterprise_customer_uuid: Annotated[UUID, IDENTIFIER, "The enterprise."]


def one_is_required(email_name: str, email: str | None, lms_user_id: int | None) -> Errors:
    """The error of a query that names no learner."""
    if email is None and lms_user_id is None:
        return {"non_field_errors": [f"Give {email_name} or lms_user_id."]}
    return {}


def just_one(email: str | None, lms_user_id: int | None) -> Errors:
    """The error of a query that names no learner, or two."""
    if (email is None) == (lms_user_id is None):
        return {"non_field_errors": ["Give either email or lms_user_id."]}
    return {}
