"""Whose place a long answer takes."""

from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

from bursar.web.call import Answer, Call
from bursar.web.negotiation import JSON_ANSWER
from bursar.web.pipeline import rendered_for
from bursar.web.rendering import Incoming

INCOMING = Incoming("GET", "/", {}, b"", {}, "", "")


def owner(client_id: str, enterprise: object) -> str:
    target = enterprise and SimpleNamespace(enterprise_uuid=enterprise)
    call: Any = SimpleNamespace(
        negotiated=JSON_ANSWER, target=target, principal=SimpleNamespace(client_id=client_id)
    )
    stream: Any = Answer(stream=lambda _connection: iter([b"x"]))
    return rendered_for(cast(Call, call), stream, INCOMING).owner


def test_all_clients_of_an_enterprise_have_its_places() -> None:
    enterprise = uuid4()
    assert owner("one", enterprise) == owner("another", enterprise) == str(enterprise)


def test_an_answer_about_no_enterprise_is_the_client_s() -> None:
    assert owner("one", None) == "one"
