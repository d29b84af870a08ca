"""`learner-data` over HTTP: all of one person's data, and its end."""

from typing import Any, Final
from uuid import UUID

import msgspec
from pydantic import ConfigDict
from sqlalchemy.orm import Session

from bursar import clock
from bursar.api.learner_summary import OwnedEnterprise
from bursar.people.refusals import (
    AddressTaken,
    IsContact,
    PersonIsBusy,
    PersonRefused,
    SameAddress,
    UnknownPerson,
)
from bursar.people.service import change_email, erase_person, export_person
from bursar.web.errors import ApiError, BusinessRule, NotFound
from bursar.web.fields import EmailAddress
from bursar.web.request import Caller
from bursar.web.routes import Routes
from bursar.web.validation import Body


def _conflict(refused: PersonRefused) -> ApiError:
    return BusinessRule(str(refused))


routes: Final = Routes(
    "learner-data",
    {
        UnknownPerson: lambda refused: NotFound(str(refused)),
        AddressTaken: _conflict,
        SameAddress: _conflict,
        PersonIsBusy: _conflict,
        IsContact: _conflict,
    },
)
_OF_ENTERPRISE: Final = "/enterprise/v1/enterprise-customer/{enterprise_uuid:uuid}/learner-data"
_ROWS: Final = {"learners": 1, "assignments": 2, "deliveries": 3, "events": 5}
_TOMBSTONE: Final = "erased_user5f0e3c7b1d9a4c0f8a2b6d4e9c1f7a30@retired.invalid"


class PersonBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"email": "ana@acme.example"}})

    email: EmailAddress


class ChangeEmailBody(Body):
    email: EmailAddress
    new_email: EmailAddress


class PersonalData(msgspec.Struct):
    enterprise_customer_uuid: UUID
    email: str
    other_addresses: list[str]
    """Further addresses of the same account, and former ones."""
    lms_user_ids: list[int]
    tables: dict[str, list[dict[str, Any]]]
    """By the name of a table: its rows about the person, as they are stored."""


class RenamedPerson(msgspec.Struct):
    rows: dict[str, int]
    """By the name of a table: how many rows got the new address."""


class ErasedPerson(msgspec.Struct):
    tombstones: list[str]
    """The addresses that stand in the places of the person's."""
    rows: dict[str, int]
    """By the name of a table: how many rows were about the person."""


@routes.post(
    f"{_OF_ENTERPRISE}/export",
    example={
        "enterprise_customer_uuid": "66b5922b-a22b-4a7b-b587-d4af0378bd6f",
        "email": "ana@acme.example",
        "other_addresses": [],
        "lms_user_ids": [501],
        "tables": {"learners": [{"id": 7, "email": "ana@acme.example", "lms_user_id": 501}]},
    },
)
def export_learner_data(
    enterprise: OwnedEnterprise, body: PersonBody, session: Session
) -> PersonalData:
    """Export a learner's data

    All that the enterprise's data hold about one person, whatever the consent: for answering a
    person who asks. The addresses of other people are left out.
    """
    exported = export_person(session, enterprise.enterprise_uuid, body.email)
    return msgspec.convert(exported, PersonalData, from_attributes=True)


@routes.post(f"{_OF_ENTERPRISE}/change-email", example={"rows": {**_ROWS, "events": 0}})
def change_learner_email(
    enterprise: OwnedEnterprise, body: ChangeEmailBody, caller: Caller, session: Session
) -> RenamedPerson:
    """Change a learner's address

    In everything that goes on: the learner, assignments, licenses, redemptions and waiting mails.
    What was sent and what happened keeps the old address.
    """
    rows = change_email(
        session,
        caller.actor,
        enterprise.enterprise_uuid,
        body.email,
        body.new_email,
        at=clock.now(),
    )
    return RenamedPerson(dict(rows))


@routes.post(f"{_OF_ENTERPRISE}/erase", example={"tombstones": [_TOMBSTONE], "rows": _ROWS})
def erase_learner_data(
    enterprise: OwnedEnterprise, body: PersonBody, caller: Caller, session: Session
) -> ErasedPerson:
    """Erase a learner

    Takes the person out of all data of the enterprise, old mails and events included, for good.
    Money, seats and counts stay, with a tombstone in the place of the person.
    """
    enterprise_uuid = enterprise.enterprise_uuid
    erased = erase_person(session, caller.actor, enterprise_uuid, body.email, clock.now())
    return ErasedPerson(list(erased.tombstones), dict(erased.rows))
