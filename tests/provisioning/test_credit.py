from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from bursar.actors import Actor
from bursar.audit.service import Wanted, entries
from bursar.credit.checks import check_credit
from bursar.credit.models import AssignmentConfiguration, LedgerEntry, Policy, Subsidy
from bursar.credit.policies.service import starting_balance_uuid
from bursar.database.engine import Database
from bursar.learners.models import Learner
from bursar.provisioning.apply import apply
from bursar.provisioning.export import export, to_yaml
from bursar.provisioning.manifest import ManifestError, from_data
from bursar.provisioning.plan import Plan
from bursar.provisioning.reading import parse_data
from testing.databases.statements import statements_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 2, tzinfo=UTC)
ACTOR = Actor("bursar apply")
ACME = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
GLOBEX = "00000000-0000-4000-8000-000000000001"
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
SUBSIDY = "1b6c28b4-2f17-4b18-bbde-b32930e2705c"
POLICY = "7f344aea-c28c-4ef0-95e6-fb6e58f98495"
SECOND = "7f344aea-c28c-4ef0-95e6-fb6e58f98496"
CONFIGURATION = "6fc7ef56-d1c4-4aa8-a649-e6eb209f7668"
DEPOSIT = "00000000-0000-4000-8000-000000000009"
ASSIGNED = "AssignedLearnerCreditAccessPolicy"
PER_LEARNER = "PerLearnerSpendCreditAccessPolicy"

Values = dict[str, Any]


def subsidy(**fields: Any) -> Values:
    return {
        "uuid": SUBSIDY,
        "title": "Credit 2026",
        "starting_balance": 1000,
        "active_datetime": "2026-01-01T00:00:00Z",
        "expiration_datetime": "2027-01-01T00:00:00Z",
    } | fields


def deposit(**fields: Any) -> Values:
    return {"uuid": DEPOSIT, "amount": 500, "date": "2026-02-01"} | fields


def policy(**fields: Any) -> Values:
    return {
        "uuid": POLICY,
        "policy_type": ASSIGNED,
        "catalog_uuid": CATALOG,
        "subsidy_uuid": SUBSIDY,
    } | fields


def acme(**parts: Any) -> Values:
    return {"uuid": ACME, "name": "Acme", "slug": "acme"} | parts


def globex(**parts: Any) -> Values:
    return {"uuid": GLOBEX, "name": "Globex", "slug": "globex"} | parts


def whole(**parts: Any) -> Values:
    catalogs = [{"uuid": CATALOG, "title": "All"}]
    return acme(**{"catalogs": catalogs, "subsidies": [subsidy()], "policies": [policy()]} | parts)


def applied(database: Database, *enterprises: Values, now: datetime = NOW) -> Plan:
    with database.transaction() as session:
        plan = apply(session, ACTOR, [from_data({"enterprises": list(enterprises)})], now=now)
    with database.transaction() as session:
        assert list(check_credit(session)) == []
    return plan


def problems_of(database: Database, *enterprises: Values) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        applied(database, *enterprises)
    return caught.value.problems


def stored(database: Database, model: Any, uuid: str) -> Any:
    with database.transaction() as session:
        return session.get_one(model, UUID(uuid))


def count(database: Database, model: Any) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


def trail(database: Database) -> list[str]:
    with database.read() as connection:
        return [entry.action for entry in entries(connection, Wanted(enterprise_uuid=UUID(ACME)))]


def test_each_subsidy_policy_and_learner_counts_once_and_a_second_run_changes_nothing(
    database: Database,
) -> None:
    learners = [{"email": "Ana@acme.example", "lms_user_id": 501}, {"email": "bob@acme.example"}]
    manifest = whole(subsidies=[subsidy(deposits=[deposit()])], learners=learners)

    first = applied(database, manifest)
    told = trail(database)
    second = applied(database, manifest, now=LATER)

    assert first.summary == "6 created, 0 changed, 0 unchanged"
    assert second.summary == "0 created, 0 changed, 6 unchanged"
    assert first.lines[2:] == [
        f"+ subsidy {SUBSIDY} of acme",
        f"+ policy {POLICY} of acme",
        "+ learners of acme: 2 created, 0 changed, 0 unchanged",
    ]
    assert trail(database) == told
    assert stored(database, Subsidy, SUBSIDY).balance_cents == 1500
    assert count(database, Learner) == 2


def test_budgets_are_locked_before_learners_even_if_only_learners_are_declared(
    database: Database,
) -> None:
    """As a redemption does it, and as an allocation needs it: it links what it sees."""
    applied(database, whole())
    learners = from_data({"enterprises": [acme(learners=[{"email": "ana@acme.example"}])]})

    with database.transaction() as session, statements_of(database) as sent:
        apply(session, ACTOR, [learners], now=LATER)

    lines = [" ".join(statement.split()) for statement in sent]
    taken = [
        next(number for number, line in enumerate(lines) if f" FROM {table} " in line)
        for table in ("subsidy_access_policies", "subsidies", "learners")
    ]
    assert taken == sorted(taken)
    assert database.is_sqlite or all(lines[number].endswith(" UPDATE") for number in taken)


def test_what_is_not_said_has_its_default(database: Database) -> None:
    bare = subsidy()
    del bare["title"]

    applied(database, whole(subsidies=[bare]))

    made = stored(database, Policy, POLICY)
    assert stored(database, Subsidy, SUBSIDY).title == ""
    assert (made.active, made.retired, made.description) == (True, False, "")
    assert (made.display_name, made.spend_limit, made.late_redemption_allowed_until) == (None,) * 3
    assert count(database, AssignmentConfiguration) == 1


def test_only_assigned_policies_get_a_configuration(database: Database) -> None:
    applied(database, whole(policies=[policy(policy_type=PER_LEARNER)]))

    assert count(database, AssignmentConfiguration) == 0
    wish = policy(policy_type=None, assignment_configuration={"uuid": CONFIGURATION})
    del wish["policy_type"]
    assert problems_of(database, acme(policies=[wish])) == [
        "enterprises[0].policies[0].assignment_configuration: "
        "only an AssignedLearnerCreditAccessPolicy has one"
    ]


def test_a_deposit_is_entered_once_and_changes_its_subsidy(database: Database) -> None:
    applied(database, whole())
    more = acme(subsidies=[{"uuid": SUBSIDY, "deposits": [deposit()]}])

    assert applied(database, more).summary == "0 created, 1 changed, 1 unchanged"
    assert applied(database, more).summary == "0 created, 0 changed, 2 unchanged"
    assert stored(database, Subsidy, SUBSIDY).balance_cents == 1500
    assert stored(database, LedgerEntry, DEPOSIT).effective_at == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("active", "paid"), [("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)), ("2026-06-01", NOW)]
)
def test_the_starting_balance_is_there_from_the_first_day(
    database: Database, active: str, paid: datetime
) -> None:
    applied(database, whole(subsidies=[subsidy(active_datetime=f"{active}T00:00:00Z")]))
    first = str(starting_balance_uuid(UUID(SUBSIDY)))
    assert stored(database, LedgerEntry, first).effective_at == paid
    later = subsidy(active_datetime="2025-12-01T00:00:00Z")
    assert (
        applied(database, whole(subsidies=[later])).summary == "0 created, 1 changed, 3 unchanged"
    )
    assert stored(database, LedgerEntry, first).effective_at == paid


def test_what_was_paid_in_never_changes(database: Database) -> None:
    applied(database, whole(subsidies=[subsidy(deposits=[deposit()])]))
    other = deposit(amount=501, date="2026-02-02")

    assert problems_of(
        database, acme(subsidies=[subsidy(starting_balance=999, deposits=[other])])
    ) == [
        "enterprises[0].subsidies[0].starting_balance: "
        "cannot be changed, it is 1000: add a deposit instead",
        "enterprises[0].subsidies[0].deposits[0].amount: cannot be changed, it is 500",
        "enterprises[0].subsidies[0].deposits[0].date: "
        "cannot be changed, it is 2026-02-01T00:00:00+00:00",
    ]


def test_a_deposit_belongs_to_one_subsidy(database: Database) -> None:
    applied(database, whole(subsidies=[subsidy(deposits=[deposit()])]))

    assert problems_of(database, acme(subsidies=[subsidy(uuid=GLOBEX, deposits=[deposit()])])) == [
        "enterprises[0].subsidies[0].deposits[0].uuid: "
        "already used in the ledger of another subsidy"
    ]


def test_a_subsidy_holds_no_more_than_can_be_counted(database: Database) -> None:
    most = subsidy(starting_balance=2**63 - 1, deposits=[deposit(amount=1)])

    assert problems_of(database, acme(subsidies=[most])) == [
        "enterprises[0].subsidies[0].deposits: more money than a subsidy can hold"
    ]


def test_what_is_new_needs_its_essentials_and_every_lack_is_named(database: Database) -> None:
    bare = acme(subsidies=[{"uuid": SUBSIDY}], policies=[{"uuid": POLICY}])

    assert problems_of(database, bare) == [
        "enterprises[0].subsidies[0].starting_balance: required",
        "enterprises[0].subsidies[0].active_datetime: required",
        "enterprises[0].subsidies[0].expiration_datetime: required",
        "enterprises[0].policies[0].policy_type: required",
        "enterprises[0].policies[0].subsidy_uuid: required",
        "enterprises[0].policies[0].catalog_uuid: required",
    ]
    assert trail(database) == []


def test_an_absent_key_stays_and_a_null_is_null(database: Database) -> None:
    applied(database, whole(policies=[policy(display_name="Budget", spend_limit=10)]))

    kept = acme(subsidies=[{"uuid": SUBSIDY}], policies=[{"uuid": POLICY}])
    assert applied(database, kept).summary == "0 created, 0 changed, 3 unchanged"
    nulls = acme(policies=[{"uuid": POLICY, "spend_limit": None, "description": "New"}])
    assert applied(database, nulls).summary == "0 created, 1 changed, 1 unchanged"
    changed = stored(database, Policy, POLICY)
    assert (changed.display_name, changed.spend_limit) == ("Budget", None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"policy_type": PER_LEARNER}, "policy_type: cannot be changed"),
        ({"subsidy_uuid": SECOND}, "subsidy_uuid: cannot be changed"),
        ({"catalog_uuid": None}, "catalog_uuid: required"),
        (
            {"assignment_configuration": {"uuid": SECOND}},
            f"assignment_configuration.uuid: cannot be changed, it is {CONFIGURATION}",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_a_policy_is_cannot_be_changed(
    database: Database, change: Values, expected: str
) -> None:
    with_configuration = policy(assignment_configuration={"uuid": CONFIGURATION})
    two = [subsidy(), subsidy(uuid=SECOND)]
    applied(database, whole(subsidies=two, policies=[with_configuration]))

    changed = acme(policies=[{"uuid": POLICY} | change])
    assert problems_of(database, changed) == [f"enterprises[0].policies[0].{expected}"]


def test_a_configuration_is_switched_off_and_on(database: Database) -> None:
    configuration = {"uuid": CONFIGURATION, "active": False}
    applied(database, whole(policies=[policy(assignment_configuration=configuration)]))
    assert not stored(database, AssignmentConfiguration, CONFIGURATION).active

    named = acme(policies=[{"uuid": POLICY, "assignment_configuration": {"uuid": CONFIGURATION}}])
    assert applied(database, named).changed == 0
    named["policies"][0]["assignment_configuration"]["active"] = True
    assert applied(database, named).changed == 1
    assert stored(database, AssignmentConfiguration, CONFIGURATION).active


def test_one_configuration_serves_one_policy(database: Database) -> None:
    configuration = {"uuid": CONFIGURATION}
    applied(database, whole(policies=[policy(assignment_configuration=configuration)]))
    second = policy(uuid=SECOND, assignment_configuration=configuration)

    assert problems_of(database, acme(policies=[second])) == [
        "enterprises[0].policies[0].assignment_configuration.uuid: already used by another policy"
    ]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("expiration_datetime", "2025-01-01", "must be later than active_datetime"),
        ("active_datetime", "2028-01-01", "must be earlier than expiration_datetime"),
        ("active_datetime", None, "required"),
    ],
)
def test_a_changed_date_must_fit_the_stored_one(
    database: Database, field: str, value: str | None, expected: str
) -> None:
    applied(database, whole())

    changed = acme(subsidies=[{"uuid": SUBSIDY, field: value}])
    assert problems_of(database, changed) == [f"enterprises[0].subsidies[0].{field}: {expected}"]


def test_limits_may_reach_the_deposits_but_not_pass_them(database: Database) -> None:
    limits = [policy(spend_limit=700), policy(uuid=SECOND, spend_limit=300)]
    applied(database, whole(policies=limits))

    too_much = acme(policies=[{"uuid": SECOND, "spend_limit": 301}])
    assert problems_of(database, too_much) == [
        f"enterprises[0].policies[0].spend_limit: the active policies of subsidy {SUBSIDY} may"
        " spend 1001 cents together, but only 1000 were deposited"
    ]
    more = acme(subsidies=[{"uuid": SUBSIDY, "deposits": [deposit(amount=1)]}], **too_much)
    assert applied(database, more | {"policies": too_much["policies"]}).changed == 2


@pytest.mark.parametrize("idle", [{"active": False}, {"retired": True}, {"spend_limit": None}])
def test_a_policy_that_cannot_spend_or_has_no_limit_counts_nothing(
    database: Database, idle: Values
) -> None:
    policies = [policy(spend_limit=1000), policy(uuid=SECOND, spend_limit=1) | idle]

    assert applied(database, whole(policies=policies)).created == 5


def test_a_policy_that_is_switched_on_again_must_fit(database: Database) -> None:
    policies = [policy(spend_limit=1000), policy(uuid=SECOND, spend_limit=1, active=False)]
    applied(database, whole(policies=policies))

    [line] = problems_of(database, acme(policies=[{"uuid": SECOND, "active": True}]))
    assert line.startswith("enterprises[0].policies[0].spend_limit: ")


def test_what_belongs_to_another_enterprise_is_named(database: Database) -> None:
    configuration = {"uuid": CONFIGURATION}
    applied(
        database,
        whole(
            subsidies=[subsidy(deposits=[deposit()])],
            policies=[policy(assignment_configuration=configuration)],
        ),
    )
    thief = globex(
        subsidies=[subsidy(deposits=[deposit()])],
        policies=[policy(assignment_configuration=configuration)],
    )

    assert problems_of(database, thief) == [
        "enterprises[0].subsidies[0].uuid: belongs to another enterprise",
        "enterprises[0].subsidies[0].deposits[0].uuid: belongs to another enterprise",
        "enterprises[0].policies[0].uuid: belongs to another enterprise",
        "enterprises[0].policies[0].assignment_configuration.uuid: belongs to another enterprise",
        "enterprises[0].policies[0].catalog_uuid: no such catalog",
    ]


def test_a_subsidy_may_be_stored_or_declared_to_be_referred_to(database: Database) -> None:
    applied(database, whole(policies=[]))

    assert applied(database, acme(policies=[policy()])).created == 1
    of_another = globex(policies=[policy(uuid=SECOND)])
    assert "enterprises[0].policies[0].subsidy_uuid: no such subsidy" in problems_of(
        database, of_another
    )
    unknown = acme(policies=[policy(uuid=SECOND, subsidy_uuid=SECOND)])
    assert problems_of(database, unknown) == [
        "enterprises[0].policies[0].subsidy_uuid: no such subsidy"
    ]


def test_every_change_leaves_a_row_in_the_audit_trail(database: Database) -> None:
    applied(database, whole(subsidies=[subsidy(deposits=[deposit()])]))
    applied(database, acme(policies=[{"uuid": POLICY, "active": False}]))

    assert sorted(trail(database)) == sorted(
        [
            "enterprise.created",
            "catalog.changed",
            "subsidy.created",
            "subsidy.deposited",
            "subsidy.deposited",
            "policy.created",
            "policy.changed",
        ]
    )


def test_an_export_holds_everything_and_applied_again_changes_nothing(database: Database) -> None:
    learners = [{"email": "ana@acme.example", "lms_user_id": 501, "created": "2025-01-01"}]
    policies = [
        policy(assignment_configuration={"uuid": CONFIGURATION}, spend_limit=7),
        policy(uuid=SECOND, policy_type=PER_LEARNER, late_redemption_allowed_until="2027-02-01"),
    ]
    applied(
        database,
        whole(subsidies=[subsidy(deposits=[deposit()])], policies=policies, learners=learners),
    )

    with database.transaction() as session:
        written = export(session, UUID(ACME))
    [exported] = written["enterprises"]
    again = parse_data(to_yaml(written))

    assert exported["subsidies"] == [
        subsidy(adjustments=[], deposits=[deposit(date="2026-02-01T00:00:00Z")]),
    ]
    assert exported["policies"][0]["assignment_configuration"] == {
        "uuid": CONFIGURATION,
        "active": True,
    }
    assert "assignment_configuration" not in exported["policies"][1]
    assert exported["learners"][0]["created"] == "2025-01-01T00:00:00Z"
    with database.transaction() as session:
        plan = apply(session, ACTOR, [from_data(again)], now=LATER)
    assert plan.summary == "0 created, 0 changed, 6 unchanged"
