"""A client that checks every answer against the server's own OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from lxml import etree

from testing.clients.openapi import ResponseChecker

JsonObject = dict[str, Any]
CATALOGS = "/enterprise/v2/enterprise-catalogs"
# Differ between two answers that say the same.
ACCIDENTAL = frozenset({"date", "x-request-id"})


def connect(url: str) -> httpx.Client:
    """Asks for nothing by itself: no Accept and no content coding."""
    http = httpx.Client(base_url=url, timeout=30, trust_env=False)
    del http.headers["accept"]
    http.headers["accept-encoding"] = "identity"
    return http


class Api:
    def __init__(
        self, http: httpx.Client, checker: ResponseChecker, authorization: str | None = None
    ) -> None:
        self.http = http
        self.checker = checker
        self.authorization = authorization

    def acting_as(self, authorization: str | None) -> Self:
        return type(self)(self.http, self.checker, authorization)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Any = None,
        content: Any = None,
        json: Any = None,
        data: Any = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if self.authorization is not None:
            sent.setdefault("Authorization", self.authorization)
        response = self.http.request(
            method, path, headers=sent, params=params, content=content, json=json, data=data
        )
        self.check(method, path, response)
        return response

    def check(self, method: str, path: str, response: httpx.Response) -> None:
        target = urlsplit(str(response.request.url)).path
        self.checker.check(method, target, response.status_code, response.headers, response.content)
        assert response.headers.get_list("x-request-id") != []
        assert len(response.headers.get_list("x-request-id")) == 1

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def json(self, path: str, **options: Any) -> JsonObject:
        """The body of a good answer."""
        response = self.get(path, headers={"Accept": "application/json"}, **options)
        assert response.status_code == 200, response.text
        body: JsonObject = response.json()
        return body

    def pages(self, path: str, **options: Any) -> Iterator[JsonObject]:
        """Every page, by following `next`."""
        page = self.json(path, **options)
        yield page
        while page["next"] is not None:
            page = self.json(page["next"])
            yield page


def keys_of(page: JsonObject) -> list[str]:
    return [item.get("key") or item["uuid"] for item in page["results"]]


def visible(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer that may tell its reader something."""
    headers = {name: value for name, value in response.headers.items() if name not in ACCIDENTAL}
    return response.status_code, response.content, headers


def xml_of(response: httpx.Response) -> etree._Element:
    assert response.headers["content-type"].partition(";")[0].endswith("/xml")
    return etree.fromstring(response.content, etree.XMLParser(resolve_entities=False))


def detail_of(response: httpx.Response) -> str:
    """Of a refusal in either format."""
    if response.headers["content-type"] == "application/json":
        body = response.json()
        assert list(body) == ["detail"]
        return str(body["detail"])
    root = xml_of(response)
    assert [child.tag for child in root] == ["detail"]
    return str(root[0].text)
