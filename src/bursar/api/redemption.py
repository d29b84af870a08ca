"""Redemptions over HTTP: redeem, look up a transaction, reverse it."""

from typing import Annotated, Any, Final, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.api.budget_refusals import REFUSALS
from bursar.credit.policies.owned import POLICY, NamedPolicy
from bursar.credit.redemption import service
from bursar.credit.redemption.commands import RedeemCourse, ReverseRedemption
from bursar.credit.redemption.owned import TRANSACTION, TransactionRecord
from bursar.credit.redemption.views import TransactionItem, transaction_item
from bursar.web.call import Answer
from bursar.web.endpoint import Link
from bursar.web.fields import LARGEST_INTEGER, EmailAddress, Key
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes
from bursar.web.validation import Body, problem

routes: Final = Routes("policy-redemption", REFUSALS)
OwnedPolicy: TypeAlias = Annotated[NamedPolicy, POLICY]
OwnedTransaction: TypeAlias = Annotated[TransactionRecord, TRANSACTION]

_OF_POLICY: Final = "/enterprise/v1/policy-redemption/{policy_uuid:uuid}"
_OF_TRANSACTION: Final = f"{_OF_POLICY}/transactions/{{transaction_uuid:uuid}}"
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

    content_key: Key
    learner_email: EmailAddress | None = None
    lms_user_id: Annotated[int, Field(ge=1, le=LARGEST_INTEGER)] | None = None

    @model_validator(mode="after")
    def _names_one_learner(self) -> Self:
        if (self.learner_email is None) == (self.lms_user_id is None):
            raise problem("Give either learner_email or lms_user_id.")
        return self


@routes.post(
    f"{_OF_POLICY}/redeem",
    example=TRANSACTION_EXAMPLE,
    links=tuple(Link(summary, _THE_NEW_ONE) for summary in _GOING_ON),
)
def redeem(
    policy: OwnedPolicy, body: RedeemBody, caller: Caller, request: HttpRequest, session: Session
) -> Answer[TransactionItem]:
    """Redeem a course for a learner

    With an assigned budget the learner's assignment is redeemed, with the others the limits of a
    learner are checked. The money is taken at once; the transaction is committed when the learner
    is enrolled, or fails and gives the money back.
    """
    command = RedeemCourse(
        policy.enterprise_uuid, policy.uuid, body.content_key, body.learner_email, body.lms_user_id
    )
    transaction = service.redeem(session, caller.actor, command)
    of_policy = request.url.rstrip("/").removesuffix("redeem")
    headers = {"Location": f"{of_policy}transactions/{transaction.uuid}/"}
    return Answer(transaction, headers=headers)


@routes.get(_OF_TRANSACTION, example=TRANSACTION_EXAMPLE)
def get_transaction(transaction: OwnedTransaction, _connection: Connection) -> TransactionItem:
    """Get a transaction

    Where a redemption stands.
    """
    return transaction_item(transaction)


@routes.post(f"{_OF_TRANSACTION}/reverse", example={**TRANSACTION_EXAMPLE, "state": "reversed"})
def reverse(transaction: OwnedTransaction, caller: Caller, session: Session) -> TransactionItem:
    """Reverse a transaction

    Once, and only a committed one: the money comes back, and the enrollment ends.
    """
    command = ReverseRedemption(transaction.enterprise_uuid, transaction.uuid)
    return service.reverse(session, caller.actor, command)
