from urllib.parse import quote

import pytest

from testing.clients.api import CATALOGS, Api, detail_of, xml_of
from testing.clients.samples import SAMPLES, WRITES, Sample
from testing.shops.service import Service
from testing.worlds.contract import EXAMPLES, HOSTILE

ANSWERS = {name: sample for name, sample in SAMPLES.items() if sample.status != 204}
every_endpoint = pytest.mark.parametrize("sample", ANSWERS.values(), ids=list(ANSWERS))
JSON = "application/json"
XML, TEXT_XML = "application/xml; charset=utf-8", "text/xml; charset=utf-8"

# Accept, Content-Type of a request without a body, and what is answered.
CHOICES: list[tuple[str | None, str | None, str]] = [
    (None, None, XML),
    ("", None, XML),
    ("*/*", None, XML),
    ("application/*", None, XML),
    ("text/*", None, TEXT_XML),
    ("application/xml", None, XML),
    ("text/xml", None, TEXT_XML),
    ("application/json", None, JSON),
    ("APPLICATION/JSON", None, JSON),
    ("application/json; charset=utf-8", None, JSON),
    ("application/*+json", None, JSON),
    ("application/vnd.api+json", None, JSON),
    ("application/json;q=0.5, application/xml;q=0.9", None, XML),
    ("application/json;q=0.9, application/xml;q=0.5", None, JSON),
    ("application/json, */*;q=0.1", None, JSON),
    ("application/json;q=0, */*", None, XML),
    ("application/xml;q=0, text/xml;q=0, */*", None, JSON),
    ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", None, XML),
    ("text/html, application/json;q=0.2", None, JSON),
    (None, "application/json", JSON),
    ("*/*", "application/json", JSON),
    ("*/*", "application/json; charset=utf-8", JSON),
    ("*/*", "Application/JSON", JSON),
    ("*/*", "text/plain", XML),
    ("*/*", "application/vnd.api+json", XML),
    ("application/xml", "application/json", XML),
]
EXCLUDED = [
    "text/html",
    "text/csv",
    "image/*",
    "application/json;q=0, application/xml;q=0, text/xml;q=0",
    "*/*;q=0",
    "application/pdf, text/plain;q=0.5",
]


def headers_of(accept: str | None, content_type: str | None = None) -> dict[str, str]:
    named = {"Accept": accept, "Content-Type": content_type}
    return {name: value for name, value in named.items() if value is not None}


@pytest.mark.parametrize(("accept", "content_type", "expected"), CHOICES)
@pytest.mark.parametrize("catalog", [EXAMPLES, "unknown"])
def test_the_headers_decide_the_format_of_answers_and_refusals(
    api: Api, accept: str | None, content_type: str | None, expected: str, catalog: object
) -> None:
    response = api.get(f"{CATALOGS}/{catalog}", headers=headers_of(accept, content_type))
    assert response.status_code == (200 if catalog == EXAMPLES else 404)
    assert response.headers["content-type"] == expected


@every_endpoint
@pytest.mark.parametrize(
    ("accept", "expected"),
    [("application/json", JSON), ("application/xml", XML), ("text/xml", TEXT_XML)],
)
def test_every_endpoint_answers_in_both_formats(
    api: Api, sample: Sample, accept: str, expected: str
) -> None:
    response = api.request(sample.method, sample.url, headers={"Accept": accept}, json=sample.body)
    assert response.status_code == sample.status
    assert response.headers["content-type"] == expected


@pytest.mark.parametrize("accept", EXCLUDED)
def test_an_accept_header_that_excludes_both_is_refused_in_json(api: Api, accept: str) -> None:
    others = [sample for sample in ANSWERS.values() if accept not in sample.also_answers]
    for sample in others:
        response = api.request(
            sample.method, sample.url, headers={"Accept": accept}, json=sample.body
        )
        assert response.status_code == 406, sample
        assert response.headers["content-type"] == JSON
        assert detail_of(response)


@pytest.mark.parametrize("sample", WRITES.values(), ids=list(WRITES))
def test_what_cannot_be_answered_is_not_done(service: Service, api: Api, sample: Sample) -> None:
    body = {"name": "never", "emails": ["a@b"], "amount": 0}
    response = api.request(sample.method, sample.url, headers={"Accept": "text/csv"}, json=body)
    assert response.status_code == 406
    assert service.changes_of("never") == 0


@pytest.mark.parametrize("accept", [None, "application/json", "application/xml", "text/html"])
@pytest.mark.parametrize(
    ("name", "expected"), [("json", JSON), ("xml", XML), ("JSON", JSON), ("XML", XML)]
)
def test_the_format_parameter_wins_over_accept(
    api: Api, accept: str | None, name: str, expected: str
) -> None:
    for sample in ANSWERS.values():
        response = api.request(
            sample.method,
            sample.url_with(f"format={quote(name)}"),
            headers=headers_of(accept),
            json=sample.body,
        )
        assert response.status_code == sample.status, sample
        assert response.headers["content-type"] == expected


@pytest.mark.parametrize("name", ["csv", "yaml", "application/json", "1", "json "])
def test_an_unknown_format_is_refused_by_name(api: Api, name: str) -> None:
    others = [each for each in ANSWERS.values() if f"text/{name}" not in each.also_answers]
    for sample in others:
        response = api.request(
            sample.method,
            sample.url_with(f"format={quote(name)}"),
            headers={"Accept": "application/json"},
            json=sample.body,
        )
        assert response.status_code == 400, sample
        assert list(response.json()) == ["format"]


@every_endpoint
def test_an_empty_format_counts_as_absent(api: Api, sample: Sample) -> None:
    response = api.request(sample.method, sample.url_with("format="), json=sample.body)
    assert response.status_code == sample.status


def test_a_refusal_of_several_parameters_names_all_of_them(api: Api) -> None:
    response = api.get(
        CATALOGS,
        params={"format": "yaml", "enterprise_customer": "x"},
        headers={"Accept": "application/json"},
    )
    assert response.status_code == 400
    assert set(response.json()) == {"format", "enterprise_customer"}


def test_xml_has_a_root_list_items_and_empty_elements(api: Api) -> None:
    response = api.get(f"{CATALOGS}/{EXAMPLES}", headers={"Accept": "application/xml"})
    assert response.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<root><count>')
    root = xml_of(response)
    assert [child.tag for child in root] == [
        "count", "next", "previous", "results", "uuid", "title", "enterprise_customer",
    ]  # fmt: skip
    assert {child.tag for child in root.iterfind("results/*")} == {"list-item"}
    assert root.find("next") is not None
    assert b"<next></next>" in response.content
    assert root.findtext("title") == "Examples & more"
    assert root.findtext("results/list-item/course_runs/list-item/is_enrollable") == "True"


def test_hostile_text_is_escaped_or_removed_but_never_breaks_the_document(api: Api) -> None:
    response = api.get(f"{CATALOGS}/{HOSTILE}", headers={"Accept": "application/xml"})
    root = xml_of(response)
    assert root.findtext("title") == "<Hostile> ]]>\r"
    item = root.find("results/list-item")
    assert item is not None
    assert item.findtext("controls") == "abcd\x7f"
    assert item.findtext("cdata") == "]]> <![CDATA[ & < > \" '"
    assert item.findtext("lines") == "one\r\ntwo\rthree\n\tfour  "
    assert item.findtext("astral") == "\U0001f393 \U00020000  é 漢"
    assert item.findtext("markup") == "<p onclick='x'>&amp;</p>"
    assert item.findtext("_1st_key") == "starts with a digit"
    assert item.findtext("a_b_c__d_") == "is no name"
    assert item.findtext("xml_lang") == "colon"
    assert item.findtext("_-") == "1"
    assert item.findtext("_") == "empty"
    assert [child.text for child in item.iterfind("booleans/*")] == ["True", "False", None]


def test_the_same_document_in_json_keeps_every_character(api: Api) -> None:
    item = api.json(f"{CATALOGS}/{HOSTILE}")["results"][0]
    assert item["controls"] == "a\x01b\x0bc\x1fd\x7f"
    assert item["astral"] == "\U0001f393 \U00020000 \ufffe\uffff é 漢"
    assert item["numbers"] == [0, -1, 1e300, 0.1, 12345678901234567890]
    assert item["a b:c/<d>"] == "is no name"
