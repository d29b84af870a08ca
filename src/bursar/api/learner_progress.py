"""`learner-progress` over HTTP: what an LMS reports of its learners."""

from typing import Annotated, Any, Final

import msgspec
from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, core_schema
from sqlalchemy.orm import Session

from bursar import clock
from bursar.api.learner_summary import OwnedEnterprise
from bursar.enrollment.commands import ReportSource
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
from bursar.web.fields import MOST_ITEMS
from bursar.web.request import Caller
from bursar.web.routes import Routes
from bursar.web.validation import Body, problem

routes: Final = Routes("learner-summary")
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


def _row(value: object) -> ReportedRow:
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


def _problem(name: str, message: str, value: object) -> InitErrorDetails:
    return InitErrorDetails(type=problem(message), loc=(name,), input=value)


class _AsRow:
    """Has pydantic read a row as reports are read everywhere. PlainValidator would do it too, and
    would add a schema of ReportedRow's insides to the OpenAPI document."""

    def __get_pydantic_core_schema__(
        self, _source: type, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_row)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(_ROW_SCHEMA)


Row = Annotated[ReportedRow, _AsRow()]


class ProgressBody(Body):
    enrollments: Annotated[list[Row], Field(min_length=1, max_length=MOST_ITEMS)]


class ProgressAnswer(msgspec.Struct):
    """How many of the rows told of an enrollment that was new, changed it, or said nothing new."""

    created: int
    changed: int
    unchanged: int


@routes.put(
    "/enterprise/v3/enterprise-customer/{enterprise_uuid:uuid}/learner-progress",
    example={"created": 1, "changed": 2, "unchanged": 0},
)
def report_progress(
    enterprise: OwnedEnterprise, body: ProgressBody, caller: Caller, session: Session
) -> ProgressAnswer:
    """Report progress

    What an LMS knows of up to 10,000 enrollments: all of them are stored, or none. An enrollment is
    that of a learner in a course run; unknown learners are made. Fields that a row leaves out stay
    as they are, null takes a value away, and the fields that the report derives are ignored. Saying
    it again changes nothing.
    """
    stored = store_reported(
        session,
        caller.actor,
        enterprise.enterprise_uuid,
        body.enrollments,
        source=ReportSource.API,
        at=clock.now(),
    )
    return ProgressAnswer(stored.created, stored.changed, stored.unchanged)
