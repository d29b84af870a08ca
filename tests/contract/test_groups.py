"""`groups`: made, listed, renamed and deleted; members in JSON and CSV, by page and by file."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from bursar import clock
from bursar.groups import writing
from bursar.groups.service import TooManyGroups
from testing.clients.api import Api
from testing.clients.samples import UNKNOWN
from testing.shops.service import Service, Shop
from testing.worlds.contract import ADMIN, client

PATH = "/enterprise/v1/groups"
KEYS = ["uuid", "enterprise_customer_uuid", "name", "member_count", "created", "modified"]
JSON = {"Accept": "application/json"}
ANA, BEN = "ana@example.org", "ben@example.org"
CSV = {"Content-Type": "text/csv; charset=utf-8", "Accept": "application/json"}


def of(shop: Shop) -> str:
    return f"{PATH}?enterprise_customer_uuid={shop.uuid}"


@pytest.fixture
def group(shop: Shop) -> str:
    answer = shop.api.post(of(shop), json={"name": "Data team"})
    return f"{PATH}/{answer.json()['uuid']}"


def change(shop: Shop, group: str, **body: Any) -> httpx.Response:
    return shop.api.post(f"{group}/members", json=body)


def members(shop: Shop, group: str) -> list[str]:
    return [each["email"] for each in shop.api.json(f"{group}/members")["results"]]


class TestGroup:
    def test_it_is_made_shown_and_listed(self, shop: Shop) -> None:
        answer = shop.api.post(of(shop), json={"name": "  Data team "})
        made = answer.json()
        assert (answer.status_code, list(made), made["name"]) == (201, KEYS, "Data team")
        assert made["enterprise_customer_uuid"] == str(shop.uuid)
        assert answer.headers["location"].endswith(f"{PATH}/{made['uuid']}")
        assert shop.api.json(f"{PATH}/{made['uuid']}") == made
        second = shop.api.post(of(shop), json={"name": "Data team"}).json()
        assert shop.api.json(of(shop))["results"] == [made, second]
        assert shop.api.json(f"{of(shop)}&page_size=1&page=2")["results"] == [second]

    def test_a_repetition_makes_nothing(self, shop: Shop) -> None:
        key = {"Idempotency-Key": str(uuid4())}
        first, again = (
            shop.api.post(of(shop), json={"name": "Once"}, headers=key) for _ in range(2)
        )
        assert (first.json(), again.headers["idempotent-replayed"]) == (again.json(), "true")
        assert shop.api.json(of(shop))["count"] == 1

    @pytest.mark.parametrize("name", [None, "", "   ", 7, "x" * 256, "a\u200bb", "a\0b"])
    def test_a_bad_name_is_refused(self, shop: Shop, group: str, name: Any) -> None:
        for answer in (
            shop.api.post(of(shop), json={"name": name}),
            shop.api.request("PATCH", group, json={"name": name}),
        ):
            assert (answer.status_code, list(answer.json())) == (400, ["name"])
        assert shop.api.json(of(shop))["count"] == 1

    def test_it_is_renamed(self, shop: Shop, group: str) -> None:
        before = shop.api.json(group)
        renamed = shop.api.request("PATCH", group, json={"name": "Analysts"}).json()
        assert renamed == {**before, "name": "Analysts", "modified": renamed["modified"]}
        assert renamed["modified"] > before["modified"]
        same = shop.api.request("PATCH", group, json={"name": "Analysts"}).json()
        assert same == renamed == shop.api.json(group)

    def test_it_is_deleted_with_its_members_and_twice(self, shop: Shop, group: str) -> None:
        change(shop, group, add=[ANA])
        for _ in range(2):
            assert shop.api.request("DELETE", group).status_code == 204
        for path in (group, f"{group}/members"):
            assert shop.api.get(path).status_code == 404
        assert shop.api.request("PATCH", group, json={"name": "x"}).status_code == 404
        assert change(shop, group, add=[BEN]).status_code == 404
        assert shop.api.json(of(shop))["count"] == 0

    def test_there_is_a_limit(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        with shop.service.database.transaction() as session:
            monkeypatch.setattr(writing, "MOST_GROUPS", 0)
            with pytest.raises(TooManyGroups, match="at most 0 groups"):
                writing.make_room(session, shop.uuid, clock.now())


class TestMembers:
    def test_known_or_not_they_are_added_and_removed(self, shop: Shop, group: str) -> None:
        shop.declare(learners=[{"email": ANA, "lms_user_id": 501}])
        answer = change(shop, group, add=[f" {ANA.upper()}", BEN, BEN]).json()
        assert answer == {"added": 2, "removed": 0, "unchanged": 0, "member_count": 2}
        listed = shop.api.json(f"{group}/members")
        assert [(each["email"], each["lms_user_id"]) for each in listed["results"]] == [
            (ANA, 501),
            (BEN, None),
        ]
        assert listed["count"] == shop.api.json(group)["member_count"] == 2
        answer = change(shop, group, add=[BEN], remove=[ANA, "cal@example.org"]).json()
        assert answer == {"added": 0, "removed": 1, "unchanged": 2, "member_count": 1}
        assert members(shop, group) == [BEN]

    def test_what_changes_nothing_leaves_no_trace(self, shop: Shop, group: str) -> None:
        change(shop, group, add=[ANA])
        before = shop.api.json(group)
        change(shop, group, add=[ANA], remove=[BEN])
        assert shop.api.json(group) == before
        told = [each["data"] for each in shop.events("group.changed")]
        assert [(each["added"], each["removed"]) for each in told] == [(0, 0), (1, 0)]
        assert told[-1]["group"] == before
        assert ANA not in str(told)

    def test_a_repetition_is_answered_as_before(self, shop: Shop, group: str) -> None:
        key = {"Idempotency-Key": str(uuid4())}
        path = f"{group}/members"
        first, again = (shop.api.post(path, json={"add": [ANA]}, headers=key) for _ in range(2))
        assert first.json() == again.json()
        assert again.headers["idempotent-replayed"] == "true"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "non_field_errors"),
            ({"add": [], "remove": []}, "non_field_errors"),
            ({"add": [ANA], "remove": [ANA.upper()]}, "non_field_errors"),
            ({"add": [ANA, "nobody"]}, "add"),
            ({"remove": ["a\u200b@example.org"]}, "remove"),
            ({"add": ANA}, "add"),
            ({"add": None}, "add"),
            ({"add": [7]}, "add"),
            ({"add": ["a\0@example.org"]}, "add"),
        ],
    )
    def test_bad_input_changes_nothing(
        self, shop: Shop, group: str, body: dict[str, Any], field: str
    ) -> None:
        answer = change(shop, group, **body)
        assert (answer.status_code, list(answer.json())) == (400, [field]), answer.text
        assert members(shop, group) == []

    def test_pages(self, shop: Shop, group: str) -> None:
        everybody = [f"learner-{number:03}@example.org" for number in range(250)]
        change(shop, group, add=everybody)
        pages = list(shop.api.pages(f"{group}/members"))
        assert [len(page["results"]) for page in pages] == [100, 100, 50]
        assert [each["email"] for page in pages for each in page["results"]] == everybody
        assert shop.api.get(f"{group}/members?page=4").status_code == 404


class TestCsv:
    def test_what_is_written_can_be_read(self, shop: Shop, group: str) -> None:
        odd = ["+plus@example.org", "=sum@example.org", "o'brien@example.org"]
        change(shop, group, add=[ANA, *odd])
        file = shop.api.get(f"{group}/members", headers={"Accept": "text/csv"})
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert file.text.splitlines()[0] == "email,created"
        assert "'=sum@example.org," in file.text
        change(shop, group, remove=[ANA, *odd])
        answer = shop.api.post(f"{group}/members", content=file.content, headers=CSV)
        assert answer.json() == {"added": 4, "removed": 0, "unchanged": 0, "member_count": 4}
        assert members(shop, group) == sorted([ANA, *odd])

    def test_the_column_is_found_wherever_it_is(self, shop: Shop, group: str) -> None:
        text = f'\ufeffName, EMAIL \r\nAna,{ANA}\r\n\r\nNobody,\r\nBen,"{BEN}"\r\n'
        answer = shop.api.post(f"{group}/members", content=text.encode(), headers=CSV)
        assert answer.json()["added"] == 2, answer.text
        assert members(shop, group) == [ANA, BEN]

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"name\r\nAna\r\n", "column `email`"),
            (b"email,Email\r\na@x.org,b@x.org\r\n", "column `email`"),
            (b'email\r\n"ana', "CSV parse error"),
            (b"email\r\n\xff@example.org\r\n", "UTF-8"),
            (b"email\r\nana@example.org\r\nnobody\r\n", "Enter a valid email"),
            (b"email\r\n", "1 to 10000"),
            (b"email\r\na\0@example.org\r\n", ""),
            (b"\0", ""),
        ],
    )
    def test_a_bad_file_changes_nothing(
        self, shop: Shop, group: str, content: bytes, why: str
    ) -> None:
        answer = shop.api.post(f"{group}/members", content=content, headers=CSV)
        assert answer.status_code == 400
        assert why in answer.text
        assert members(shop, group) == []

    def test_csv_is_for_members_only(self, shop: Shop) -> None:
        answer = shop.api.post(of(shop), content=b"name\r\nx\r\n", headers=CSV)
        assert answer.status_code == 415


class TestTenancy:
    def test_a_group_of_others_is_like_none(self, shop: Shop, service: Service, group: str) -> None:
        change(shop, group, add=[ANA])
        stranger = service.acting_as(ADMIN)
        for path in (group, f"{PATH}/{UNKNOWN}"):
            answers = [
                stranger.get(path, headers=JSON),
                stranger.get(f"{path}/members", headers=JSON),
                stranger.request("PATCH", path, json={"name": "Mine"}),
                stranger.request("DELETE", path, headers=JSON),
                stranger.post(f"{path}/members", json={"add": [BEN]}),
            ]
            assert {answer.status_code for answer in answers} == {404}
            assert {answer.text for answer in answers} == {'{"detail":"Not found."}'}
        assert members(shop, group) == [ANA]

    def test_a_role_that_only_reads(self, shop: Shop, service: Service, group: str) -> None:
        name = f"{shop.org}-reporting"
        shop.declare(clients=[client(name, "reporting")])
        reader: Api = service.acting_as(name)
        assert reader.json(group)["name"] == "Data team"
        assert reader.json(f"{group}/members")["count"] == 0
        for answer in (
            reader.post(of(shop), json={"name": "x"}),
            reader.request("PATCH", group, json={"name": "x"}),
            reader.request("DELETE", group),
            reader.post(f"{group}/members", json={"add": [BEN]}),
        ):
            assert answer.status_code == 403

    def test_nobody_without_a_token(self, shop: Shop, anonymous: Api, group: str) -> None:
        for path in (of(shop), group, f"{group}/members"):
            assert anonymous.get(path).status_code == 401
        assert anonymous.post(f"{group}/members", json={"add": [BEN]}).status_code == 401
