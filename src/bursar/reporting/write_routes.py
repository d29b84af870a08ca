"""Takes what an LMS reports of learners' progress."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.enrollment.progress.reported_rows import (
    EMAIL_NAMES,
    FIELDS,
    LONGEST_KEY,
    RUN_NAME,
    BadRow,
    ReportedRow,
    parse_object,
)
from bursar.enrollment.progress.service import store_reported
from bursar.reporting.schemas import ProgressAnswer
from bursar.web.call import Answer, Call, enterprise_of
from bursar.web.fields import MOST_ITEMS
from bursar.web.validation import Body

PATH: Final = "/enterprise/v3/enterprise-customer/{enterprise_uuid:uuid}/learner-progress"
_EMAIL_SCHEMA: Final = {"type": "string", "format": "email"}
_EMAIL_OR_NOTHING: Final = {"anyOf": [_EMAIL_SCHEMA, {"enum": ["", None]}]}
_ROW_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(EMAIL_NAMES, _EMAIL_OR_NOTHING),
        RUN_NAME: {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
        **{name: {"anyOf": [dict(kind.schema), {"type": "null"}]} for name, kind in FIELDS.items()},
    },
    "required": [RUN_NAME],
    "anyOf": [{"required": [name], "properties": {name: _EMAIL_SCHEMA}} for name in EMAIL_NAMES],
}


def _row(value: Any) -> ReportedRow:
    """Each error at its field of the row."""
    try:
        return parse_object(value)
    except BadRow as bad:
        raise ValidationError.from_exception_data(
            "row",
            [
                _problem(name, message, value)
                for name, messages in bad.errors.items()
                for message in messages
            ],
        ) from None


def _problem(name: str, message: str, value: Any) -> InitErrorDetails:
    problem = PydanticCustomError("value_error", "{error}", {"error": message})
    return InitErrorDetails(type=problem, loc=(name,), input=value)


Row = Annotated[Any, AfterValidator(_row), WithJsonSchema(_ROW_SCHEMA)]


class ProgressBody(Body):
    enrollments: Annotated[list[Row], Field(min_length=1, max_length=MOST_ITEMS)]


def report_progress(call: Call, session: Session, body: Any) -> Answer:
    rows: list[ReportedRow] = body.enrollments
    actor = Actor(call.principal.client_id, call.request_id)
    stored = store_reported(session, actor, enterprise_of(call), rows, call.now)
    return Answer(ProgressAnswer(stored.created, stored.changed, stored.unchanged))
