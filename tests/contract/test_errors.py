import gzip
from typing import Any

import pytest

from testing.clients.api import CATALOGS, Api, detail_of, xml_of
from testing.clients.samples import GOOD_BODY, SAMPLES, WRITES, Sample
from testing.servers.contract_endpoints import REFUSALS, THINGS
from testing.shops.service import Service
from testing.worlds.contract import EXAMPLES, SHELF
from tests.contract.conftest import MAX_BODY_BYTES

JSON = {"Accept": "application/json"}
DECLARED = JSON | {"Content-Type": "application/json"}
URL = f"{THINGS}/{EXAMPLES}"
writes = pytest.mark.parametrize("sample", WRITES.values(), ids=list(WRITES))

BROKEN_JSON: dict[str, bytes] = {
    "half an object": b'{"name": "a"',
    "a trailing comma": b'{"name": "a",}',
    "not a number": b'{"amount": NaN}',
    "infinity": b'{"amount": -Infinity}',
    "a bare word": b"hello",
    "single quotes": b"{'name': 'a'}",
    "a form": b"name=a&amount=1",
    "two values": b"{} {}",
    "a control character": b'{"name": "a\x01"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "invalid utf-8": b'{"name": "\xff\xfe"}',
    "utf-16": '{"name": "a"}'.encode("utf-16"),
    "two byte order marks": b"\xef\xbb\xbf" * 2 + b"{}",
    "a bomb of lists": b"[" * 15_000,
    "a closed bomb of lists": b"[" * 9_000 + b"]" * 9_000,
    "a bomb of objects": b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    "compressed": gzip.compress(b"{}"),
}

# A body, and what is answered.
WRONG_BODIES: list[tuple[Any, dict[str, Any]]] = [
    (
        {},
        {
            "name": ["This field is required."],
            "emails": ["This field is required."],
            "amount": ["This field is required."],
        },
    ),
    (
        {"name": None, "emails": None, "amount": None, "flag": None},
        {name: ["This field may not be null."] for name in ("name", "emails", "amount", "flag")},
    ),
    (
        {"name": 1, "emails": "a@b", "amount": "1", "flag": "true"},
        {
            "name": ["Not a valid string."],
            "emails": ['Expected a list of items but got type "str".'],
            "amount": ["A valid integer is required."],
            "flag": ["Must be a valid boolean."],
        },
    ),
    (
        {"name": "", "emails": [], "amount": -1, "flag": 1},
        {
            "name": ["This field may not be blank."],
            "emails": ["This list may not be empty."],
            "amount": ["Ensure this value is greater than or equal to 0."],
            "flag": ["Must be a valid boolean."],
        },
    ),
    (
        GOOD_BODY | {"emails": ["a@b", 1, "c@d", None, ""]},
        {
            "emails": {
                "1": ["Not a valid string."],
                "3": ["This field may not be null."],
                "4": ["This field may not be blank."],
            }
        },
    ),
    (
        GOOD_BODY | {"emails": ["a@b"] * 6},
        {"emails": ["Ensure this field has no more than 5 elements."]},
    ),
    (
        {"name": "a\x00", "emails": ["a@b", "\x00@c", 1], "amount": -1, "ignored": "\x00"},
        {
            "name": ["Null characters are not allowed."],
            "emails": {"1": ["Null characters are not allowed."], "2": ["Not a valid string."]},
            "amount": ["Ensure this value is greater than or equal to 0."],
        },
    ),
    (GOOD_BODY | {"amount": 1.5}, {"amount": ["A valid integer is required."]}),
    (GOOD_BODY | {"amount": True}, {"amount": ["A valid integer is required."]}),
    (
        [GOOD_BODY],
        {"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]},
    ),
    (None, {"non_field_errors": ["Invalid data. Expected a dictionary, but got NoneType."]}),
    ("x", {"non_field_errors": ["Invalid data. Expected a dictionary, but got str."]}),
]

WRONG_PARAMETERS: list[tuple[str, str, set[str]]] = [
    (CATALOGS, "enterprise_customer=x", {"enterprise_customer"}),
    (CATALOGS, "enterprise_customer=%00", {"enterprise_customer"}),
    (CATALOGS, "enterprise_customer=null", {"enterprise_customer"}),
    (CATALOGS, "enterprise_customer=x&format=y", {"enterprise_customer", "format"}),
    (f"{CATALOGS}/{SHELF}", "updated_since=yesterday", {"updated_since"}),
    (f"{CATALOGS}/{SHELF}", "updated_since=2026-13-01", {"updated_since"}),
    (f"{CATALOGS}/{SHELF}", "updated_since=9999-12-31T23:59:59-12:00", {"updated_since"}),
    (f"{CATALOGS}/{SHELF}", "updated_since=1", {"updated_since"}),
    (
        f"{CATALOGS}/{SHELF}",
        "updated_since=x&format=y&" + "&".join(["content_keys=a"] * 101),
        {"updated_since", "format", "content_keys"},
    ),
]


@pytest.mark.parametrize("case", BROKEN_JSON)
def test_a_body_that_is_not_json_is_refused(api: Api, case: str) -> None:
    for sample in WRITES.values():
        response = api.request(
            sample.method, sample.url, content=BROKEN_JSON[case], headers=DECLARED
        )
        assert response.status_code == 400
        assert detail_of(response).startswith("JSON parse error - ")


@pytest.mark.parametrize(("body", "errors"), WRONG_BODIES)
def test_every_field_of_a_body_is_checked_at_once(
    api: Api, body: Any, errors: dict[str, Any]
) -> None:
    content = {"content": b"null"} if body is None else {"json": body}
    response = api.post(URL, headers=DECLARED, **content)
    assert (response.status_code, response.json()) == (400, errors)


def test_an_empty_body_is_an_empty_object(api: Api) -> None:
    required = WRONG_BODIES[0][1]
    for headers in (JSON, DECLARED):
        response = api.post(URL, headers=headers)
        assert (response.status_code, response.json()) == (400, required)


def test_errors_of_the_body_the_query_and_the_headers_come_together(api: Api) -> None:
    response = api.post(
        f"{URL}?format=yaml",
        json={"name": "", "emails": ["a@b"], "amount": 1},
        headers=JSON | {"Idempotency-Key": "k" * 256},
    )
    assert response.status_code == 400
    assert set(response.json()) == {"format", "name", "Idempotency-Key"}


def test_errors_can_be_read_as_xml(api: Api) -> None:
    response = api.post(
        URL, json=GOOD_BODY | {"emails": ["a@b", 1]}, headers={"Accept": "application/xml"}
    )
    assert response.status_code == 400
    assert xml_of(response).findtext("emails/_1/list-item") == "Not a valid string."


def test_unknown_keys_and_parameters_are_ignored(api: Api) -> None:
    response = api.post(f"{URL}?unknown=1&flag=x", json=GOOD_BODY | {"unknown": {"a": [1]}})
    assert response.status_code == 201
    assert api.get(f"{CATALOGS}?unknown=%FF&%00=1").status_code == 200


@pytest.mark.parametrize(("path", "query", "names"), WRONG_PARAMETERS)
def test_a_bad_parameter_is_refused_by_name(
    api: Api, path: str, query: str, names: set[str]
) -> None:
    response = api.get(f"{path}?{query}", headers=JSON)
    assert response.status_code == 400
    assert set(response.json()) == names
    assert all(isinstance(messages[0], str) for messages in response.json().values())


@pytest.mark.parametrize("name", ["enterprise_customer", "page", "page_size", "format"])
def test_an_empty_parameter_counts_as_absent(api: Api, name: str) -> None:
    assert api.json(f"{CATALOGS}?{name}=") == api.json(CATALOGS)


def test_strange_keys_are_asked_for_in_vain(api: Api) -> None:
    for key in ("%00", "a%00b", "%FF", "%F0%9F%8E%93", "'", "x" * 4000):
        page = api.json(f"{CATALOGS}/{SHELF}?content_keys={key}")
        assert (page["count"], page["results"]) == (0, [])


def test_too_many_parameters_are_refused(api: Api) -> None:
    response = api.get(f"{CATALOGS}?" + "&".join(["a=1"] * 1001), headers=JSON)
    assert response.status_code == 400
    assert detail_of(response)


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
@writes
def test_a_body_over_the_limit_is_refused(api: Api, sample: Sample, accept: str) -> None:
    headers = {"Accept": accept, "Content-Type": "application/json"}
    for size in (MAX_BODY_BYTES + 1, 5_000_000):
        response = api.request(sample.method, sample.url, content=b" " * size, headers=headers)
        assert response.status_code == 413
        assert detail_of(response) == "The request body is too large."


def test_a_body_over_the_limit_is_refused_though_its_length_is_not_declared(api: Api) -> None:
    def parts() -> Any:
        for _ in range(40):
            yield b" " * 1000

    response = api.post(URL, content=parts(), headers=DECLARED)
    assert response.status_code == 413


def test_the_connection_is_closed_when_a_body_is_left_unread_and_kept_otherwise(api: Api) -> None:
    huge = b" " * 1_000_000
    nobody = api.acting_as(None)
    for _ in range(5):
        for refused in (
            api.post(URL, content=huge, headers=DECLARED),
            nobody.post(URL, content=huge, headers=DECLARED),
            api.request("DELETE", URL, content=huge),
        ):
            assert refused.status_code in {413, 401, 405}
            assert refused.headers["connection"] == "close"
        for kept in (api.get(CATALOGS), api.post(URL, json=GOOD_BODY), api.request("DELETE", URL)):
            assert "connection" not in kept.headers


def test_a_body_of_exactly_the_limit_is_read(api: Api) -> None:
    response = api.post(URL, content=b" " * MAX_BODY_BYTES, headers=DECLARED)
    assert response.status_code == 400
    assert set(response.json()) == {"name", "emails", "amount"}


@writes
@pytest.mark.parametrize(
    "media_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/vnd.api+json",
        "application/xml",
        "application/jsonx",
    ],
)
def test_a_body_that_is_not_declared_as_json_is_refused(
    api: Api, sample: Sample, media_type: str
) -> None:
    headers = JSON | ({"Content-Type": media_type} if media_type else {})
    response = api.request(sample.method, sample.url, content=b"{}", headers=headers)
    assert response.status_code == 415
    named = media_type.partition(";")[0]
    assert detail_of(response) == f'Unsupported media type "{named}" in request.'


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON", "application/json; charset=utf-8"]
)
def test_json_may_be_declared_with_a_charset(api: Api, media_type: str) -> None:
    body = b'{"name": "a", "emails": ["a@b"], "amount": 0}'
    assert api.post(URL, content=body, headers={"Content-Type": media_type}).status_code == 201


def test_a_business_rule_refuses_and_leaves_nothing_behind(api: Api, service: Service) -> None:
    name = "refused by a rule"
    response = api.post(f"{REFUSALS}/{EXAMPLES}", json=GOOD_BODY | {"name": name}, headers=JSON)
    assert (response.status_code, detail_of(response)) == (422, "The budget is spent.")
    assert service.changes_of(name) == 0


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_a_defect_is_told_by_its_request_id_only_and_leaves_nothing_behind(
    api: Api, service: Service, accept: str
) -> None:
    name = f"defect in {accept}"
    body = GOOD_BODY | {"name": name, "flag": True}
    headers = {"Accept": accept, "Idempotency-Key": name}
    for _ in range(2):
        response = api.post(URL, json=body, headers=headers)
        assert response.status_code == 500
        assert response.json() == {
            "detail": "Internal server error.",
            "request_id": response.headers["x-request-id"],
        }
        assert response.headers["x-request-id"] in service.log()
    assert service.changes_of(name) == 0
    assert api.post(URL, json=body | {"flag": False}, headers=headers).status_code == 201


def test_no_answer_is_html_or_tells_of_the_inside(api: Api) -> None:
    for sample in SAMPLES.values():
        refused = "DELETE" if "DELETE" not in sample.allow else "PUT"
        response = api.request(refused, sample.url, headers={"Accept": "text/html, */*;q=0.1"})
        assert "html" not in response.headers["content-type"]
        assert b"Traceback" not in response.content
