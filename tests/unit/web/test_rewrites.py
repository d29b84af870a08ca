"""Addresses of other services lead to endpoints that there are."""

import re

import pytest

from bursar.app import all_endpoints
from bursar.web.rewrites import (
    GATEWAY_PATHS,
    SERVICE_PATHS,
    Rewrite,
    Rewrites,
    Source,
    rewrites,
)
from testing.coming_from import PAGE, page

UUID = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


SERVED = [shape(endpoint.path) for endpoint in all_endpoints()] + ["/oauth2/v1/access_token"]


@pytest.mark.parametrize("rewrite", [*GATEWAY_PATHS, *SERVICE_PATHS], ids=lambda each: each.path)
def test_every_rewrite_leads_to_an_endpoint(rewrite: Rewrite) -> None:
    if rewrite.target.endswith("{rest}"):
        stem = shape(rewrite.target.removesuffix("{rest}"))
        assert any(path.startswith(stem) for path in SERVED)
    else:
        assert shape(rewrite.target) in SERVED


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (f"/api/v1/subscriptions/{UUID}/licenses", f"/enterprise/v1/subscriptions/{UUID}/licenses"),
        ("/api/v1/subscriptions", "/enterprise/v1/subscriptions"),
        ("/api/v1/subscriptions/", "/enterprise/v1/subscriptions/"),
        (
            f"/api/v2/enterprise-catalogs/{UUID}/get_content_metadata/",
            f"/enterprise/v2/enterprise-catalogs/{UUID}",
        ),
        (
            f"/enterprise/v1/enterprise-catalogs/{UUID}/courses/a/b+c",
            f"/enterprise/v2/enterprise-catalogs/{UUID}/courses/a/b+c",
        ),
        (
            f"/api/v2/enterprise-catalogs/{UUID}/contains_content_items/",
            f"/enterprise/v2/enterprise-catalogs/{UUID}/contains_content_items",
        ),
        (
            f"/api/v1/enterprise-customer/{UUID}/contains_content_items/",
            f"/enterprise/v1/enterprise-customer/{UUID}/contains_content_items",
        ),
        ("/api/v1/subscriptionsx", None),
        ("/api/v3/subscriptions", None),
        ("/enterprise/v2/enterprise-catalogs", None),
        ("/", None),
    ],
)
def test_a_path_is_rewritten_whole_or_not_at_all(path: str, target: str | None) -> None:
    found = rewrites(with_services=True).find(path)
    assert (None if found is None else found.path) == target


def test_the_services_can_be_left_out() -> None:
    assert rewrites(with_services=False).find("/api/v1/subscriptions") is None
    assert rewrites(with_services=False).find("/oauth2/access_token/") is not None


def test_the_first_that_fits_counts() -> None:
    table = [
        Rewrite("/a/{b}", "/one/{b}", Source.GATEWAY),
        Rewrite("/a{rest...}", "/two{rest}", Source.GATEWAY),
    ]
    found = [Rewrites(table).find(path) for path in ("/a/x", "/a/x/y", "/a")]
    assert [each.path for each in found if each] == ["/one/x", "/two/x/y", "/two"]


def test_the_page_is_what_the_table_says() -> None:
    """`python -m testing.coming_from` writes it anew."""
    assert PAGE.read_text() == page()
