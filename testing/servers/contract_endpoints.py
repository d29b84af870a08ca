"""Endpoints that only tests serve: changes that can be counted, slowed down and refused."""

from typing import Annotated, ClassVar, Final

import msgspec
from pydantic import Field
from sqlalchemy.orm import Session

from bursar.catalog.listings.owned import CATALOG, CatalogTarget
from bursar.events.event import Event
from bursar.events.service import publish
from bursar.web.call import Answer
from bursar.web.endpoint import Endpoint
from bursar.web.errors import BusinessRule
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes
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


class ThingView(msgspec.Struct):
    name: str
    request: str
    emails: list[str]


routes: Final = Routes("tests")
OwnedCatalog = Annotated[CatalogTarget, CATALOG]


def _change(
    catalog: CatalogTarget, thing: ThingBody, caller: Caller, request: HttpRequest, session: Session
) -> Answer[ThingView]:
    """Stores the event before it pauses, so that a concurrent call could write another.

    Has a defect: it does not know what to do with a flag.
    """
    changed = ThingChanged(object_id=thing.name, enterprise_uuid=catalog.enterprise_uuid)
    publish(session, caller.actor, [changed], at=request.now)
    if thing.flag:
        raise RuntimeError(f"a defect: {thing.emails}")
    let_pass(thing.pause_milliseconds / 1000)
    content = ThingView(thing.name, caller.request_id, thing.emails)
    return Answer(content, 201, {"Location": f"{request.url}#{len(thing.emails)}"})


@routes.post(THINGS + "/{catalog_id:uuid}", status=201)
def change(
    catalog: OwnedCatalog, body: ThingBody, caller: Caller, request: HttpRequest, session: Session
) -> Answer[ThingView]:
    """Change a thing

    Only for tests.
    """
    return _change(catalog, body, caller, request, session)


@routes.put(THINGS + "/{catalog_id:uuid}", status=201)
def put(
    catalog: OwnedCatalog, body: ThingBody, caller: Caller, request: HttpRequest, session: Session
) -> Answer[ThingView]:
    """Put a thing

    Only for tests.
    """
    return _change(catalog, body, caller, request, session)


@routes.post(REFUSALS + "/{catalog_id:uuid}", status=201)
def refuse(
    catalog: OwnedCatalog, body: ThingBody, caller: Caller, request: HttpRequest, session: Session
) -> Answer[ThingView]:
    """Refuse a thing

    Changes something and then refuses: nothing may be left of it.
    """
    _change(catalog, body, caller, request, session)
    raise BusinessRule("The budget is spent.")


def test_endpoints() -> list[Endpoint]:
    return routes.endpoints


test_endpoints.__test__ = False  # type: ignore[attr-defined]  # no test, whatever its name says
