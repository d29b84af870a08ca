"""Each bad thing is named with its path, and all of them at once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.provisioning.manifest import Manifest, ManifestError, from_data

ENTERPRISE = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
CATALOG = "101989c0-5dfa-4e0b-91dc-01f590148c6f"
SUBSIDY = "1b6c28b4-2f17-4b18-bbde-b32930e2705c"
POLICY = "7f344aea-c28c-4ef0-95e6-fb6e58f98495"
PLAN = "904b1785-9d3a-1000-848d-6ae7a56e6355"
OTHER = "00000000-0000-4000-8000-000000000001"

COMPLETE: dict[str, Any] = {
    "content": [
        {"files": ["courses.ndjson"]},
        {"course": {"key": "edX+DemoX", "title": "Demo"}},
        {"course_run": {"key": "course-v1:edX+DemoX+1T2026"}},
        {"program": {"uuid": OTHER, "title": "Programme"}},
    ],
    "enterprises": [
        {
            "uuid": ENTERPRISE,
            "name": "Acme Corporation",
            "slug": "acme",
            "country": "US",
            "contact_email": "learning@acme.example",
            "clients": [{"client_id": "acme", "client_secret": "s", "role": "admin"}],
            "catalogs": [
                {
                    "uuid": CATALOG,
                    "title": "All courses",
                    "content_filter": {"content_type": "course"},
                    "query_title": "All courses",
                    "include_exec_ed_2u_courses": False,
                }
            ],
            "subsidies": [
                {
                    "uuid": SUBSIDY,
                    "title": "Credit 2026",
                    "starting_balance": 100_000_000,
                    "deposits": [{"uuid": OTHER, "amount": 500_000, "date": "2026-03-01"}],
                    "active_datetime": "2025-11-15T20:16:59Z",
                    "expiration_datetime": "2027-11-15T20:17:01Z",
                }
            ],
            "policies": [
                {
                    "uuid": POLICY,
                    "policy_type": "AssignedLearnerCreditAccessPolicy",
                    "display_name": "Assignable budget",
                    "description": "",
                    "active": True,
                    "retired": False,
                    "catalog_uuid": CATALOG,
                    "subsidy_uuid": SUBSIDY,
                    "spend_limit": 100_000_000,
                    "per_learner_enrollment_limit": None,
                    "per_learner_spend_limit": None,
                    "late_redemption_allowed_until": None,
                    "allow_unknown_price": False,
                    "assignment_configuration": {"uuid": OTHER, "active": True},
                }
            ],
            "subscription_plans": [
                {
                    "uuid": PLAN,
                    "title": "Enterprise Subscription",
                    "start_date": "2026-01-01T00:00:00Z",
                    "expiration_date": "2027-01-01T00:00:00Z",
                    "enterprise_catalog_uuid": CATALOG,
                    "is_active": True,
                    "num_licenses": 100,
                    "is_revocation_cap_enabled": True,
                    "revoke_max_percentage": 5,
                    "should_auto_apply_licenses": False,
                    "is_locked_for_renewal_processing": False,
                    "renewals": [
                        {
                            "uuid": OTHER,
                            "title": "Next",
                            "effective_date": "2027-01-01",
                            "renewed_expiration_date": "2028-01-01",
                            "number_of_licenses": 100,
                        }
                    ],
                }
            ],
            "learners": [
                {
                    "email": "ana@acme.example",
                    "lms_user_id": 501,
                    "username": "ana",
                    "sso_uid": "a-501",
                    "country": "US",
                    "created": "2025-01-01T00:00:00Z",
                    "consent": True,
                }
            ],
            "enrollments": [
                {
                    "learner_email": "ana@acme.example",
                    "courserun_key": "course-v1:edX+DemoX+1T2026",
                    "enrollment_date": "2026-02-01",
                    "current_grade": 0.82,
                    "last_activity_date": "2026-03-01",
                    "amount_learner_paid": 149,
                    "course_duration": 6,
                    "is_consent_granted": True,
                }
            ],
        }
    ],
}


def problems_of(data: object) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        from_data(data)
    return caught.value.problems


def enterprise(**parts: Any) -> dict[str, Any]:
    return {"uuid": ENTERPRISE, "name": "Acme", "slug": "acme"} | parts


def only(**parts: Any) -> dict[str, Any]:
    return {"enterprises": [enterprise(**parts)]}


def test_every_documented_key_is_accepted() -> None:
    manifest = from_data(COMPLETE)

    assert len(manifest.content) == 4
    assert len(manifest.enterprises[0].enrollments) == 1


@pytest.mark.parametrize("data", [None, {}, {"content": None, "enterprises": None}])
def test_everything_at_the_top_is_optional(data: object) -> None:
    assert from_data(data) == Manifest(content=[], enterprises=[])


def test_an_absent_key_differs_from_a_null() -> None:
    form = from_data(only(contact_email=None)).enterprises[0]

    assert form.given() == {
        "uuid": form.uuid,
        "name": "Acme",
        "slug": "acme",
        "contact_email": None,
    }


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00+00:00",
        "2026-01-01T01:00:00+01:00",
        datetime(2026, 1, 1),  # noqa: DTZ001 - a naive value is the point
        datetime(2026, 1, 1).date(),  # noqa: DTZ001
    ],
)
def test_every_way_to_write_an_instant_is_utc(written: object) -> None:
    form = from_data(only(learners=[{"email": "a@b.example", "created": written}]))

    assert form.enterprises[0].learners[0].created == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_learner_is_named_in_lower_case_without_spaces() -> None:
    form = from_data(only(learners=[{"email": " Ana@Acme.example "}, {"email": "b@A\u00e7me.org"}]))

    named = [learner.email for learner in form.enterprises[0].learners]
    assert named == ["ana@acme.example", "b@xn--ame-2la.org"]


def test_a_secret_is_never_printed() -> None:
    client = {"client_id": "acme", "client_secret": "hunter2", "role": "boss"}

    assert "hunter2" not in " ".join(problems_of(only(clients=[client])))
    assert "hunter2" not in repr(from_data(only(clients=[client | {"role": "admin"}])))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([], ["must be a mapping of keys to values"]),
        ({"enterprise": []}, ["enterprise: unknown key"]),
        ({"enterprises": {}}, ["enterprises: must be a list"]),
        ({"enterprises": [5]}, ["enterprises[0]: must be a mapping of keys to values"]),
        (
            {"enterprises": [{}]},
            [f"enterprises[0].{name}: required" for name in ("uuid", "name", "slug")],
        ),
        ({"content": [{}]}, ["content[0]: needs exactly one of"]),
        ({"content": [{"course": {}, "program": {}}]}, ["content[0]: needs exactly one of"]),
        ({"content": [{"files": []}]}, ["content[0].files: "]),
        ({"content": [{"files": "a.ndjson"}]}, ["content[0].files: must be a list"]),
        ({"content": [{"course": None}]}, ["content[0].course: must be a mapping"]),
        (
            {"content": [{"course": {"runs": [{1: 2}]}}]},
            ["content[0].course.runs[0]: keys must be text"],
        ),
        *(
            ({"content": [{"course": {"runs": [{key: 2}]}}]}, ["content[0].course.runs[0]: keys"])
            for key in ("a\0", "\ud800")
        ),
        (
            {"content": [{"course": {"price": float("nan")}}]},
            ["content[0].course.price: must be a finite number"],
        ),
        (only(uuid="acme"), ["enterprises[0].uuid: must be a UUID"]),
        (only(uuid=5), ["enterprises[0].uuid: must be a UUID"]),
        (only(name=None), ["enterprises[0].name: must be text"]),
        (only(name="a\0"), ["enterprises[0].name: must not contain a NUL"]),
        (only(slug="a b"), ["enterprises[0].slug: "]),
        (only(slug="a\n"), ["enterprises[0].slug: "]),
        (only(slug="a" * 256), ["enterprises[0].slug: "]),
        (only(country="USA"), ["enterprises[0].country: "]),
        (only(contact_email="acme"), ["enterprises[0].contact_email: must be an e-mail address"]),
        (only(clients=[{"role": "admin"}]), ["enterprises[0].clients[0].client_id: required"]),
        (
            only(clients=[{"client_id": "a", "role": "boss"}]),
            ["enterprises[0].clients[0].role: must be 'admin', 'reporting' or 'scim'"],
        ),
        (
            only(clients=[{"client_id": "a", "client_secret": ""}]),
            ["enterprises[0].clients[0].client_secret: "],
        ),
        (
            only(catalogs=[{"uuid": CATALOG, "titel": "x"}]),
            ["enterprises[0].catalogs[0].titel: unknown key"],
        ),
        (
            only(catalogs=[{"uuid": CATALOG, "content_filter": {"key__foo": 1}}]),
            ["enterprises[0].catalogs[0].content_filter.key__foo: unknown operator"],
        ),
        (
            only(catalogs=[{"uuid": CATALOG, "content_filter": []}]),
            ["enterprises[0].catalogs[0].content_filter: must be a mapping"],
        ),
        (
            only(catalogs=[{"uuid": CATALOG, "include_exec_ed_2u_courses": "true"}]),
            ["enterprises[0].catalogs[0].include_exec_ed_2u_courses: must be true or false"],
        ),
        (
            only(subsidies=[{"uuid": SUBSIDY, "starting_balance": True}]),
            ["enterprises[0].subsidies[0].starting_balance: must be a whole number"],
        ),
        (
            only(subsidies=[{"uuid": SUBSIDY, "starting_balance": 1.0}]),
            ["enterprises[0].subsidies[0].starting_balance: must be a whole number"],
        ),
        (
            only(subsidies=[{"uuid": SUBSIDY, "deposits": [{"uuid": OTHER, "amount": 0}]}]),
            [
                "enterprises[0].subsidies[0].deposits[0].amount: ",
                "enterprises[0].subsidies[0].deposits[0].date: required",
            ],
        ),
        (
            only(
                subsidies=[
                    {
                        "uuid": SUBSIDY,
                        "title": 5,
                        "active_datetime": "2026-01-01",
                        "expiration_datetime": "2026-01-01",
                    }
                ]
            ),
            [
                "enterprises[0].subsidies[0].title: must be text",
                "enterprises[0].subsidies[0].expiration_datetime: must be later than active",
            ],
        ),
        (
            only(subsidies=[{"uuid": SUBSIDY, "active_datetime": "soon"}]),
            ["enterprises[0].subsidies[0].active_datetime: must be a date"],
        ),
        (
            only(subsidies=[{"uuid": SUBSIDY, "active_datetime": "0001-01-01T00:00:00+14:00"}]),
            ["enterprises[0].subsidies[0].active_datetime: must be a date"],
        ),
        (
            only(policies=[{"uuid": POLICY, "policy_type": "FreeMoney"}]),
            ["enterprises[0].policies[0].policy_type: must be 'Assigned"],
        ),
        (
            only(
                policies=[
                    {
                        "uuid": POLICY,
                        "policy_type": "PerLearnerSpendCreditAccessPolicy",
                        "assignment_configuration": {"uuid": OTHER},
                    }
                ]
            ),
            ["enterprises[0].policies[0].assignment_configuration: only an Assigned"],
        ),
        (
            only(
                subscription_plans=[
                    {
                        "uuid": PLAN,
                        "start_date": "2026-01-01",
                        "expiration_date": "2025-01-01",
                        "num_licenses": -1,
                        "revoke_max_percentage": 101,
                    }
                ]
            ),
            [
                "enterprises[0].subscription_plans[0].expiration_date: must be later than start",
                "enterprises[0].subscription_plans[0].num_licenses: ",
                "enterprises[0].subscription_plans[0].revoke_max_percentage: ",
            ],
        ),
        (
            only(
                subscription_plans=[
                    {
                        "uuid": PLAN,
                        "renewals": [
                            {
                                "uuid": OTHER,
                                "effective_date": "2027-01-01",
                                "renewed_expiration_date": "2026-01-01",
                                "number_of_licenses": 1,
                            }
                        ],
                    }
                ]
            ),
            [
                "enterprises[0].subscription_plans[0].renewals[0].renewed_expiration_date: "
                "must be later than effective_date"
            ],
        ),
        (
            only(learners=[{"email": "a\u200b@b.example"}]),
            [
                "enterprises[0].learners[0].email: Remove the invisible character U+200B at "
                "position 2"
            ],
        ),
        (
            only(enrollments=[{"user_email": "a@b.example", "courserun_key": "r\ufeff"}]),
            [
                "enterprises[0].enrollments[0].courserun_key: Remove the invisible character "
                "U+FEFF at position 2"
            ],
        ),
        (only(learners=[{"email": "a@"}]), ["enterprises[0].learners[0].email: must be an e-mail"]),
        (
            only(enrollments=[{"learner_email": "a@b.example", "progress_status": "Passed"}]),
            [
                "enterprises[0].enrollments[0].progress_status: unknown key",
                "enterprises[0].enrollments[0].courserun_key: This field is required.",
            ],
        ),
        (
            only(
                enrollments=[
                    {"user_email": "a@b.example", "courserun_key": "r", "current_grade": True}
                ]
            ),
            ["enterprises[0].enrollments[0].current_grade: A valid number is required."],
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_path(data: object, expected: list[str]) -> None:
    problems = problems_of(data)

    assert len(problems) == len(expected)
    for problem, beginning in zip(problems, expected, strict=True):
        assert problem.startswith(beginning)


def test_problems_of_form_and_between_parts_are_named_together() -> None:
    data = {
        "content": [{"curse": {}}],
        "enterprises": [
            enterprise(clients=[{"client_id": "a", "role": "boss"}, {"client_id": "a"}]),
            enterprise(uuid=OTHER, policies=[{"uuid": POLICY, "subsidy_uuid": 5}]),
        ],
    }

    assert {problem.partition(": ")[0] for problem in problems_of(data)} == {
        "content[0].curse",
        "enterprises[0].clients[0].role",
        "enterprises[0].clients[1].client_id",
        "enterprises[1].slug",
        "enterprises[1].policies[0].subsidy_uuid",
    }


def second(**parts: Any) -> dict[str, Any]:
    return {"uuid": OTHER, "name": "Other", "slug": "other"} | parts


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            enterprise(),
            second(uuid=ENTERPRISE.upper(), name="Acme", slug="acme"),
            "enterprises[1].uuid: already used at enterprises[0].uuid",
        ),
        (
            enterprise(),
            second(slug="acme"),
            "enterprises[1].slug: already used at enterprises[0].slug",
        ),
        (
            enterprise(catalogs=[{"uuid": CATALOG}]),
            second(catalogs=[{"uuid": CATALOG}]),
            "enterprises[1].catalogs[0].uuid: already used at enterprises[0].catalogs[0].uuid",
        ),
        (
            enterprise(clients=[{"client_id": "a", "client_secret": "x"}]),
            second(clients=[{"client_id": "a", "client_secret": "y"}]),
            "enterprises[1].clients[0].client_secret: "
            "not the same as at enterprises[0].clients[0].client_secret",
        ),
        (
            enterprise(learners=[{"email": "a@b.example"}, {"email": "A@b.example"}]),
            second(),
            "enterprises[0].learners[1].email: already used at enterprises[0].learners[0].email",
        ),
        (  # composed and decomposed
            enterprise(learners=[{"email": "\u00e9@b.example"}, {"email": "e\u0301@b.example"}]),
            second(),
            "enterprises[0].learners[1].email: already used at enterprises[0].learners[0].email",
        ),
    ],
)
def test_what_two_parts_cannot_share_is_named(
    one: dict[str, Any], other: dict[str, Any], expected: str
) -> None:
    assert problems_of({"enterprises": [one, other]}) == [expected]


def test_one_client_may_serve_two_enterprises() -> None:
    client = {"client_id": "a", "client_secret": "x"}

    manifest = from_data({"enterprises": [enterprise(clients=[client]), second(clients=[client])]})

    assert len(manifest.enterprises) == 2
