"""What the OpenAPI document says of bulk enrollment."""

from bursar.api.bulk_enrollment import PATH, routes
from bursar.web.openapi.document import openapi_document

PATHS = openapi_document(routes.endpoints, version="1", public_url="")["paths"]


def test_an_enterprise_in_the_query_can_be_unknown() -> None:
    for method in ("post", "get"):
        operation = PATHS[PATH][method]
        assert "404" in operation["responses"]
        required = {each["name"] for each in operation["parameters"] if each.get("required")}
        assert "enterprise_customer_uuid" in required


def test_the_download_is_csv_alone() -> None:
    answer = PATHS[f"{PATH}/{{job_id}}/download"]["get"]["responses"]["200"]
    assert list(answer["content"]) == ["text/csv"]


def test_a_created_job_has_an_address() -> None:
    assert "Location" in PATHS[PATH]["post"]["responses"]["201"]["headers"]
