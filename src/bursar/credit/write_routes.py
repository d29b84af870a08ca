"""What changes learner credit: allocate, remind, cancel, redeem, reverse."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit import allocation, changes, jobs, redemption, settlement
from bursar.credit.filters import AssignmentFilters
from bursar.credit.mail import LinkTo
from bursar.credit.schemas import assignment_item
from bursar.credit.states import IllegalMove
from bursar.credit.write_schemas import AllocationAnswer, transaction_item
from bursar.web.call import Answer, Call
from bursar.web.errors import BusinessRule, NotFound
from bursar.web.fields import (
    LARGEST_INTEGER,
    Cents,
    EmailAddress,
    EmailAddresses,
    Identifiers,
    Text,
)
from bursar.web.validation import Body


class AllocateBody(Body):
    learner_emails: EmailAddresses
    content_key: Text
    content_price_cents: Cents


class AssignmentsBody(Body):
    assignment_uuids: Identifiers


def _just_one_learner(schema: dict[str, Any]) -> None:
    """Says in the OpenAPI document what `_names_one_learner` demands."""
    kinds = {"learner_email": "string", "lms_user_id": "integer"}
    schema["oneOf"] = [
        {
            "required": [given],
            "properties": {
                name: {"type": kind if name == given else "null"} for name, kind in kinds.items()
            },
        }
        for given in kinds
    ]


class RedeemBody(Body):
    model_config = ConfigDict(json_schema_extra=_just_one_learner)

    content_key: Text
    learner_email: EmailAddress | None = None
    lms_user_id: Annotated[int, Field(ge=1, le=LARGEST_INTEGER)] | None = None

    @model_validator(mode="after")
    def _names_one_learner(self) -> Self:
        if (self.learner_email is None) == (self.lms_user_id is None):
            message = "Give either learner_email or lms_user_id."
            raise PydanticCustomError("value_error", "{error}", {"error": message})
        return self


def _actor(call: Call) -> Actor:
    return Actor(call.principal.client_id, call.request_id)


def _link(call: Call) -> LinkTo:
    row = call.found
    return LinkTo(call.settings.lms_public_url, row.enterprise_uuid, row.slug, row.catalog_uuid)


def allocate(call: Call, session: Session, body: Any) -> Answer:
    asked: AllocateBody = body
    row = call.found
    place = allocation.Place(
        row.enterprise_uuid,
        row.uuid,
        row.catalog_uuid,
        row.configuration_uuid,
        row.configuration_active,
        _link(call),
    )
    wish = allocation.Wish(
        tuple(dict.fromkeys(asked.learner_emails)), asked.content_key, asked.content_price_cents
    )
    done = allocation.allocate(
        session,
        _actor(call),
        place,
        wish,
        tolerance_percent=call.settings.price_tolerance_percent,
        now=call.now,
    )
    content = AllocationAnswer(
        *(
            [assignment_item(each, done.actions.get(each.uuid, ())) for each in rows]
            for rows in (done.updated, done.created, done.no_change)
        )
    )
    return Answer(content, status=202)


def remind(call: Call, session: Session, body: Any) -> Answer:
    asked: AssignmentsBody = body
    uuids = list(dict.fromkeys(asked.assignment_uuids))
    changes.remind(
        session,
        _actor(call),
        configuration_uuid=call.found.uuid,
        link=_link(call),
        uuids=uuids,
        now=call.now,
    )
    return Answer()


def cancel(call: Call, session: Session, body: Any) -> Answer:
    asked: AssignmentsBody = body
    changes.cancel(
        session,
        _actor(call),
        enterprise_uuid=call.found.enterprise_uuid,
        policy_uuid=call.found.policy_uuid,
        configuration_uuid=call.found.uuid,
        uuids=list(dict.fromkeys(asked.assignment_uuids)),
        now=call.now,
    )
    return Answer()


def remind_all(call: Call, session: Session, _body: Any) -> Answer:
    filters: AssignmentFilters = call.parameters
    conditions = filters.conditions(call.found.uuid)
    if not changes.remind_all(session, _actor(call), _link(call), conditions, call.now):
        raise NotFound
    return Answer(status=202)


def cancel_all(call: Call, session: Session, _body: Any) -> Answer:
    filters: AssignmentFilters = call.parameters
    cancelled = changes.cancel_all(
        session,
        _actor(call),
        enterprise_uuid=call.found.enterprise_uuid,
        policy_uuid=call.found.policy_uuid,
        conditions=filters.conditions(call.found.uuid),
        now=call.now,
    )
    if not cancelled:
        raise NotFound
    return Answer(status=202)


def redeem(call: Call, session: Session, body: Any) -> Answer:
    asked: RedeemBody = body
    row = call.found
    transaction = redemption.redeem(
        session,
        _actor(call),
        enterprise_uuid=row.enterprise_uuid,
        policy_uuid=row.uuid,
        configuration_uuid=row.configuration_uuid,
        wish=redemption.Redemption(asked.content_key, asked.learner_email, asked.lms_user_id),
        now=call.now,
    )
    jobs.enqueue_enrollment(call.services.queue, session, row.enterprise_uuid, transaction.uuid)
    where = call.url.rstrip("/").removesuffix("redeem") + f"transactions/{transaction.uuid}/"
    return Answer(transaction_item(transaction), headers={"Location": where})


def get_transaction(call: Call, _connection: Connection) -> Answer:
    return Answer(transaction_item(call.found))


def reverse(call: Call, session: Session, _body: Any) -> Answer:
    row = call.found
    try:
        transaction = settlement.reverse(
            session, _actor(call), row.enterprise_uuid, row.uuid, call.now
        )
    except IllegalMove as error:
        detail = f"Only a committed transaction can be reversed; this one is {error.state}."
        raise BusinessRule(detail) from None
    jobs.enqueue_end(call.services.queue, session, row.enterprise_uuid, row.uuid)
    return Answer(transaction_item(transaction))
