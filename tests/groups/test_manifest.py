"""Groups of manifests: declared, exported, applied again, and refused with their paths."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.provisioning.apply import Plan, apply
from bursar.provisioning.export import export
from bursar.provisioning.manifest import ManifestError, from_data
from testing.worlds.declared import subsidy

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACTOR = Actor("bursar apply")
ACME, GLOBEX, CATALOG, SUBSIDY, POLICY, DATA, SALES = (uuid4() for _ in range(7))


def applied(database: Database, parts: Any, enterprise: UUID = ACME) -> Plan:
    named = {"uuid": str(enterprise), "name": "Acme", "slug": f"e{enterprise}"}
    with database.transaction() as session:
        return apply(session, ACTOR, [from_data({"enterprises": [named | parts]})], now=NOW)


def problems(database: Database, parts: Any, enterprise: UUID = ACME) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        applied(database, parts, enterprise)
    return list(refused.value.problems)


def group(uuid: UUID = DATA, **fields: Any) -> dict[str, Any]:
    return {"uuid": str(uuid), **fields}


def whole() -> dict[str, Any]:
    return {
        "catalogs": [{"uuid": str(CATALOG), "title": "All"}],
        "groups": [
            group(name="Data", members=["Ana@Acme.example", "ben@acme.example"]),
            group(SALES, name="Sales"),
        ],
        "subsidies": [subsidy(SUBSIDY, 1000)],
        "policies": [
            {
                "uuid": str(POLICY),
                "policy_type": "PerLearnerSpendCreditAccessPolicy",
                "catalog_uuid": str(CATALOG),
                "subsidy_uuid": str(SUBSIDY),
                "groups": [str(DATA)],
            }
        ],
    }


def stored(database: Database) -> dict[str, Any]:
    with database.transaction() as session:
        (enterprise,) = export(session, ACME)["enterprises"]
    found: dict[str, Any] = enterprise
    return found


def test_what_is_exported_can_be_applied(database: Database) -> None:
    plan = applied(database, whole())
    assert plan.summary == "6 created, 0 changed, 0 unchanged"
    exported = stored(database)
    data, sales = (
        exported["groups"] if exported["groups"][0]["name"] == "Data" else exported["groups"][::-1]
    )
    assert data == group(name="Data", members=["ana@acme.example", "ben@acme.example"])
    assert sales == group(SALES, name="Sales", members=[])
    assert exported["policies"][0]["groups"] == [str(DATA)]
    again = applied(database, {key: exported[key] for key in ("groups", "policies")})
    assert again.summary == "0 created, 0 changed, 4 unchanged"
    assert applied(database, whole()).summary == "0 created, 0 changed, 6 unchanged"


def test_absent_keys_stay_and_a_list_is_whole(database: Database) -> None:
    applied(database, whole())
    assert applied(database, {"groups": [group(name="Analysts")]}).summary.startswith(
        "0 created, 1"
    )
    assert applied(database, {"groups": [group(members=["cal@x.org", "ben@acme.example"])]})
    names = {each["name"]: each["members"] for each in stored(database)["groups"]}
    assert names == {"Analysts": ["ben@acme.example", "cal@x.org"], "Sales": []}
    applied(database, {"groups": [group(members=None)], "policies": [{"uuid": str(POLICY)}]})
    assert stored(database)["policies"][0]["groups"] == [str(DATA)]
    applied(database, {"policies": [{"uuid": str(POLICY), "groups": []}]})
    assert "groups" not in stored(database)["policies"][0]


def test_problems_name_their_paths(database: Database) -> None:
    applied(database, whole())
    place = "enterprises[0]"
    assert problems(database, {"groups": [group(uuid4())]}) == [f"{place}.groups[0].name: required"]
    found = problems(
        database,
        {"groups": [group(name="", members=["ana@acme.example", "nobody"]), group(name="Twice")]},
    )
    assert [line.partition(":")[0] for line in found] == [
        f"{place}.groups[0].name",
        f"{place}.groups[0].members[1]",
        f"{place}.groups[1].uuid",
    ]
    unknown = {"policies": [{"uuid": str(POLICY), "groups": [str(DATA), str(uuid4())]}]}
    assert problems(database, unknown) == [f"{place}.policies[0].groups[1]: no such group"]
    foreign = {"groups": [group(name="Mine")]}
    assert problems(database, foreign, GLOBEX) == [
        f"{place}.groups[0].uuid: belongs to another enterprise"
    ]
