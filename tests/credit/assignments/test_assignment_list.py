"""`GET /enterprise/v1/assignment-configurations/{uuid}/admin/assignments/`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bursar.credit.models import Assignment
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from testing.databases.statements import statements_of
from testing.worlds import credit as world
from testing.worlds.credit import DAY, KINDS, NOW, Configuration
from tests.credit.calling import Api, JsonObject, Query, content, refusal

SECOND = timedelta(seconds=1)
CONTENTS = {
    "edX+DemoX": "Demonstration 100%",
    "edX+P_X": "Échecs under_scored",
    "MITx+6.00": "Back\\slash / ÉCOLE",
}
EMAILS = [f"{name}@example.com" for name in ("anna", "ben+one", "b_n", "élan", "zoë")]
ORDERINGS = {
    "recent_action_time": "recent_action_at",
    "learner_state_sort_order": "learner_state_sort_order",
    "content_quantity": "content_quantity",
}


@dataclass(frozen=True)
class Shop:
    """A configuration with some of every kind of assignment."""

    database: Database
    api: Api
    configuration: Configuration
    rows: list[AnyRow]

    def list(self, query: Query) -> JsonObject:
        return content(self.api.list_assignments(self.configuration.uuid, query))

    def pages(self, query: Query) -> Iterator[JsonObject]:
        page = self.list(query)
        yield page
        for number in range(2, page["page_count"] + 1):
            yield self.list([*query, ("page", number)])


def wanted(number: int) -> tuple[world.Kind, dict[str, Any]]:
    """Many share their instants and prices, and no two their learner and content."""
    key, title = list(CONTENTS.items())[number % 3]
    return KINDS[number * 5 % 8], {
        "uuid": UUID(int=(number * 7919) % 1009 + 1),
        "content_key": key,
        "content_title": title,
        "learner_email": EMAILS[number % 5].replace("@", f"{number}@" if number >= 15 else "@"),
        "lms_user_id": None if number % 4 == 0 else number % 6,
        "content_quantity": -100 * (number % 4),
        "recent_action_at": NOW + (number % 3) * SECOND,
    }


@pytest.fixture
def shop(database: Database) -> Shop:
    with database.transaction() as session:
        acme = world.enterprise(session)
        subsidy = world.subsidy(session, acme)
        mine, other = (
            world.configuration(session, world.policy(session, acme, subsidy)) for _ in range(2)
        )
        world.assignments(session, mine, [wanted(number) for number in range(41)])
        world.assignments(session, other, [(kind, {}) for kind in KINDS])
    with database.read() as connection:
        of_mine = Assignment.configuration_uuid == mine.uuid
        rows = list(connection.execute(select(*Assignment.__table__.c).where(of_mine)))
    api = Api(database)
    api.allow(acme)
    return Shop(database, api, mine, rows)


def ids(page: JsonObject) -> list[UUID]:
    return [UUID(item["uuid"]) for item in page["results"]]


def sorted_ids(rows: list[AnyRow], ordering: str = "-recent_action_time") -> list[UUID]:
    ordered = sorted(rows, key=lambda row: row.uuid)
    for name in reversed(ordering.split(",")):
        column = ORDERINGS[name.removeprefix("-")]
        # A stable sort, and reverse keeps equals in their order.
        ordered.sort(key=lambda row: getattr(row, column), reverse=name.startswith("-"))
    return [row.uuid for row in ordered]


def counts_of(rows: list[AnyRow]) -> list[JsonObject]:
    counts = Counter(row.learner_state for row in rows if row.learner_state)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"learner_state": state, "count": number} for state, number in ordered]


def test_the_list_shows_everything_with_the_latest_action_first(shop: Shop) -> None:
    page = shop.list([])
    assert list(page) == [
        "count", "page_count", "page_size", "current_page", "next", "previous", "results",
        "learner_state_counts",
    ]  # fmt: skip
    assert ids(page) == sorted_ids(shop.rows)
    assert page["learner_state_counts"] == counts_of(shop.rows)
    numbers = [page[name] for name in ("count", "page_count", "page_size", "current_page")]
    assert (numbers, page["next"], page["previous"]) == ([41, 1, 50, 1], None, None)


def test_an_assignment_shows_what_is_stored(shop: Shop) -> None:
    stored = {row.uuid: row for row in shop.rows}
    for item in shop.list([])["results"]:
        row = stored[UUID(item["uuid"])]
        assert item["assignment_configuration"] == str(shop.configuration.uuid)
        for name in (
            "learner_email", "lms_user_id", "content_key", "content_title", "content_quantity",
            "state", "learner_state",
        ):  # fmt: skip
            assert item[name] == getattr(row, name)
        assert item["transaction_uuid"] == (row.transaction_uuid and str(row.transaction_uuid))
        assert item["earliest_possible_expiration"] == {
            "date": "2027-02-22T12:00:00Z",
            "reason": "NINETY_DAYS_PASSED",
        }
        assert item["recent_action"]["action_type"] == "assigned"
        assert (item["actions"], item["error_reason"]) == ([], None)


def test_actions_are_shown_oldest_first_with_the_error_that_is_left(shop: Shop) -> None:
    configuration, at = shop.configuration, NOW + DAY
    failed = next(row.uuid for row in shop.rows if row.learner_state == "failed")
    with shop.database.transaction() as session:
        world.action(session, configuration, failed, "reminded", at)
        world.action(session, configuration, failed, "notified", NOW, error_reason="email_error")
    items = {UUID(item["uuid"]): item for item in shop.list([])["results"]}
    shown = items.pop(failed)
    assert [list(action) for action in shown["actions"]] == [
        ["created", "modified", "uuid", "action_type", "completed_at", "error_reason"]
    ] * 2
    assert [
        (action["action_type"], action["completed_at"], action["error_reason"])
        for action in shown["actions"]
    ] == [("reminded", "2026-11-25T12:00:00Z", None), ("notified", None, "email_error")]
    assert shown["error_reason"] == "email_error"
    assert all(item["actions"] == [] for item in items.values())


def test_an_empty_configuration_has_an_empty_first_page(shop: Shop) -> None:
    with shop.database.transaction() as session:
        policy = world.policy(
            session, shop.configuration.enterprise_uuid, shop.configuration.subsidy_uuid
        )
        empty = world.configuration(session, policy)
    with statements_of(shop.database) as statements:
        page = content(shop.api.list_assignments(empty.uuid, []))
    assert (page["count"], page["page_count"], page["results"]) == (0, 1, [])
    assert page["learner_state_counts"] == []
    assert len(statements) == 1


def test_another_enterprises_configuration_is_as_an_unknown_one(shop: Shop) -> None:
    with shop.database.transaction() as session:
        globex = world.enterprise(session, "globex")
        policy = world.policy(session, globex, world.subsidy(session, globex))
        foreign = world.configuration(session, policy).uuid
    answers = [
        refusal(shop.api.list_assignments(uuid, [("state", "bad")]))
        for uuid in (foreign, uuid4(), "x")
    ]
    assert answers == [(404, {"detail": "Not found."})] * 3


@pytest.mark.parametrize("number", [0, -1, 99, "x"])
def test_a_page_that_is_not_there_is_not_found(shop: Shop, number: object) -> None:
    answer = shop.api.list_assignments(shop.configuration.uuid, [("page", number)])
    assert refusal(answer) == (404, {"detail": "Invalid page."})


@pytest.mark.parametrize(
    "ordering",
    [
        *ORDERINGS,
        *(f"-{name}" for name in ORDERINGS),
        "-content_quantity,recent_action_time",
        "learner_state_sort_order,-content_quantity",
    ],
)
@pytest.mark.parametrize("size", [1, 6, 41, 500])
def test_walking_all_pages_shows_each_assignment_once_and_in_order(
    shop: Shop, ordering: str, size: int
) -> None:
    pages = list(shop.pages([("ordering", ordering), ("page_size", size)]))
    assert [uuid for page in pages for uuid in ids(page)] == sorted_ids(shop.rows, ordering)
    assert {page["count"] for page in pages} == {41}
    assert all(len(page["results"]) == size for page in pages[:-1])
    assert all(page["learner_state_counts"] == counts_of(shop.rows) for page in pages)


def test_a_page_is_read_from_the_nearer_end(shop: Shop) -> None:
    offsets = []
    for number in (1, 4, 8, "last"):
        with statements_of(shop.database) as statements:
            shop.list([("page_size", 5), ("page", number)])
        order = statements[1].partition("ORDER BY")[2]
        offsets.append("recent_action_at DESC" in order)
    assert offsets == [True, True, False, False]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ([], 3),
        ([("state", "allocated")], 3),
        ([("state__in", "allocated,errored"), ("learner_state", "failed")], 3),
        ([("page", "last"), ("page_size", 3), ("ordering", "content_quantity")], 3),
        ([("content_key", "edX+DemoX")], 4),
        ([("search", "demo"), ("state", "accepted")], 4),
    ],
)
def test_a_page_takes_a_constant_number_of_statements(
    shop: Shop, query: Query, number: int
) -> None:
    with statements_of(shop.database) as statements:
        page = shop.list(query)
    assert page["results"]
    assert len(statements) == number


PARAMETERS = {
    "content_key": [*CONTENTS, "edx+demox", "none+X"],
    "learner_email": [*EMAILS, "ANNA@example.com", " Anna15@Example.com ", "none@example.com"],
    "learner_state": ["notifying", "waiting", "failed", "expired"],
    "lms_user_id": ["0", "1", "2", "5", "77", "9223372036854775807"],
    "state": ["allocated", "accepted", "cancelled", "errored", "expired", "reversed"],
}
SEARCHES = [
    "demo", "DEMONSTRATION 1", "0%", "%", "_", "\\", "/", "éc", "ÉCHECS", "zOË", "B_N", "example",
    "ben+one", "on demo", "'", "demo anna",
]  # fmt: skip


@st.composite
def queries(draw: st.DrawFn) -> Query:
    query: Query = []
    names = st.lists(st.sampled_from(sorted(PARAMETERS)), max_size=3, unique=True)
    for name in draw(names):
        values = st.sampled_from(PARAMETERS[name])
        if draw(st.booleans()):
            query.append((name, draw(values)))
        query += [
            (f"{name}__in", ",".join(several))
            for several in draw(st.lists(st.lists(values, min_size=1, max_size=3), max_size=2))
        ]
    if draw(st.booleans()):
        query.append(("search", draw(st.sampled_from(SEARCHES))))
    return query


def passes(row: AnyRow, query: Query) -> bool:
    for name in PARAMETERS:
        shown = str(getattr(row, name))
        single = [value for key, value in query if key == name]
        several = [
            part for key, value in query if key == f"{name}__in" for part in value.split(",")
        ]
        for values in (single, several):
            normal = [v.strip().lower() if name == "learner_email" else v for v in values]
            if normal and shown not in normal:
                return False
    search = next((value.lower() for key, value in query if key == "search"), "")
    return search in row.content_title.lower() or search in row.learner_email


@settings(
    max_examples=120,
)
@given(queries(), st.sampled_from([1, 4, 50]), st.sampled_from([0, 5, 1000]))
def test_filters_let_pass_what_they_say(shop: Shop, query: Query, size: int, few: int) -> None:
    expected = [row for row in shop.rows if passes(row, query)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bursar.credit.assignments.queries.FEW", few)
        pages = list(shop.pages([*query, ("page_size", size)]))
    assert [uuid for page in pages for uuid in ids(page)] == sorted_ids(expected)
    assert pages[0]["count"] == len(expected)
    assert pages[0]["learner_state_counts"] == counts_of(expected)


def test_a_plus_sign_that_was_sent_as_it_is_stays_one(shop: Shop) -> None:
    (one,) = shop.list([("content_key", "edX P_X"), ("learner_email", "ben one@example.com")])[
        "results"
    ]
    assert (one["content_key"], one["learner_email"]) == ("edX+P_X", "ben+one@example.com")


def test_links_keep_the_filters(shop: Shop) -> None:
    page = shop.list([("state__in", "allocated,errored"), ("page_size", 2), ("search", "é o")])
    assert page["next"] is None
    page = shop.list([("state__in", "allocated,errored"), ("page_size", 2)])
    assert page["next"].endswith("?state__in=allocated%2Cerrored&page_size=2&page=2")


@pytest.mark.parametrize(
    "name",
    ["state", "state__in", "learner_state", "learner_state__in", "ordering"],
)
@pytest.mark.parametrize("value", ["unknown", "allocated,unknown", "ALLOCATED", "null"])
def test_an_unknown_name_is_refused(shop: Shop, name: str, value: str) -> None:
    answer = shop.api.list_assignments(shop.configuration.uuid, [(name, value)])
    status, body = refusal(answer)
    assert (status, list(body)) == (400, [name])


@pytest.mark.parametrize("name", ["lms_user_id", "lms_user_id__in"])
@pytest.mark.parametrize("value", ["x", "1.0", "٣", str(2**63), "-" + "9" * 30, "1_0"])
def test_a_user_id_that_is_no_integer_of_64_bits_is_refused(
    shop: Shop, name: str, value: str
) -> None:
    answer = shop.api.list_assignments(shop.configuration.uuid, [(name, value)])
    assert refusal(answer) == (400, {name: ["Enter a whole number."]})


def test_everything_wrong_is_named_at_once(shop: Shop) -> None:
    query: Query = [
        ("state", "x"),
        ("lms_user_id__in", "1,x"),
        ("ordering", "uuid"),
        ("content_key__in", "a," * 1001),
        ("search", "x" * 1001),
    ]
    status, body = refusal(shop.api.list_assignments(shop.configuration.uuid, query))
    assert (status, set(body)) == (400, {name for name, _ in query})


def test_empty_and_unknown_parameters_are_ignored(shop: Shop) -> None:
    page = shop.list([("state", ""), ("search", " "), ("state__in", ","), ("colour", "red")])
    assert page["count"] == 41


@pytest.mark.parametrize(("asked", "given"), [("0", 50), ("x", 50), ("501", 500), ("7", 7)])
def test_the_page_size_is_capped_or_the_default(shop: Shop, asked: str, given: int) -> None:
    assert shop.list([("page_size", asked)])["page_size"] == given
