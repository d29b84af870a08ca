"""Redemptions over HTTP: redeem, look up a transaction, reverse it."""

from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.credit.policies.owned import POLICY
from bursar.credit.redemption import jobs, owned, settlement
from bursar.credit.redemption import service as redemption
from bursar.credit.redemption.views import TransactionItem, transaction_item
from bursar.credit.states import IllegalMove
from bursar.web.call import Answer, Call
from bursar.web.endpoint import Documentation, Endpoint, Link
from bursar.web.errors import BusinessRule
from bursar.web.fields import (
    LARGEST_INTEGER,
    EmailAddress,
    Text,
)
from bursar.web.validation import Body


def endpoints() -> list[Endpoint]:
    return _of_redemption()


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


_REDEMPTION: Final = "policy-redemption"
_OF_REDEMPTION: Final = "/enterprise/v1/policy-redemption/{policy_uuid:uuid}"


def _of_redemption() -> list[Endpoint]:
    return [
        Endpoint(
            "POST",
            f"{_OF_REDEMPTION}/redeem",
            Documentation(
                "Redeem a course for a learner",
                "With an assigned budget the learner's assignment is redeemed, with the others "
                "the limits of a learner are checked. The money is taken at once; the transaction "
                "is committed when the learner is enrolled, or fails and gives the money back.",
                _REDEMPTION,
                response=TransactionItem,
                example=TRANSACTION_EXAMPLE,
                links=tuple(Link(summary, _THE_NEW_ONE) for summary in _GOING_ON),
            ),
            owned=POLICY,
            write=redeem,
            body=RedeemBody,
        ),
        Endpoint(
            "GET",
            f"{_OF_REDEMPTION}/transactions/{{transaction_uuid:uuid}}",
            Documentation(
                "Get a transaction",
                "Where a redemption stands.",
                _REDEMPTION,
                response=TransactionItem,
                example=TRANSACTION_EXAMPLE,
            ),
            owned=owned.TRANSACTION,
            read=get_transaction,
        ),
        Endpoint(
            "POST",
            f"{_OF_REDEMPTION}/transactions/{{transaction_uuid:uuid}}/reverse",
            Documentation(
                "Reverse a transaction",
                "Once, and only a committed one: the money comes back, and the enrolment ends.",
                _REDEMPTION,
                response=TransactionItem,
                example={**TRANSACTION_EXAMPLE, "state": "reversed"},
            ),
            owned=owned.TRANSACTION,
            write=reverse,
        ),
    ]


_GOING_ON: Final = ("Get a transaction", "Reverse a transaction")
_THE_NEW_ONE: Final = {
    "policy_uuid": "$request.path.policy_uuid",
    "transaction_uuid": "$response.body#/uuid",
}
TRANSACTION_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": "3a6bcbed-b7dc-4791-84fe-b20f12be4001",
    "state": "created",
    "content_key": "edx+101",
    "quantity": -10000,
    "courserun_key": "course-v1:edx+101+1T2026",
    "lms_user_id": 123123,
    "learner_email": "abc@example.com",
    "subsidy_access_policy": "7f344aea-c28c-4ef0-95e6-fb6e58f98495",
    "subsidy_uuid": "1b6c28b4-2f17-4b18-bbde-b32930e2705c",
    "assignment_uuid": "4fa11bd5-3f29-4c31-aa72-90f5d3a3a1e5",
    "error": None,
    "created": "2026-02-01T08:00:00Z",
    "modified": "2026-02-01T08:00:00Z",
}
