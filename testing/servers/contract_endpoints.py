"""Endpoints that only tests serve: changes that can be counted, slowed down and refused."""

from typing import Annotated, Any, ClassVar

from pydantic import Field
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.listings.owned import (
    CATALOG,
)
from bursar.events.event import Event
from bursar.events.service import publish
from bursar.web.call import Answer, Call, enterprise_of
from bursar.web.endpoint import Documentation, Endpoint
from bursar.web.errors import BusinessRule
from bursar.web.validation import Body
from testing.waiting import let_pass

THINGS = "/enterprise/v1/test-things"
REFUSALS = "/enterprise/v1/test-refusals"
OBJECT_TYPE = "test_thing"

Email = Annotated[str, Field(min_length=1, max_length=254, pattern="@")]


class ThingBody(Body):
    name: Annotated[str, Field(min_length=1)]
    emails: Annotated[list[Email], Field(min_length=1, max_length=5)]
    amount: Annotated[int, Field(ge=0)]
    flag: bool = False
    pause_milliseconds: Annotated[int, Field(ge=0, le=5000)] = 0


class ThingChanged(Event):
    type: ClassVar[str] = "test.changed"
    object_type: ClassVar[str] = OBJECT_TYPE


def change(call: Call, session: Session, body: Any) -> Answer:
    """Stores the event before it pauses, so that a concurrent call could write another.

    Has a defect: it does not know what to do with a flag.
    """
    thing: ThingBody = body
    changed = ThingChanged(object_id=thing.name, enterprise_uuid=enterprise_of(call))
    publish(session, Actor(call.principal.client_id, call.request_id), [changed], at=call.now)
    if thing.flag:
        raise RuntimeError(f"a defect: {thing.emails}")
    let_pass(thing.pause_milliseconds / 1000)
    content = {"name": thing.name, "request": call.request_id, "emails": thing.emails}
    return Answer(content, status=201, headers={"Location": f"{call.url}#{len(thing.emails)}"})


def refuse(call: Call, session: Session, body: Any) -> Answer:
    """Changes something and then refuses: nothing may be left of it."""
    change(call, session, body)
    raise BusinessRule("The budget is spent.")


def test_endpoints() -> list[Endpoint]:
    return [
        _endpoint("POST", THINGS, "Change a thing", change),
        _endpoint("PUT", THINGS, "Put a thing", change),
        _endpoint("POST", REFUSALS, "Refuse a thing", refuse),
    ]


def _endpoint(method: str, path: str, summary: str, write: Any) -> Endpoint:
    documentation = Documentation(
        summary,
        "Only for tests.",
        "tests",
        response={
            "type": "object",
            "required": ["name", "request", "emails"],
            "properties": {
                "name": {"type": "string"},
                "request": {"type": "string"},
                "emails": {"type": "array", "items": {"type": "string"}},
            },
        },
        status=201,
    )
    return Endpoint(
        method,
        path + "/{catalog_id:uuid}",
        documentation,
        owned=CATALOG,
        write=write,
        body=ThingBody,
    )


test_endpoints.__test__ = False  # type: ignore[attr-defined]  # no test, whatever its name says
