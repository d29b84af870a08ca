import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pydantic import Field

from bursar.api.catalogs import reference_example
from bursar.api.catalogs import routes as catalog_routes
from bursar.app import all_endpoints
from bursar.web.call import Answer
from bursar.web.endpoint import Documentation, Endpoint
from bursar.web.negotiation import Format
from bursar.web.openapi.document import openapi_document
from bursar.web.query import TEXT, Query
from bursar.web.validation import Body
from bursar.web.xml import to_xml
from testing.clients.openapi import JsonObject, ResponseChecker, formats, nodes

CATALOGS = "/enterprise/v2/enterprise-catalogs"
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
JSON = {"Content-Type": "application/json", "X-Request-ID": "1"}
XML = {"Content-Type": "application/xml; charset=utf-8", "X-Request-ID": "1"}
EMPTY_LIST = b'{"count":0,"next":null,"previous":null,"results":[]}'


class Shelf(msgspec.Struct):
    uuid: UUID
    books: list[str]


class NewShelf(Body):
    title: str = Field(min_length=1)
    emails: list[str]


class ReportQuery(Query, frozen=True, kw_only=True):
    search: Annotated[str, TEXT, "Words."]


def write(*_: object) -> Answer[Shelf]:
    return Answer()


def example_endpoints() -> list[Endpoint]:
    base = "/enterprise/v1/shelves"
    report = Documentation(
        "Read the report",
        tag="shelves",
        response={"type": "array", "items": {"type": "integer"}},
        headers=("X-Next-Updated-Since",),
    )
    created = Documentation("Add a shelf", tag="shelves", response=Shelf, status=201)
    cleared = Documentation("Clear a shelf", tag="shelves", refusals=(409,))
    return [
        Endpoint(
            "GET", f"{base}/report", report, read=write, query=ReportQuery, formats=tuple(Format)
        ),
        Endpoint("POST", base, created, write=write, body=NewShelf),
        Endpoint("PUT", f"{base}/{{shelf_id:uuid}}/{{place:path}}", cleared, write=write),
        Endpoint("GET", f"{base}/{{name:str}}", Documentation("Find", response=Shelf), read=write),
    ]


@pytest.fixture(scope="module")
def document() -> JsonObject:
    endpoints = [*catalog_routes.endpoints, *example_endpoints()]
    return openapi_document(endpoints, version="1.2.3", public_url="https://api.example.org")


@pytest.fixture(scope="module")
def checker(document: JsonObject) -> ResponseChecker:
    return ResponseChecker(document)


def operations(document: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def resolve(document: JsonObject, reference: str) -> Any:
    found: Any = document
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found


def refused(checker: ResponseChecker, status: int, body: bytes, path: str = CATALOGS) -> str:
    with pytest.raises(AssertionError) as caught:
        checker.check("GET", path, status, JSON, body)
    return str(caught.value)


class TestDocument:
    METHODS: ClassVar = {"get", "put", "post"}

    def test_is_made_of_json_alone(self, document: JsonObject) -> None:
        assert msgspec.json.decode(msgspec.json.encode(document)) == document

    def test_names_its_version_and_its_server(self, document: JsonObject) -> None:
        assert document["openapi"].startswith("3.1.")
        assert document["info"]["version"] == "1.2.3"
        assert document["servers"] == [{"url": "https://api.example.org"}]

    def test_is_relative_to_its_host_without_a_public_url(self) -> None:
        document = openapi_document([], version="1", public_url="")
        flows = document["components"]["securitySchemes"]["clientCredentials"]["flows"]
        assert document["servers"] == [{"url": "/"}]
        assert flows["clientCredentials"]["tokenUrl"] == "/oauth2/v1/access_token"

    def test_has_valid_schemas(self, document: JsonObject) -> None:
        for node in nodes(document):
            if isinstance(node.get("schema"), dict):
                Draft202012Validator.check_schema(node["schema"])
        for schema in document["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)

    def test_has_no_dangling_references(self, document: JsonObject) -> None:
        references = {node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)}
        assert references
        for reference in references:
            assert isinstance(resolve(document, reference), dict), reference

    def test_uses_every_component_it_has(self, document: JsonObject) -> None:
        references = {node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)}
        unused = {
            f"#/components/{section}/{name}"
            for section in ("schemas", "headers")
            for name in document["components"][section]
        } - references
        assert unused == set()

    def test_knows_every_operation_by_one_id(self, document: JsonObject) -> None:
        names = [operation["operationId"] for _, _, operation in operations(document)]
        assert len(names) == len(set(names))
        assert "list_the_catalogs" in names

    def test_links_name_operations_and_all_of_their_paths(self) -> None:
        document = openapi_document(all_endpoints(), version="1", public_url="")
        named = {
            operation["operationId"]: set(re.findall(r"\{(\w+)\}", path))
            for path, _, operation in operations(document)
        }
        answers = [answer for *_, o in operations(document) for answer in o["responses"].values()]
        links = [link for answer in answers for link in answer.get("links", {}).values()]
        assert links
        for link in links:
            assert set(link["parameters"]) == named[link["operationId"]]

    def test_describes_every_answer_of_every_operation(self, document: JsonObject) -> None:
        for path, method, operation in operations(document):
            assert method in self.METHODS, path
            assert any(status.startswith("2") for status in operation["responses"]), path
            for response in operation["responses"].values():
                found = resolve(document, response["$ref"]) if "$ref" in response else response
                assert found["description"]
                assert "X-Request-ID" in found["headers"]

    def test_declares_exactly_the_parameters_of_each_path(self, document: JsonObject) -> None:
        for path, _, operation in operations(document):
            declared = [p for p in operation.get("parameters", []) if p["in"] == "path"]
            assert [f"{{{p['name']}}}" for p in declared] == [
                piece for piece in path.split("/") if piece.startswith("{")
            ]
            assert all(p["required"] and p["schema"]["type"] == "string" for p in declared)

    def test_names_no_parameter_twice(self, document: JsonObject) -> None:
        for path, _, operation in operations(document):
            names = [(p["in"], p["name"]) for p in operation.get("parameters", [])]
            assert len(names) == len(set(names)), path

    def test_asks_for_a_token_on_enterprise_paths_alone(self, document: JsonObject) -> None:
        for path, _, operation in operations(document):
            needs_token = {"token": []} in operation["security"]
            assert needs_token == path.startswith("/enterprise/"), path

    def test_gives_examples_that_fit_their_schemas(self, document: JsonObject) -> None:
        media = [node for node in nodes(document["paths"]) if "example" in node]
        examples = [node for node in media if isinstance(node["example"], dict)]
        assert len(examples) >= 4
        for node in examples:
            schema = node["schema"] | {"components": document["components"]}
            Draft202012Validator(schema, format_checker=formats).validate(node["example"])

    def test_describes_uuids_in_paths(self, document: JsonObject) -> None:
        operation = document["paths"][CATALOGS + "/{catalog_id}"]["get"]
        assert operation["parameters"][0]["schema"] == {"type": "string", "format": "uuid"}

    def test_describes_request_bodies(self, document: JsonObject) -> None:
        operation = document["paths"]["/enterprise/v1/shelves"]["post"]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        found = resolve(document, schema["$ref"])
        assert found["required"] == ["title", "emails"]
        assert found["properties"]["title"]["minLength"] == 1

    def test_describes_what_only_writes_answer(self, document: JsonObject) -> None:
        shelves = document["paths"]["/enterprise/v1/shelves"]["post"]["responses"]
        catalogs = document["paths"][CATALOGS]["get"]["responses"]
        assert {"403", "413", "415", "422"} <= shelves.keys()
        assert {"403", "413", "415", "422"}.isdisjoint(catalogs)
        assert "304" in catalogs
        assert "304" not in shelves
        assert "Location" in shelves["201"]["headers"]

    def test_takes_idempotency_keys_on_post_alone(self, document: JsonObject) -> None:
        for path, method, operation in operations(document):
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            expected = method == "post" and path.startswith("/enterprise/")
            assert ("Idempotency-Key" in names) == expected, path

    def test_offers_the_formats_of_the_endpoint(self, document: JsonObject) -> None:
        operation = document["paths"]["/enterprise/v1/shelves/report"]["get"]
        formats_offered = [p for p in operation["parameters"] if p["name"] == "format"]
        assert formats_offered[0]["schema"]["enum"] == [
            "json",
            "xml",
            "csv",
            "ndjson",
            "event-stream",
        ]
        assert operation["responses"]["200"]["content"].keys() == {
            "application/json", "application/xml", "text/xml", "text/csv", "application/x-ndjson",
            "text/event-stream",
        }  # fmt: skip

    def test_refuses_two_schemas_of_one_name(self) -> None:
        class Detail(msgspec.Struct):
            other: int

        endpoint = Endpoint("GET", "/x", Documentation("X", response=Detail), read=write)
        with pytest.raises(ValueError, match="Two schemas are named Detail"):
            openapi_document([endpoint], version="1", public_url="")


class TestCheckerAccepts:
    def test_a_documented_answer_with_and_without_a_slash(self, checker: ResponseChecker) -> None:
        checker.check("GET", CATALOGS, 200, JSON, EMPTY_LIST)
        checker.check("GET", CATALOGS + "/?page=1", 200, JSON, EMPTY_LIST)

    @pytest.mark.parametrize(
        ("name", "tail"),
        [
            ("course", "courses/edX+DemoX"),
            ("course_run", "course-runs/course-v1:edX+DemoX+2026/"),
            ("program", "programs/6d6b5f9e"),
        ],
    )
    def test_the_reference_examples(self, checker: ResponseChecker, name: str, tail: str) -> None:
        example = reference_example(name)
        path = f"{CATALOGS}/{CATALOG}/{tail}"
        checker.check("GET", path, 200, JSON, msgspec.json.encode(example))
        checker.check("GET", path, 200, XML, to_xml(example))

    def test_refusals_in_both_formats(self, checker: ResponseChecker) -> None:
        headers = {"WWW-Authenticate": 'JWT realm="api"'}
        checker.check("GET", CATALOGS, 401, JSON | headers, b'{"detail":"No."}')
        checker.check("GET", CATALOGS, 404, XML, to_xml({"detail": "No."}))

    def test_errors_of_fields_and_of_items(self, checker: ResponseChecker) -> None:
        body = b'{"page":["Bad."],"filters":{"0":{"name":["Bad."]}}}'
        checker.check("GET", CATALOGS, 400, JSON, body)

    @pytest.mark.parametrize(
        "body", [b'{"detail":"No.","spent":3}', b'[{"reason":"no","user_message":"No."}]']
    )
    def test_refusals_by_a_business_rule(self, checker: ResponseChecker, body: bytes) -> None:
        checker.check("POST", "/enterprise/v1/shelves/", 422, JSON, body)

    def test_answers_without_a_body(self, checker: ResponseChecker) -> None:
        checker.check("GET", CATALOGS, 304, {"X-Request-ID": "1"}, b"")
        checker.check("HEAD", CATALOGS, 200, JSON, b"")
        checker.check("OPTIONS", CATALOGS, 204, {"x-request-id": "1", "allow": "GET"}, b"")

    def test_parameters_that_contain_slashes(self, checker: ResponseChecker) -> None:
        path = f"/enterprise/v1/shelves/{CATALOG}/hall/left/"
        checker.check("PUT", path, 200, {"X-Request-ID": "1"}, b"")

    def test_the_more_specific_of_two_paths(self, checker: ResponseChecker) -> None:
        checker.check("GET", "/enterprise/v1/shelves/report/", 200, JSON, b"[1,2]")
        found = checker.find_route("/enterprise/v1/shelves/other")
        assert found is not None
        assert found.template == "/enterprise/v1/shelves/{name}"

    def test_unknown_routes_and_wrong_methods(self, checker: ResponseChecker) -> None:
        checker.check("GET", "/nowhere", 404, JSON, b'{"detail":"Not found."}')
        checker.check("DELETE", CATALOGS, 405, JSON | {"Allow": "GET"}, b'{"detail":"No."}')

    def test_errors_of_the_token_endpoint(self, checker: ResponseChecker) -> None:
        body = b'{"error":"invalid_client","error_description":"No."}'
        headers = JSON | {"WWW-Authenticate": 'Basic realm="api"'}
        checker.check("POST", "/oauth2/v1/access_token/", 401, headers, body)


class TestCheckerRefuses:
    def test_a_status_that_is_not_documented(self, checker: ResponseChecker) -> None:
        assert "answered 418" in refused(checker, 418, b'{"detail":"No."}')

    def test_a_path_that_is_not_documented(self, checker: ResponseChecker) -> None:
        assert "not documented" in refused(checker, 200, b"{}", "/nowhere")

    @pytest.mark.parametrize(
        "body",
        [
            b'{"count":0,"next":null,"previous":null}',
            b'{"count":"0","next":null,"previous":null,"results":[]}',
            b'{"count":0,"next":null,"previous":null,"results":[],"extra":1}',
            b'{"count":0,"next":null,"previous":null,"results":[{}]}',
            b'{"count":NaN,"next":null,"previous":null,"results":[]}',
            b'{"count":0',
            b"",
        ],
    )
    def test_a_wrong_shape(self, checker: ResponseChecker, body: bytes) -> None:
        assert "GET /enterprise/v2/enterprise-catalogs answered 200" in refused(checker, 200, body)

    @pytest.mark.parametrize("link", ["/page/2", "not a url", ""])
    def test_links_that_are_not_absolute(self, checker: ResponseChecker, link: str) -> None:
        content = {
            "count": 0, "next": link, "previous": None, "results": [], "uuid": CATALOG,
            "title": "All", "enterprise_customer": CATALOG,
        }  # fmt: skip
        body = msgspec.json.encode(content)
        assert "$.next" in refused(checker, 200, body, f"{CATALOGS}/{CATALOG}")
        good = msgspec.json.encode(content | {"next": "https://api.example.org/?page=2"})
        checker.check("GET", f"{CATALOGS}/{CATALOG}", 200, JSON, good)

    def test_instants_in_another_form(self) -> None:
        validator = Draft202012Validator({"format": "date-time"}, format_checker=formats)
        assert validator.is_valid("2026-11-01T08:00:00Z")
        assert validator.is_valid("2026-11-01T08:00:00.000001Z")
        assert not validator.is_valid("2026-11-01T08:00:00+00:00")
        assert not validator.is_valid("2026-13-01T08:00:00Z")

    def test_html_and_broken_xml(self, checker: ResponseChecker) -> None:
        html = {"Content-Type": "text/html", "X-Request-ID": "1"}
        with pytest.raises(AssertionError, match="text/html"):
            checker.check("GET", CATALOGS, 404, html, b"<html/>")
        with pytest.raises(AssertionError, match="broken XML"):
            checker.check("GET", CATALOGS, 404, XML, b"<root>\x01</root>")
        with pytest.raises(AssertionError, match="root element"):
            checker.check("GET", CATALOGS, 404, XML, b"<error/>")

    def test_an_answer_without_its_required_headers(self, checker: ResponseChecker) -> None:
        with pytest.raises(AssertionError, match="without X-Request-ID"):
            checker.check("GET", CATALOGS, 200, {"Content-Type": "application/json"}, EMPTY_LIST)
        assert "without WWW-Authenticate" in refused(checker, 401, b'{"detail":"No."}')

    def test_a_body_where_none_is_documented(self, checker: ResponseChecker) -> None:
        assert "with a body" in refused(checker, 304, b"{}")
        with pytest.raises(AssertionError, match="with a body"):
            checker.check("HEAD", CATALOGS, 200, JSON, EMPTY_LIST)

    def test_refusals_with_more_than_a_detail(self, checker: ResponseChecker) -> None:
        assert "stack" in refused(checker, 404, b'{"detail":"No.","stack":"..."}', "/nowhere")
