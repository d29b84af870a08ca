"""Licenses are assigned, used and revoked; the seats always add up."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.database.engine import Database
from bursar.delivery.models import Delivery
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import put_learners
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import (
    ActivateLicense,
    ActivateLicenses,
    AssignLicenses,
    LicenseFilter,
    LinkAccounts,
    RemindLearners,
    RevokeMatchingLicenses,
)
from bursar.subscriptions.licenses.refusals import (
    NoLiveLicense,
    NotActivatable,
    NotEnoughLicenses,
    PlanUnusable,
    TooManyRevocations,
)
from bursar.subscriptions.licenses.states import LicenseStatus
from testing.worlds.subscriptions import (
    ACTOR,
    CATALOG,
    ENTERPRISE,
    NOW,
    PLAN,
    activate,
    assign,
    change,
    counts,
    days,
    emails,
    licenses_of,
    plan,
    published,
    renewal,
    revoke,
)


def revoke_by(database: Database, *filters: LicenseFilter) -> int:
    command = RevokeMatchingLicenses(ENTERPRISE, PLAN, filters)
    with database.transaction() as session:
        return service.revoke_matching(session, ACTOR, command, at=NOW)


def activate_several(session: Session, enterprise: UUID, uuids: list[UUID], day: float = 0) -> int:
    command = ActivateLicenses(enterprise, uuids)
    return len(service.activate_several(session, ACTOR, command, at=days(day)))


class TestAssign:
    def test_learners_get_licenses_in_the_order_of_the_request(self, acme: Database) -> None:
        wanted = ["z@acme.example", "a@acme.example", "m@acme.example"]
        with acme.transaction() as session:
            done = assign(session, wanted)
        assert [email for email, _ in done.licenses] == wanted
        with acme.transaction() as session:
            held = {each.user_email: each.uuid for each in licenses_of(session, PLAN, "assigned")}
            assert held == dict(done.licenses)
            assert counts(session) == (97, 3, 0, 0)

    def test_who_holds_a_license_keeps_it_and_is_counted(self, acme: Database) -> None:
        with acme.transaction() as session:
            first = assign(session, emails(2))
            activate(session, emails(1))
        with acme.transaction() as session:
            again = assign(session, emails(3))
            assert again.already_associated == 2
            assert [email for email, _ in again.licenses] == emails(3)[2:]
            repeated = assign(session, emails(3))
            assert (repeated.already_associated, repeated.licenses) == (3, [])
            held = {each.uuid for each in licenses_of(session, PLAN, "assigned", "activated")}
            assert {uuid for _, uuid in first.licenses} < held
            assert counts(session) == (97, 2, 1, 0)

    def test_too_few_licenses_assign_nothing_and_both_numbers_are_named(
        self, acme: Database
    ) -> None:
        with (
            pytest.raises(NotEnoughLicenses, match=r"101 licenses needed, 100 unassigned"),
            acme.transaction() as session,
        ):
            assign(session, emails(101))
        with acme.transaction() as session:
            assert counts(session) == (100, 0, 0, 0)
            assert len(assign(session, emails(100)).licenses) == 100
            assert counts(session) == (0, 100, 0, 0)

    def test_a_revoked_learner_simply_gets_a_new_license(self, acme: Database) -> None:
        with acme.transaction() as session:
            (_, old), *_ = assign(session, emails(1)).licenses
            revoke(session, emails(1))
            (_, new), *_ = assign(session, emails(1)).licenses
            assert new != old
            assert counts(session) == (99, 1, 0, 1)

    def test_ids_of_the_customer_and_known_accounts_are_kept(self, acme: Database) -> None:
        with acme.transaction() as session:
            ana = DeclaredLearner(email=emails(1)[0], lms_user_id=7)
            put_learners(session, ACTOR, ENTERPRISE, [ana], at=NOW)
            first, second = emails(2)
            sfids = {first: "001OE000001f26OXZP", second: None}
            service.assign(session, ACTOR, AssignLicenses(ENTERPRISE, PLAN, sfids), at=NOW)
            held = licenses_of(session, PLAN, "assigned")
            assert [(each.user_sfid, each.lms_user_id) for each in held] == [
                ("001OE000001f26OXZP", 7),
                (None, None),
            ]

    def test_every_new_license_is_mailed_once_and_told_once(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(2), greeting="Hello", closing="Bye")
            assign(session, emails(2))
            assign(session, emails(3), notify=False)
        with acme.read() as connection:
            mails = connection.execute(
                select(Delivery.recipient, Delivery.kind, Delivery.context)
            ).all()
            assert {mail.recipient for mail in mails} == set(emails(2))
            assert {mail.kind for mail in mails} == {"license-assigned"}
            assert len(mails) == 2
            assert mails[0].context["greeting"] == "Hello"
            assert mails[0].context["closing"] == "Bye"
        told = published(acme, "license.assigned")
        assert [record.changes for record in told] == [
            {"status": ["unassigned", "assigned"], "user_email": [None, email]}
            for email in emails(3)
        ]
        assert [record.version for record in told] == [1, 1, 1]
        with acme.transaction() as session:
            held = {str(each.uuid): each for each in licenses_of(session, PLAN, "assigned")}
        for record in told:
            assert record.data is not None
            assert record.data["uuid"] == record.object_id
            assert record.data["user_email"] == held[record.object_id].user_email
            assert record.data["assigned_date"] == "2026-11-24T12:00:00Z"

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"is_active": False}, "inactive"),
            ({"start_date": days(1)}, "not_started"),
            ({"expiration_date": NOW}, "expired"),
            ({"is_locked_for_renewal_processing": True}, "locked_for_renewal"),
            ({"renewals": [renewal(effective_date=days(0.5))]}, "locked_for_renewal"),
        ],
    )
    def test_a_plan_that_cannot_be_used_says_why(
        self, acme: Database, fields: dict[str, Any], reason: str
    ) -> None:
        with acme.transaction() as session:
            change(session, **fields)
        with pytest.raises(PlanUnusable) as caught, acme.transaction() as session:
            assign(session, emails(1))
        assert caught.value.reason == reason

    def test_a_renewal_that_is_further_off_locks_nothing(self, acme: Database) -> None:
        with acme.transaction() as session:
            change(session, renewals=[renewal(effective_date=days(0.51))])
            assert len(assign(session, emails(1)).licenses) == 1


class TestRevoke:
    def test_each_revoked_license_leaves_a_new_one(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(3))
            activate(session, emails(1))
            assert revoke(session, emails(2)) == 2
            assert counts(session) == (99, 1, 0, 2)
            revoked = licenses_of(session, PLAN, "revoked")
            assert [each.user_email for each in revoked] == emails(2)
            assert [each.is_ending for each in revoked] == [True, False]

    def test_one_without_a_license_stops_all_and_the_first_is_named(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(2))
        wanted = [emails(1)[0], "x@acme.example", "y@acme.example"]
        with (
            pytest.raises(NoLiveLicense, match=r"x@acme\.example"),
            acme.transaction() as session,
        ):
            revoke(session, wanted)
        with acme.transaction() as session:
            assert counts(session) == (98, 2, 0, 0)

    def test_the_cap_counts_what_had_been_activated_only(self, acme: Database) -> None:
        with acme.transaction() as session:
            change(session, is_revocation_cap_enabled=True, revoke_max_percentage=2)
            assign(session, emails(6))
            activate(session, emails(3))
            assert revoke(session, [*emails(1), *emails(6)[3:]]) == 4
        with (
            pytest.raises(TooManyRevocations, match=r"2 activated .* 1 revocations"),
            acme.transaction() as session,
        ):
            revoke(session, emails(3)[1:])
        with acme.transaction() as session:
            assert counts(session) == (98, 0, 2, 4)
            assert revoke(session, [emails(3)[2]]) == 1
        with pytest.raises(TooManyRevocations), acme.transaction() as session:
            revoke(session, [emails(2)[1]])

    def test_revoking_works_on_any_plan(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(1))
            change(session, is_active=False, expiration_date=days(-1))
            assert revoke(session, emails(1)) == 1

    def test_filters_narrow_each_other(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, ["alba@a.example", "alan@a.example", "bob@a.example"])
            activate(session, ["alan@a.example", "bob@a.example"])
        active = LicenseFilter(statuses=frozenset({LicenseStatus.ACTIVATED}))
        assert revoke_by(acme, LicenseFilter("al"), active) == 1
        with acme.transaction() as session:
            assert [each.user_email for each in licenses_of(session, PLAN, "revoked")] == [
                "alan@a.example"
            ]
        assert revoke_by(acme, LicenseFilter("al", active.statuses)) == 0
        assert revoke_by(acme, LicenseFilter("%")) == 0
        assert revoke_by(acme, LicenseFilter("A.EXAMPLE")) == 2

    def test_what_is_not_live_is_passed_over(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(2))
            revoke(session, emails(1))
        nobody = frozenset({LicenseStatus.UNASSIGNED, LicenseStatus.REVOKED})
        assert revoke_by(acme, LicenseFilter(statuses=nobody)) == 0
        assert revoke_by(acme, LicenseFilter(statuses=frozenset(LicenseStatus))) == 1


class TestActivate:
    def test_activation_happens_once(self, acme: Database) -> None:
        with acme.transaction() as session:
            ((_, uuid),) = assign(session, emails(1)).licenses
            assert activate_several(session, ENTERPRISE, [uuid]) == 1
            assert activate_several(session, ENTERPRISE, [uuid], 1) == 0
            assert counts(session) == (99, 0, 1, 0)
        (told,) = published(acme, "license.activated")
        assert told.changes == {"status": ["assigned", "activated"]}
        assert (told.object_id, told.version) == (str(uuid), 2)
        assert told.data is not None
        assert (told.data["status"], told.data["activation_date"]) == (
            "activated",
            "2026-11-24T12:00:00Z",
        )

    def test_it_reaches_several_plans_and_no_other_enterprise(self, acme: Database) -> None:
        second = uuid4()
        with acme.transaction() as session:
            plan(session, second)
            uuids = [uuid for _, uuid in assign(session, emails(2)).licenses]
            uuids += [uuid for _, uuid in assign(session, emails(1), second).licenses]
            assert activate_several(session, CATALOG, uuids) == 0
            assert activate_several(session, ENTERPRISE, uuids) == 3
            assert counts(session) == (98, 0, 2, 0)
            assert counts(session, second) == (99, 0, 1, 0)

    def test_one_is_activated_when_its_plan_can_be_used(self, acme: Database) -> None:
        with acme.transaction() as session:
            ((_, uuid),) = assign(session, emails(1)).licenses
            change(session, is_active=False)
        command = ActivateLicense(ENTERPRISE, PLAN, uuid)
        with pytest.raises(PlanUnusable), acme.transaction() as session:
            service.activate(session, ACTOR, command, at=NOW)
        with acme.transaction() as session:
            change(session, is_active=True)
            first = service.activate(session, ACTOR, command, at=NOW)
            assert (first.status, first.activation_date) == ("activated", "2026-11-24T12:00:00Z")
            assert service.activate(session, ACTOR, command, at=days(1)) == first
            assert counts(session) == (99, 0, 1, 0)
            free = licenses_of(session, PLAN, "unassigned")[0].uuid
        with pytest.raises(NotActivatable) as caught, acme.transaction() as session:
            service.activate(session, ACTOR, ActivateLicense(ENTERPRISE, PLAN, free), at=NOW)
        assert caught.value.status == "unassigned"

    def test_the_plan_that_expires_last_is_the_first_to_use(self, acme: Database) -> None:
        late, closed = uuid4(), uuid4()
        with acme.transaction() as session:
            plan(session, late, expiration_date=days(400))
            plan(session, closed, expiration_date=days(500))
            for uuid in (PLAN, late, closed):
                assign(session, emails(1), uuid)
            change(session, closed, is_active=False)
            activate(session, emails(1), late)
            (email,) = emails(1)
            usable = service.find_usable_licenses(session, ENTERPRISE, [email, "x@y.example"], NOW)
            assert [(each.plan_uuid, each.is_activated) for each in usable[email]] == [
                (late, True),
                (PLAN, False),
            ]
            assert set(usable) == {email}
            assert service.find_usable_licenses(session, ENTERPRISE, [email], days(450)) == {}


class TestRemind:
    def test_only_who_has_not_used_a_license_is_reminded(self, acme: Database) -> None:
        def remind(*addresses: str) -> int:
            command = RemindLearners(ENTERPRISE, PLAN, addresses)
            with acme.transaction() as session:
                return service.remind(session, ACTOR, command, at=NOW)

        with acme.transaction() as session:
            assign(session, emails(3), notify=False)
            activate(session, emails(1))
        assert remind(*emails(3)[1:]) == 2
        with pytest.raises(NoLiveLicense, match="learner0"):
            remind(*reversed(emails(3)))
        with acme.read() as connection:
            kinds = connection.execute(select(Delivery.kind)).scalars().all()
            assert kinds == ["license-reminder"] * 2


def link(session: Session, known: list[tuple[str, int]]) -> int:
    return service.link_accounts(session, ACTOR, LinkAccounts(ENTERPRISE, known), at=NOW)


def test_accounts_are_linked_to_live_licenses(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(3))
        revoke(session, emails(1))
        known = [(email, 100 + index) for index, email in enumerate(emails(4))]
        assert link(session, known) == 2
        assert link(session, known) == 0
        assert link(session, []) == 0
        held = {each.user_email: each.lms_user_id for each in licenses_of(session)}
        assert [held[email] for email in emails(3)] == [None, 101, 102]
    told = published(acme, "license.linked")
    assert sorted(record.changes["lms_user_id"] for record in told) == [[None, 101], [None, 102]]


def test_revocations_and_reminders_are_told_with_what_they_change(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(2), notify=False)
        activate(session, emails(1))
        command = RemindLearners(ENTERPRISE, PLAN, emails(2)[1:])
        service.remind(session, ACTOR, command, at=NOW)
        revoke(session, emails(2))
    (reminded,) = published(acme, "license.reminded")
    assert reminded.changes == {}
    revoked = published(acme, "license.revoked")
    assert sorted(record.changes["status"] for record in revoked) == [
        ["activated", "revoked"],
        ["assigned", "revoked"],
    ]
    for record in revoked:
        assert record.data is not None
        assert (record.data["status"], record.data["revoked_date"]) == (
            "revoked",
            "2026-11-24T12:00:00Z",
        )
        assert (record.object_type, record.enterprise_uuid) == ("license", ENTERPRISE)
