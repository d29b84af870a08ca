"""What real clients send that the documentation does not show: addresses, bodies, parameters."""

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bursar.app import create_app
from bursar.database.engine import Database
from bursar.provisioning.problems import ManifestError
from bursar.settings import Settings
from testing.clients.api import CATALOGS, Api
from testing.clients.inside import Inside
from testing.shops.service import Service
from testing.worlds.contract import ACME, NESTED_RUN_KEY, client

SUMMARY = f"/enterprise/v3/enterprise-customer/{ACME}/learner-summary"
POLICIES = f"/enterprise/v1/subsidy-access-policies/?enterprise_customer_uuid={ACME}"


def unchecked(api: Api, path: str, **headers: str) -> httpx.Response:
    """Of an address that the OpenAPI document does not name."""
    return api.http.get(path, headers={"Authorization": api.authorization or "", **headers})


class TestAddresses:
    @pytest.mark.parametrize(
        ("alias", "path"),
        [
            ("/enterprise/v1/enterprise-catalogs", CATALOGS),
            ("/enterprise/v1/enterprise-catalogs/", CATALOGS),
            (SUMMARY.replace("v3", "v1"), SUMMARY),
            (SUMMARY.replace("v3", "v2"), SUMMARY),
        ],
    )
    def test_the_gateway_s_other_routes_answer_as_their_twins(
        self, api: Api, alias: str, path: str
    ) -> None:
        twin, answer = unchecked(api, path), unchecked(api, alias)
        assert answer.status_code == twin.status_code == 200
        assert answer.content == twin.content

    def test_links_stay_on_the_address_that_was_called(self, api: Api) -> None:
        answer = unchecked(
            api, "/enterprise/v1/enterprise-catalogs?page_size=1", accept="application/json"
        )
        assert "/enterprise/v1/enterprise-catalogs?page_size=1&page=2" in answer.json()["next"]

    def test_a_single_document_has_a_v1_address_too(self, api: Api) -> None:
        catalog = api.json(CATALOGS)["results"][0]["uuid"]
        course = api.json(f"{CATALOGS}/{catalog}")["results"][0]["key"]
        path = f"/{catalog}/courses/{course}"
        answer = unchecked(api, f"/enterprise/v1/enterprise-catalogs{path}")
        assert answer.content == unchecked(api, CATALOGS + path).content

    @pytest.mark.parametrize("path", ["/oauth2/access_token", "/oauth2/access_token/"])
    def test_client_libraries_of_open_edx_ask_for_tokens_elsewhere(
        self, anonymous: Api, path: str
    ) -> None:
        refused = anonymous.http.post(path, data={"grant_type": "password"})
        assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")

    @pytest.mark.parametrize(
        ("service_path", "path"),
        [
            (POLICIES.replace("/enterprise/v1", "/api/v1"), POLICIES),
            ("/api/v1/subscriptions/", "/enterprise/v1/subscriptions"),
            ("/api/v1/enterprise-catalogs/", CATALOGS),
            ("/api/v2/enterprise-catalogs", CATALOGS),
            (f"/enterprise/api/v1/enterprise/{ACME}/enrollments/", SUMMARY),
        ],
    )
    def test_the_services_own_paths_answer_json(
        self, api: Api, service_path: str, path: str
    ) -> None:
        answer = unchecked(api, service_path, accept="*/*")
        assert answer.headers["content-type"] == "application/json"
        twin = unchecked(api, path, accept="application/json")
        assert answer.json()["results"] == twin.json()["results"]

    def test_a_job_that_is_asked_for_there_is_found_there(self, api: Api) -> None:
        path = "/api/v1/bulk-license-enrollment"
        answer = api.http.post(
            f"{path}/?enterprise_customer_uuid={ACME}",
            json={"emails": ["ana@example.org"], "course_run_keys": ["unknown"]},
            headers={"Authorization": api.authorization or ""},
        )
        location = answer.headers["location"]
        assert location.endswith(f"{path}/{answer.json()['job_id']}")
        status = unchecked(api, urlsplit(location).path).json()
        assert status["download_url"] == f"{location}/download"

    @pytest.mark.parametrize(
        "address",
        [
            SUMMARY,
            SUMMARY.replace("v3", "v1"),
            f"/enterprise/api/v1/enterprise/{ACME}/enrollments/",
        ],
    )
    def test_links_of_the_report_are_the_same_everywhere(self, api: Api, address: str) -> None:
        row = {"learner_email": "link@example.org", "courserun_key": NESTED_RUN_KEY}
        api.request("PUT", SUMMARY.replace("summary", "progress"), json={"enrollments": [row]})
        found = unchecked(api, f"{address}?courserun_key={NESTED_RUN_KEY}&format=json").json()
        urls = {each["course_api_url"] for each in found["results"]} - {None}
        root = str(api.http.base_url).rstrip("/")
        assert urls
        assert all(url.startswith(f"{root}/enterprise/v2/") for url in urls)

    def test_what_the_caller_wants_wins_over_what_the_services_do(self, api: Api) -> None:
        answer = unchecked(api, "/api/v1/subscriptions/", accept="application/xml")
        assert answer.headers["content-type"].startswith("application/xml")

    def test_content_of_a_catalog_at_the_catalog_service_s_address(self, api: Api) -> None:
        catalog = api.json(CATALOGS)["results"][0]["uuid"]
        answer = unchecked(api, f"/api/v1/enterprise-catalogs/{catalog}/get_content_metadata/")
        assert answer.json()["results"] == api.json(f"{CATALOGS}/{catalog}")["results"]

    def test_a_file_of_enrollments_has_an_ending(self, api: Api) -> None:
        answer = unchecked(api, f"/enterprise/api/v1/enterprise/{ACME}/enrollments.csv")
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.content == unchecked(api, f"{SUMMARY}?format=csv").content

    def test_an_unauthenticated_error_of_a_service_path_is_json(self, anonymous: Api) -> None:
        refused = anonymous.http.get("/api/v1/subscriptions/")
        assert (refused.status_code, list(refused.json())) == (401, ["detail"])


class TestDefaultFormat:
    def test_a_client_may_have_one_of_its_own(self, service: Service) -> None:
        shop = service.open_shop()
        ask = {"Accept": "*/*"}
        assert shop.api.get(shop.path, headers=ask).headers["content-type"].startswith("app")
        assert "xml" in shop.api.get(shop.path, headers=ask).headers["content-type"]
        shop.declare(clients=[client(f"{shop.org}-client", "admin") | {"default_format": "json"}])
        assert shop.api.get(shop.path, headers=ask).headers["content-type"] == "application/json"
        wanted = shop.api.get(shop.path, headers={"Accept": "application/xml"})
        assert "xml" in wanted.headers["content-type"]
        missing = shop.api.get(f"{shop.path}/courses/none", headers=ask)
        assert (missing.status_code, missing.json()) == (404, {"detail": "Not found."})
        shop.declare(clients=[client(f"{shop.org}-client", "admin")])
        assert shop.api.get(shop.path, headers=ask).headers["content-type"] == "application/json"
        shop.declare(clients=[client(f"{shop.org}-client", "admin") | {"default_format": None}])
        assert "xml" in shop.api.get(shop.path, headers=ask).headers["content-type"]

    def test_one_that_is_none_is_refused(self, service: Service) -> None:
        shop = service.open_shop()
        with pytest.raises(ManifestError, match="default_format"):
            shop.declare(clients=[client("x", "admin") | {"default_format": "yaml"}])

    def test_an_installation_has_one(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path / 'bursar.db'}")
        settings = Settings(default_format="json", service_paths=False)
        inside = Inside(create_app(settings, database))
        refused = inside.ask("GET", CATALOGS.encode(), [(b"accept", b"*/*")])
        assert (refused.status, refused.headers["content-type"]) == (401, "application/json")
        assert inside.ask("GET", b"/api/v1/subscriptions/").status == 404
        inside.close()
        database.dispose()


class TestUnknownRoutes:
    @pytest.mark.parametrize(
        ("path", "meant"),
        [
            ("/enterprise/v3/enterprise-catalogs", "/enterprise/v2/enterprise-catalogs"),
            ("/enterprise-catalogs", "/enterprise/v2/enterprise-catalogs"),
            (
                f"/enterprise/v9/enterprise-customer/{ACME}/learner-summary/",
                "/enterprise/v3/enterprise-customer/{enterprise_uuid}/learner-summary",
            ),
            ("/enterprise/v2/subscriptions", "/enterprise/v1/subscriptions"),
        ],
    )
    def test_the_route_that_was_meant_is_named(self, anonymous: Api, path: str, meant: str) -> None:
        answer = anonymous.get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 404
        assert answer.json() == {"detail": f"Not found. Did you mean {meant}?"}
        assert answer.headers["link"] == '</docs>; rel="service-doc"'

    @pytest.mark.parametrize("path", ["/nowhere", "/enterprise/v1/nothing", "/" + "x/" * 2000])
    def test_where_none_was_meant_the_documentation_is_named(
        self, anonymous: Api, path: str
    ) -> None:
        answer = anonymous.get(path, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
        assert answer.headers["link"] == '</docs>; rel="service-doc"'


class TestFrontPage:
    def test_programs_get_json(self, anonymous: Api) -> None:
        answer = anonymous.http.get("/", headers={"Accept": "*/*"}).json()
        assert answer["name"] == "Bursar"
        assert answer["links"]["docs"].endswith("/docs")

    def test_people_get_a_page(self, anonymous: Api) -> None:
        browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        answer = anonymous.http.get("/", headers={"Accept": browser})
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert 'href="/docs"' in answer.text

    def test_the_heart_beats_where_the_server_is_ready(self, anonymous: Api) -> None:
        answer = anonymous.http.get("/heartbeat")
        assert (answer.status_code, answer.json()) == (200, {"OK": True})


class TestBodies:
    @pytest.mark.parametrize("declared", ["application/x-www-form-urlencoded", "text/plain", None])
    def test_an_empty_body_may_be_declared_as_anything(
        self, api: Api, declared: str | None
    ) -> None:
        headers = {"Accept": "application/json"}
        if declared is not None:
            headers["Content-Type"] = declared
        answer = api.post(
            f"/enterprise/v1/bulk-license-enrollment?enterprise_customer_uuid={ACME}",
            headers=headers,
            content=b"",
        )
        assert (answer.status_code, sorted(answer.json())) == (400, ["course_run_keys", "emails"])

    def test_a_body_that_is_there_must_be_json(self, api: Api) -> None:
        answer = api.post(
            f"/enterprise/v1/bulk-license-enrollment?enterprise_customer_uuid={ACME}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=b"emails=a",
        )
        assert answer.status_code == 415

    def test_json_may_begin_with_a_byte_order_mark(self, api: Api) -> None:
        answer = api.post(
            f"/enterprise/v1/bulk-license-enrollment?enterprise_customer_uuid={ACME}",
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            content=b'\xef\xbb\xbf{"emails": []}',
        )
        assert answer.json()["emails"] == ["This list may not be empty."]


class TestParameters:
    def test_a_plus_before_an_offset_comes_as_a_space(self, api: Api) -> None:
        path = f"{SUMMARY}?updated_since=2026-11-27T00:00:00+00:00"
        assert api.get(path).status_code == 200
        assert api.get(f"{SUMMARY}?updated_since=2026-11-27T00:00:00 0000").status_code == 200
        assert api.get(f"{SUMMARY}?updated_since=2026-11-27 00:00").status_code == 200
        assert api.get(f"{SUMMARY}?updated_since=2026-11-27 x").status_code == 400

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ("user_emial=a@b.example", "user_emial"),
            ("x=1&y=2&x=3&page=1", "x, y"),
            ("a%20b%0d%0aSet-Cookie:%20c=1", "a%20b%0D%0ASet-Cookie%3A%20c"),
            ("user_email=a@b.example&format=json", None),
            ("page=77&nonsense=", "nonsense"),
        ],
    )
    def test_a_parameter_that_is_ignored_is_told(
        self, api: Api, query: str, told: str | None
    ) -> None:
        answer = api.get(f"{SUMMARY}?{query}")
        assert answer.headers.get("x-ignored-parameters") == told

    def test_a_cached_answer_tells_it_too(self, api: Api) -> None:
        first = api.get(f"{CATALOGS}?pagesize=3")
        again = api.get(f"{CATALOGS}?pagesize=3", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.headers["x-ignored-parameters"] == "pagesize"

    @pytest.mark.parametrize("prefer", ["handling=strict", "respond-async, Handling = Strict; a"])
    def test_who_prefers_so_is_refused(self, api: Api, prefer: str) -> None:
        headers = {"Prefer": prefer, "Accept": "application/json"}
        answer = api.get(f"{SUMMARY}?user_emial=a@b.example&zzz=1&page_size=2", headers=headers)
        assert answer.status_code == 400
        assert answer.json() == {
            "user_emial": ["Unknown parameter. Did you mean user_email?"],
            "zzz": ["Unknown parameter."],
        }
        assert api.get(f"{SUMMARY}?page_size=2", headers=headers).status_code == 200
