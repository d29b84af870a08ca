"""What the reference of api.edx.org shows, recorded: each request and the answer beside it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from bursar_client import Bursar, Document, UnexpectedAnswer
from bursar_client.models.credit import Allocation, Assignment, Policy
from bursar_client.models.jobs import BulkEnrollment
from bursar_client.models.subscriptions import LicensesAssigned, Plan
from bursar_client.values import Record
from testing.paths import REPOSITORY
from tests.clients_python.scripted import Script, answer

FOLDER = REPOSITORY / "testing/data/reference"
EXCHANGES = {one["name"]: one for one in json.loads((FOLDER / "exchanges.json").read_text())}
POLICY = PLAN = "904b1785-9d3a-1000-848d-6ae7a56e6355"
CONFIGURATION = "6fc7ef56-d1c4-4aa8-a649-e6eb209f0000"
ASSIGNMENTS = ["8977ef56-d1c4-4aa8-a649-e6eb209f0000", "8907ef56-d1c4-4aa8-a649-e6eb209f0000"]
EMAILS = ["abc@example.com", "xyz@example.com"]
CATALOG = "3f56a21c-76c8-47c0-add8-a99714d40d94"


@dataclass(frozen=True)
class Call:
    """What a client does, and the record that it makes of the answer."""

    do: Callable[[Bursar], object]
    kind: type[Record] | None


CALLS = {
    "allocate": Call(
        lambda bursar: bursar.policies.allocate(
            POLICY, learner_emails=EMAILS, content_key="edx+api101", content_price_cents=1000
        ),
        Allocation,
    ),
    "policies": Call(
        lambda bursar: bursar.policies.find(
            enterprise="66b5922b-a22b-4a7b-b587-d4af0378bd6f", active=True
        ).first(),
        Policy,
    ),
    "assignments": Call(
        lambda bursar: bursar.assignments.find("6fc7ef56-d1c4-4aa8-a649-e6eb209f7668").first(),
        Assignment,
    ),
    "remind": Call(lambda bursar: bursar.assignments.remind(CONFIGURATION, ASSIGNMENTS), None),
    "cancel": Call(lambda bursar: bursar.assignments.cancel(CONFIGURATION, ASSIGNMENTS), None),
    "plans": Call(
        lambda bursar: bursar.subscriptions.find(enterprise=PLAN, current=True).first(), Plan
    ),
    "assign": Call(
        lambda bursar: bursar.licenses.assign(
            PLAN,
            EMAILS,
            user_sfids=["001OE000001f26OXZP", "001OE000001a25WXYZ"],
            greeting="Hello",
            closing="Bye",
            notify_users=True,
        ),
        LicensesAssigned,
    ),
    "revoke": Call(lambda bursar: bursar.licenses.revoke(PLAN, EMAILS), None),
    "bulk": Call(
        lambda bursar: bursar.enrollments.enroll_licensed(
            EMAILS, ["testX"], notify=True, enterprise="abcd-aeiou-wxyz"
        ),
        BulkEnrollment,
    ),
}


def _recorded(name: str) -> httpx.Response:
    exchange = EXCHANGES[name]
    return answer(exchange["answer"], exchange["status"])


def test_every_recorded_exchange_is_made() -> None:
    assert set(CALLS) == set(EXCHANGES)


@pytest.mark.parametrize("name", CALLS)
def test_the_request_is_the_documented_one(name: str) -> None:
    script = Script([_recorded(name)])
    CALLS[name].do(script.bursar())
    (sent,) = script.requests
    documented = EXCHANGES[name]
    assert sent.method == documented["method"]
    assert sent.url.path == documented["path"]
    assert dict(sent.url.params) == documented["query"]
    assert (json.loads(sent.content) if sent.content else None) == documented["body"]
    assert sent.headers["authorization"] == "JWT token-1"
    assert sent.headers["accept"] == "application/json"


def _everything(value: Any) -> Any:
    """A record as the JSON that it was made from, without what has a default."""
    if isinstance(value, Record):
        names = value.__struct_fields__
        fields = {name: _everything(getattr(value, name)) for name in names if name != "extra"}
        return fields | value.extra
    if isinstance(value, list):
        return [_everything(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _shown(record: Any, documented: Any) -> None:
    """Each documented value is in the record."""
    if isinstance(documented, dict):
        for name, value in documented.items():
            _shown(record[name], value)
    elif isinstance(documented, list):
        assert len(record) == len(documented)
        for one, other in zip(record, documented, strict=True):
            _shown(one, other)
    elif isinstance(documented, str) and documented[:2] == "20":
        assert record.replace("T", " ")[:16] == documented.replace("T", " ")[:16]
    else:
        assert record == documented


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.kind])
def test_nothing_of_the_documented_answer_is_lost(name: str) -> None:
    record = CALLS[name].do(Script([_recorded(name)]).bursar())
    kind = CALLS[name].kind
    assert kind is not None
    assert isinstance(record, kind)
    documented = EXCHANGES[name]["answer"]
    _shown(_everything(record), documented.get("results", [documented])[0])


def test_what_answers_nothing_is_done() -> None:
    for name, call in CALLS.items():
        if call.kind is None:
            assert call.do(Script([_recorded(name)]).bursar()) is None


@pytest.mark.parametrize("name", ["course", "course_run", "program"])
def test_the_documented_documents_are_read_whole(name: str) -> None:
    content = json.loads((FOLDER / f"{name}.json").read_text())
    script = Script([answer(content)])
    catalogs = script.bursar().catalogs
    method = {"course": catalogs.course, "course_run": catalogs.course_run}.get(name)
    found = (method or catalogs.program)(CATALOG, "MyUni+Sport101x")
    assert isinstance(found, Document)
    assert _everything(found).keys() >= content.keys()
    assert script.requests[0].url.raw_path.endswith(b"/MyUni%2BSport101x")


def test_a_documented_listing_is_read_over_its_pages() -> None:
    course = json.loads((FOLDER / "course.json").read_text())
    url = f"https://enterprise-catalog.edx.org/api/v1/enterprise-catalogs/{CATALOG}/"
    first = {"count": 2, "next": f"{url}?limit=1&page=2", "previous": None, "results": [course]}
    last = {"count": 2, "next": None, "previous": url, "results": [course | {"key": "edx+b"}]}
    script = Script([answer(first), answer(last)])
    found = list(script.bursar().catalogs.documents(CATALOG, limit=1))
    assert [document.key for document in found] == ["edx+tr1012", "edx+b"]
    assert [str(request.url) for request in script.requests] == [
        f"https://api.edx.org/enterprise/v2/enterprise-catalogs/{CATALOG}?limit=1",
        f"https://api.edx.org/enterprise/v2/enterprise-catalogs/{CATALOG}?limit=1&page=2",
    ]


def test_a_link_that_leads_nowhere_ends_the_list_loudly() -> None:
    """The reference's example of assignments has http://example.com as its next page."""
    pages = Script([_recorded("assignments")]).bursar().assignments.find(CONFIGURATION)
    with pytest.raises(UnexpectedAnswer, match=r"http://example\.com"):
        list(pages)


def test_the_asynchronous_client_does_the_same() -> None:
    async def allocated(script: Script) -> object:
        async with script.async_bursar() as bursar:
            return await bursar.policies.allocate(
                POLICY, learner_emails=EMAILS, content_key="edx+api101", content_price_cents=1000
            )

    script = Script([_recorded("allocate")])
    assert asyncio.run(allocated(script)) == CALLS["allocate"].do(
        Script([_recorded("allocate")]).bursar()
    )
    assert json.loads(script.requests[0].content) == EXCHANGES["allocate"]["body"]
