"""`GET /enterprise/v1/subsidy-access-policies/`."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import clock
from bursar.credit.policies.service import find_summaries
from bursar.credit.policy_types import (
    ASSIGNED,
    PER_LEARNER_ENROLLMENT,
    PER_LEARNER_SPEND,
    POLICY_TYPES,
)
from bursar.database.engine import Database
from testing.databases.statements import statements_of
from testing.worlds import credit as world
from testing.worlds.credit import DAY, KINDS, NOW
from tests.credit.calling import Api, JsonObject, content, refusal

NAME = "enterprise_customer_uuid"
REQUIRED = {NAME: ["This field is required."]}


@pytest.fixture
def acme(database: Database) -> UUID:
    with database.transaction() as session:
        return world.enterprise(session)


@pytest.fixture
def api(database: Database, acme: UUID) -> Api:
    api = Api(database)
    api.allow(acme)
    return api


def add(database: Database, acme: UUID, **fields: Any) -> UUID:
    """A policy with a subsidy of its own."""
    with database.transaction() as session:
        return world.policy(session, acme, world.subsidy(session, acme), **fields)


def listed(api: Api, acme: UUID, **query: Any) -> JsonObject:
    with clock.frozen_at(NOW):
        return content(api.list_policies([(NAME, acme), *query.items()]))


def uuids(page: JsonObject) -> list[UUID]:
    return [UUID(item["uuid"]) for item in page["results"]]


def test_a_policy_shows_its_money_in_cents_and_in_dollars(
    database: Database, api: Api, acme: UUID
) -> None:
    with database.transaction() as session:
        subsidy = world.subsidy(session, acme, deposit=200_000_000)
        policy = world.policy(session, acme, subsidy, spend_limit=100_000_000)
        configuration = world.configuration(session, policy)
        world.assignment(session, configuration, KINDS[1], content_quantity=-279_100)
        world.assignment(session, configuration, KINDS[3], content_quantity=-181_450)
    (item,) = listed(api, acme)["results"]
    assert item["aggregates"] == {
        "amount_redeemed_usd_cents": 181450,
        "amount_redeemed_usd": 1814.5,
        "amount_allocated_usd_cents": 279100,
        "amount_allocated_usd": 2791.0,
        "spend_available_usd_cents": 99539450,
        "spend_available_usd": 995394.5,
    }
    assert item["assignment_configuration"] == {
        "uuid": str(configuration.uuid),
        "subsidy_access_policy": str(policy),
        "enterprise_customer_uuid": str(acme),
        "active": True,
    }


def test_what_another_policy_of_the_subsidy_promised_is_not_available(
    database: Database, api: Api, acme: UUID
) -> None:
    with database.transaction() as session:
        subsidy = world.subsidy(session, acme, deposit=1000)
        for _ in range(2):
            policy = world.policy(session, acme, subsidy)
        world.assignment(session, world.configuration(session, policy), content_quantity=-400)
    available = [
        item["aggregates"]["spend_available_usd_cents"] for item in listed(api, acme)["results"]
    ]
    assert available == [600, 600]


def test_a_policy_shows_what_was_declared(database: Database, api: Api, acme: UUID) -> None:
    add(
        database,
        acme,
        policy_type=PER_LEARNER_SPEND,
        display_name=None,
        retired=True,
        active=False,
        per_learner_spend_limit=5000,
        late_redemption_allowed_until=NOW + DAY,
    )
    (item,) = listed(api, acme)["results"]
    assert (item["display_name"], item["description"]) == (None, "For learning")
    assert (item["retired"], item["active"]) == (True, False)
    assert (item["access_method"], item["assignment_configuration"]) == ("direct", None)
    assert (item["per_learner_spend_limit"], item["spend_limit"]) == (5000, None)
    assert item["late_redemption_allowed_until"] == "2026-11-25T12:00:00Z"
    assert item["is_late_redemption_allowed"] is True
    assert item["group_associations"] == []
    assert item["catalog_uuid"] == str(world.catalog_of(acme))


@pytest.mark.parametrize(("seconds", "active"), [(0, True), (-1, True), (1, False)])
def test_a_subsidy_is_active_from_its_first_instant(
    database: Database, api: Api, acme: UUID, seconds: int, *, active: bool
) -> None:
    with database.transaction() as session:
        starts = NOW + seconds * DAY / 86400
        subsidy = world.subsidy(session, acme, active_datetime=starts)
        world.policy(session, acme, subsidy, late_redemption_allowed_until=NOW)
    (item,) = listed(api, acme)["results"]
    assert item["is_subsidy_active"] is active
    assert item["is_late_redemption_allowed"] is False


def test_the_newest_policy_comes_first_and_its_uuid_breaks_ties(
    database: Database, api: Api, acme: UUID
) -> None:
    low, high = UUID(int=1), UUID(int=2)
    for uuid, days in ((high, 1), (low, 1), (UUID(int=3), 0), (UUID(int=4), 2)):
        add(database, acme, uuid=uuid, created_at=NOW + days * DAY)
    assert uuids(listed(api, acme)) == [UUID(int=4), low, high, UUID(int=3)]


def test_pages_have_ten_policies_and_every_policy_is_on_one(
    database: Database, api: Api, acme: UUID
) -> None:
    added = {add(database, acme) for _ in range(12)}
    first, last = listed(api, acme), listed(api, acme, page="last")
    assert list(first) == [
        "next", "previous", "count", "num_pages", "current_page", "start", "results",
    ]  # fmt: skip
    numbers = [
        [page[name] for name in ("count", "num_pages", "current_page", "start")]
        for page in (first, last)
    ]
    assert numbers == [[12, 2, 1, 0], [12, 2, 2, 10]]
    assert (first["previous"], last["next"]) == (None, None)
    assert first["next"] == f"https://api.example.org/list?{NAME}={acme}&page=2"
    assert {*uuids(first), *uuids(last)} == added
    assert len(uuids(listed(api, acme, page=2, page_size=5))) == 5


def test_only_policies_with_the_wanted_fields_are_listed(
    database: Database, api: Api, acme: UUID
) -> None:
    kinds = {
        (policy_type, active): add(database, acme, policy_type=policy_type, active=active)
        for policy_type in POLICY_TYPES
        for active in (True, False)
    }
    assert set(uuids(listed(api, acme))) == set(kinds.values())
    assert set(uuids(listed(api, acme, active="True"))) == {
        kinds[policy_type, True] for policy_type in POLICY_TYPES
    }
    assert uuids(listed(api, acme, active="false", policy_type=ASSIGNED)) == [
        kinds[ASSIGNED, False]
    ]
    page = listed(api, acme, policy_type=PER_LEARNER_ENROLLMENT, page_size=1, page=2)
    assert (page["count"], len(page["results"])) == (2, 1)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ([], REQUIRED),
        ([(NAME, "")], REQUIRED),
        ([(NAME, "acme")], {NAME: ["Enter a valid UUID."]}),
        ([("active", "yes")], {**REQUIRED, "active": ["Must be true or false."]}),
    ],
)
def test_bad_parameters_are_named_all_at_once(
    api: Api, query: list[tuple[str, str]], body: JsonObject
) -> None:
    assert refusal(api.list_policies(query)) == (400, body)


def test_an_unknown_policy_type_is_refused(api: Api, acme: UUID) -> None:
    status, body = refusal(api.list_policies([(NAME, acme), ("policy_type", "Other")]))
    assert (status, list(body)) == (400, ["policy_type"])


def test_another_enterprises_policies_are_as_those_of_an_unknown_one(
    database: Database, api: Api, acme: UUID
) -> None:
    with database.transaction() as session:
        globex = world.enterprise(session, "globex")
    add(database, globex)
    add(database, acme)
    assert listed(api, globex) | {"next": None} == listed(api, uuid4())
    assert listed(api, globex)["results"] == []
    later = [(NAME, globex), ("page", 2)]
    assert refusal(api.list_policies(later)) == (404, {"detail": "Invalid page."})


def test_a_reporting_client_may_read(database: Database, acme: UUID) -> None:
    api = Api(database)
    api.allow(acme, "reporting")
    policy = add(database, acme)
    assert uuids(listed(api, acme)) == [policy]


@pytest.mark.parametrize(("page", "number"), [({}, 2), ({"page": 1}, 2), ({"page": "last"}, 3)])
def test_any_number_of_policies_takes_the_same_statements(
    database: Database, api: Api, acme: UUID, page: dict[str, Any], number: int
) -> None:
    for policies in (1, 9):
        for _ in range(policies):
            add(database, acme)
        with statements_of(database) as statements:
            listed(api, acme, **page)
        assert len(statements) == number


def test_several_policies_of_one_enterprise_are_found_with_one_statement(
    database: Database, acme: UUID
) -> None:
    with database.transaction() as session:
        globex = world.enterprise(session, "globex")
    wanted = {add(database, acme) for _ in range(3)}
    foreign = add(database, globex)
    with database.read() as connection, statements_of(database) as statements:
        found = find_summaries(connection, acme, [*wanted, foreign], NOW)
    assert {uuid: summary.uuid for uuid, summary in found.items()} == {
        uuid: uuid for uuid in wanted
    }
    assert len(statements) == 1


def test_no_policies_are_found_without_a_statement(database: Database, acme: UUID) -> None:
    with database.read() as connection, statements_of(database) as statements:
        assert find_summaries(connection, acme, [], NOW) == {}
    assert statements == []
