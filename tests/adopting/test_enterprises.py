"""Enterprises, learners, catalogs and enrollments of edx-enterprise."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.membership.models import CatalogQuery
from bursar.enrollment.models import Enrollment
from bursar.events.models import EventRecord
from bursar.identity.models import Enterprise
from bursar.learners.models import Learner
from testing.worlds.open_edx import RUN, Customer, Dump, founded
from tests.adopting.moving import Moving, texts


def enrollment_of(moving: Moving) -> dict[str, Any]:
    (row,) = moving.rows(Enrollment)
    return row


def test_an_enterprise_keeps_its_uuid_and_its_catalogs(moving: Moving) -> None:
    acme = founded()
    limited = acme.catalog(uuid=uuid4(), enterprise_catalog_query=acme.query())
    moving.adopt_one(acme.dump)
    (enterprise,) = moving.rows(Enterprise)
    kept = {name: enterprise[name] for name in ("uuid", "name", "slug", "country")}
    assert kept == {
        "uuid": acme.uuid,
        "name": "Acme Corporation",
        "slug": "acme",
        "country": "US",
    }
    assert enterprise["contact_email"] == "learning@acme.example"
    assert enterprise["suspended_at"] is None
    catalogs = {row["uuid"]: row for row in moving.rows(Catalog)}
    assert catalogs.keys() == {acme.catalog_uuid, limited}
    assert catalogs[limited]["query_title"] == "Only edX"
    queries = {row["uuid"]: row["content_filter"] for row in moving.rows(CatalogQuery)}
    assert queries[catalogs[limited]["query_uuid"]] == {"content_type": "course", "partner": "edx"}


def test_a_catalog_is_as_enterprise_catalog_serves_it(moving: Moving) -> None:
    acme = founded()
    acme.served_catalog(acme.served_query())
    acme.served_catalog(None, uuid=(unserved := uuid4()))
    moving.adopt_one(acme.dump)
    catalogs = {row["uuid"]: row for row in moving.rows(Catalog)}
    assert catalogs.keys() == {acme.catalog_uuid, unserved}
    served = catalogs[acme.catalog_uuid]
    assert (served["title"], served["query_title"]) == ("As it is served", "Of the catalog")
    assert served["include_exec_ed_2u_courses"]
    queries = {row["uuid"]: row["content_filter"] for row in moving.rows(CatalogQuery)}
    assert queries[served["query_uuid"]] == {"content_type": "courserun"}
    assert catalogs[unserved]["query_uuid"] is None


def test_catalogs_of_an_enterprise_that_no_file_names_are_refused(moving: Moving) -> None:
    acme = Customer(Dump())
    acme.served_catalog(None)
    assert "dump enterprise.EnterpriseCustomer too" in moving.refused(acme.dump)
    acme.enterprise()
    moving.adopt_one(acme.dump)
    others = Customer(Dump(), uuid=acme.uuid)
    others.served_catalog(None)
    moving.adopt_one(others.dump)
    assert len(moving.rows(Catalog)) == 2


def test_one_event_tells_what_came(moving: Moving) -> None:
    acme = founded()
    acme.enrollment(acme.learner(501, "ana"))
    moving.adopt_one(acme.dump)
    types = [row["type"] for row in moving.rows(EventRecord)]
    assert types == ["enterprise.created", "catalog.changed", "enterprise.adopted"]
    changes = moving.rows(EventRecord)[-1]["changes"]
    assert changes["learners created"] == [0, 1]
    assert changes["enrollments created"] == [0, 1]


def test_an_enterprise_that_was_not_active_is_suspended(moving: Moving) -> None:
    acme = Customer(Dump())
    acme.enterprise(active=False)
    moving.adopt_one(acme.dump)
    assert moving.rows(Enterprise)[0]["suspended_at"] is not None


def test_a_slug_that_is_taken_is_an_obstacle(moving: Moving) -> None:
    moving.adopt_one(founded().dump)
    assert "slug" in moving.refused(founded().dump)


def test_a_contact_that_is_no_address_is_left_out(moving: Moving) -> None:
    acme = Customer(Dump())
    acme.enterprise(contact_email="ask ana", country="")
    result = moving.adopt_one(acme.dump)
    (enterprise,) = moving.rows(Enterprise)
    assert (enterprise["contact_email"], enterprise["country"]) == (None, None)
    assert "enterprise: its contact_email 'ask ana' is no address, and is left out" in texts(result)


def test_learners_come_with_their_accounts_and_those_awaited_without(moving: Moving) -> None:
    acme = founded()
    acme.account(501, "Ana@Acme.example", "ana")
    acme.member(501)
    acme.pending("ben@acme.example")
    acme.pending("ANA@acme.example")
    moving.adopt_one(acme.dump)
    rows = moving.rows(Learner)
    assert [(row["email"], row["lms_user_id"], row["username"]) for row in rows] == [
        ("ana@acme.example", 501, "ana"),
        ("ben@acme.example", None, None),
    ]
    assert rows[0]["created_at"] == datetime(2020, 1, 1, tzinfo=UTC)
    assert not rows[0]["consent"]


def test_a_learner_who_got_an_account_is_linked_by_the_next_dump(moving: Moving) -> None:
    acme = founded()
    acme.pending("ana@acme.example")
    moving.adopt_one(acme.dump)
    acme.learner(501, "ana")
    moving.adopt_one(acme.dump)
    assert [row["lms_user_id"] for row in moving.rows(Learner)] == [501]
    assert "learner.linked" in [row["type"] for row in moving.rows(EventRecord)]


def test_accounts_must_be_in_the_files(moving: Moving) -> None:
    acme = founded()
    acme.enrollment(acme.member(501))
    assert "dump auth.User too" in moving.refused(acme.dump)
    result = moving.adopt_one(acme.dump, choices={"learner_without_address": "leave_out"})
    assert moving.rows(Learner) == []
    assert "enrollment: 1 enrollments are left out with their learners" in texts(result)


def test_two_accounts_of_one_address_are_one_learner(moving: Moving) -> None:
    acme = founded()
    acme.account(501, "ana@acme.example", "ana")
    acme.account(502, "Ana@acme.example", "ana2")
    for user in (501, 502):
        acme.enrollment(acme.member(user))
    result = moving.adopt_one(acme.dump)
    assert [row["lms_user_id"] for row in moving.rows(Learner)] == [501]
    assert len(moving.rows(Enrollment)) == 1
    assert any("two accounts have this address" in text for text in texts(result))


def test_a_license_pays_for_an_enrollment(moving: Moving) -> None:
    acme = founded()
    license_uuid = acme.license(acme.plan(), "activated", "ana@acme.example")
    acme.licensed(acme.enrollment(acme.learner(501, "ana")), license_uuid)
    moving.adopt_one(acme.dump)
    row = enrollment_of(moving)
    assert (row["payer"], row["license_uuid"]) == ("license", license_uuid)
    assert (row["courserun_key"], row["mode"]) == (RUN, "verified")
    assert row["enrolled_at"] == datetime(2021, 3, 1, 8, tzinfo=UTC)
    assert row["unenrolled_at"] is None


def test_what_the_lost_license_paid_for_is_paid_by_the_one_that_stays(moving: Moving) -> None:
    acme = founded()
    plan = acme.plan()
    old = acme.license(plan, "assigned", "Ana@acme.example")
    kept = acme.license(plan, "activated", "ana@acme.example")
    acme.licensed(acme.enrollment(acme.learner(501, "ana")), old)
    moving.adopt_one(acme.dump, choices={"duplicate_license": "keep_activated"})
    assert enrollment_of(moving)["license_uuid"] == kept


def test_what_is_revoked_or_unenrolled_has_ended(moving: Moving) -> None:
    acme = founded()
    ana = acme.learner(501, "ana")
    uuid = acme.license(acme.plan(), "activated", "ana@acme.example")
    acme.licensed(acme.enrollment(ana, "course-v1:a+a+a"), uuid, is_revoked=True)
    left = "2025-01-01T00:00:00Z"
    acme.enrollment(ana, "course-v1:b+b+b", unenrolled=True, unenrolled_at=left)
    moving.adopt_one(acme.dump)
    ended = {row["courserun_key"]: row["unenrolled_at"] for row in moving.rows(Enrollment)}
    assert ended["course-v1:a+a+a"] is not None
    assert ended["course-v1:b+b+b"] == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("status", ["revoked", "of a plan that is over"])
def test_what_nobody_pays_for_any_more_has_ended(moving: Moving, status: str) -> None:
    acme = founded()
    over = {"expiration_processed": True, "expiration_date": "2026-03-01T00:00:00Z"}
    plan = acme.plan(**(over if status != "revoked" else {}))
    state = "revoked" if status == "revoked" else "activated"
    uuid = acme.license(plan, state, "ana@acme.example")
    acme.licensed(acme.enrollment(acme.learner(501, "ana")), uuid)
    result = moving.adopt_one(acme.dump)
    end = (
        datetime(2026, 2, 4, tzinfo=UTC)
        if status == "revoked"
        else datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert enrollment_of(moving)["unenrolled_at"] == end
    assert any("1 enrollments are ended" in text for text in texts(result))


def test_a_license_that_the_enterprise_does_not_have_pays_nothing(moving: Moving) -> None:
    dump = Dump()
    acme, globex = founded(dump), founded(dump, slug="globex")
    foreign = globex.license(globex.plan(), "activated", "ana@acme.example")
    acme.licensed(acme.enrollment(acme.learner(501, "ana")), foreign)
    results = moving.adopt(dump)
    assert enrollment_of(moving)["payer"] == "reported"
    assert any(f"its license {foreign} is none of this" in "".join(texts(each)) for each in results)
    assert moving.problems() == []


def test_an_enrollment_without_payment_has_the_mode_of_the_lms(moving: Moving) -> None:
    acme = founded()
    ana = acme.learner(501, "ana")
    for run in ("course-v1:a+a+a", "course-v1:b+b+b"):
        acme.enrollment(ana, run)
    lms = {"user": 501, "course": "course-v1:a+a+a", "mode": "professional", "is_active": True}
    acme.dump.add("student.courseenrollment", 1, **lms)
    moving.adopt_one(acme.dump)
    modes = {row["courserun_key"]: (row["payer"], row["mode"]) for row in moving.rows(Enrollment)}
    assert modes == {
        "course-v1:a+a+a": ("reported", "professional"),
        "course-v1:b+b+b": ("reported", "audit"),
    }


def test_consent_is_that_of_the_course(moving: Moving) -> None:
    acme = founded()
    ana = acme.learner(501, "ana")
    for number, (course, granted) in enumerate({"a": True, "b": False, "c": None}.items()):
        key = f"course-v1:{course}+{course}+{course}"
        acme.enrollment(ana, key)
        if granted is not None:
            said = {"username": "ana", "enterprise_customer": str(acme.uuid), "granted": granted}
            acme.dump.add("consent.datasharingconsent", number, course_id=key, **said)
    moving.adopt_one(acme.dump)
    shown = {row["courserun_key"][10]: row["is_consented"] for row in moving.rows(Enrollment)}
    assert shown == {"a": True, "b": False, "c": False}


def test_what_ended_here_stays_ended_until_it_changes_there(moving: Moving) -> None:
    acme = founded()
    pk = acme.enrollment(acme.learner(501, "ana"))
    moving.adopt_one(acme.dump)
    with moving.database.transaction() as session:
        end = datetime(2025, 1, 1, tzinfo=UTC)
        session.query(Enrollment).update({"unenrolled_at": end})
    moving.adopt_one(acme.dump)
    assert enrollment_of(moving)["unenrolled_at"] == end
    for each in acme.dump.objects:
        if (each["model"], each["pk"]) == ("enterprise.enterprisecourseenrollment", pk):
            each["fields"]["modified"] = "2025-01-02T00:00:00Z"
    moving.adopt_one(acme.dump)
    assert enrollment_of(moving)["unenrolled_at"] is None


def test_enrollments_that_wait_for_an_account_are_told(moving: Moving) -> None:
    acme = founded()
    ben = acme.pending("ben@acme.example")
    acme.dump.add(
        "enterprise.pendingenrollment",
        1,
        user=ben,
        course_id=RUN,
        course_mode="verified",
        license_uuid=None,
    )
    result = moving.adopt_one(acme.dump)
    assert any("1 enrollments wait for an account" in text for text in texts(result))


def test_a_filter_that_is_not_understood_needs_a_choice(moving: Moving) -> None:
    acme = Customer(Dump())
    acme.enterprise()
    acme.catalog(content_filter={"content_type__near": "course"})
    assert "its filter is not understood here" in moving.refused(acme.dump)
    moving.adopt_one(acme.dump, choices={"catalog_filter": "make_empty"})
    assert [row["uuid"] for row in moving.rows(Catalog)] == [acme.catalog_uuid]


def test_a_filter_that_is_no_json_needs_a_choice(moving: Moving) -> None:
    acme = Customer(Dump())
    acme.enterprise()
    acme.catalog(content_filter="{course}")
    assert "its filter is no JSON object" in moving.refused(acme.dump)


def test_a_dry_run_says_the_same_and_changes_nothing(moving: Moving) -> None:
    acme = founded()
    acme.license(acme.plan(), "activated", "ana@acme.example")
    acme.enrollment(acme.learner(501, "ana"))
    before = moving.counts()
    (tried,) = moving.adopt(acme.dump, dry_run=True)
    assert moving.counts() == before
    result = moving.adopt_one(acme.dump)
    assert tried.run.tally.counts == result.run.tally.counts
    assert tried.run.totals == result.run.totals


def test_one_enterprise_with_an_obstacle_does_not_stop_another(moving: Moving) -> None:
    dump = Dump()
    acme, globex = founded(dump), founded(dump, slug="globex")
    acme.license(acme.plan(), "activated", None)
    globex.license(globex.plan(), "activated", "ana@globex.example")
    results = {each.uuid: each.is_adopted for each in moving.adopt(dump)}
    assert results == {acme.uuid: False, globex.uuid: True}
    assert [row["slug"] for row in moving.rows(Enterprise)] == ["globex"]
    moving.adopt(dump, choices={"license_without_email": "unassign"})
    assert [row["slug"] for row in moving.rows(Enterprise)].count("acme") == 1


def test_services_may_come_in_files_of_their_own(moving: Moving) -> None:
    whole = founded()
    whole.license(whole.plan(), "activated", "ana@acme.example")
    parts = {app: Dump() for app in ("enterprise", "subscriptions")}
    for each in whole.dump.objects:
        parts[each["model"].partition(".")[0]].objects.append(each)
    (result,) = moving.adopt(parts["subscriptions"], parts["enterprise"])
    assert result.is_adopted
    assert UUID(str(result.uuid)) == whole.uuid
