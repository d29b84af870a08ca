"""Licences are assigned, used, renewed in mind and revoked; the seats always add up."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from bursar.actors import Actor
from bursar.audit.models import AuditEntry
from bursar.database.engine import Database
from bursar.delivery.models import Mail
from bursar.jobs.queue import JobQueue
from bursar.learners.service import put_learners
from bursar.subscriptions.licenses import activation, revocation, service
from bursar.subscriptions.licenses.events import Activated
from bursar.subscriptions.licenses.refusals import (
    NoLiveLicense,
    NotActivatable,
    NotEnoughLicenses,
    PlanUnusable,
    TooManyRevocations,
)
from bursar.subscriptions.licenses.revocation import LicenseFilter
from bursar.subscriptions.licenses.service import Wish
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.web.errors import ApiError
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
    renewal,
    revoke,
)


def revoke_by(database: Database, *filters: LicenseFilter) -> int:
    with database.transaction() as session:
        return revocation.revoke_matching(
            session,
            JobQueue(database),
            ACTOR,
            enterprise_uuid=ENTERPRISE,
            plan_uuid=PLAN,
            filters=filters,
            now=NOW,
        )


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
            pytest.raises(NotEnoughLicenses, match=r"101 wanted, 100 unassigned"),
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
            revoke(acme, session, emails(1))
            (_, new), *_ = assign(session, emails(1)).licenses
            assert new != old
            assert counts(session) == (99, 1, 0, 1)

    def test_ids_of_the_customer_and_known_accounts_are_kept(self, acme: Database) -> None:
        with acme.transaction() as session:
            put_learners(
                session, ACTOR, ENTERPRISE, [{"email": emails(1)[0], "lms_user_id": 7}], NOW
            )
            first, second = emails(2)
            wish = Wish({first: "001OE000001f26OXZP", second: None})
            service.assign(
                session, ACTOR, enterprise_uuid=ENTERPRISE, plan_uuid=PLAN, wish=wish, now=NOW
            )
            held = licenses_of(session, PLAN, "assigned")
            assert [(each.user_sfid, each.lms_user_id) for each in held] == [
                ("001OE000001f26OXZP", 7),
                (None, None),
            ]

    def test_every_new_license_is_mailed_once_and_audited(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(2), greeting="Hello", closing="Bye")
            assign(session, emails(2))
            assign(session, emails(3), notify=False)
        with acme.read() as connection:
            mails = connection.execute(select(Mail.recipient, Mail.kind, Mail.context)).all()
            assert {mail.recipient for mail in mails} == set(emails(2))
            assert {mail.kind for mail in mails} == {"license-assigned"}
            assert len(mails) == 2
            assert mails[0].context["greeting"] == "Hello"
            assert mails[0].context["closing"] == "Bye"
            audit = connection.execute(
                select(AuditEntry.details).where(AuditEntry.action == "license.assigned")
            ).all()
            assert len(audit) == 3
            assert "@" not in str(audit)

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"is_active": False}, "not active"),
            ({"start_date": days(1)}, "not started"),
            ({"expiration_date": NOW}, "expired"),
            ({"is_locked_for_renewal_processing": True}, "locked"),
            ({"renewals": [renewal(effective_date=days(0.5))]}, "locked"),
        ],
    )
    def test_a_plan_that_cannot_be_used_says_why(
        self, acme: Database, fields: dict[str, Any], reason: str
    ) -> None:
        with acme.transaction() as session:
            change(session, **fields)
        with pytest.raises(PlanUnusable, match=reason), acme.transaction() as session:
            assign(session, emails(1))

    def test_a_renewal_that_is_further_off_locks_nothing(self, acme: Database) -> None:
        with acme.transaction() as session:
            change(session, renewals=[renewal(effective_date=days(0.51))])
            assert len(assign(session, emails(1)).licenses) == 1


class TestRevoke:
    def test_each_revoked_license_leaves_a_new_one(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(3))
            activate(session, emails(1))
            assert revoke(acme, session, emails(2)) == 2
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
            revoke(acme, session, wanted)
        with acme.transaction() as session:
            assert counts(session) == (98, 2, 0, 0)

    def test_the_cap_counts_what_had_been_activated_only(self, acme: Database) -> None:
        with acme.transaction() as session:
            change(session, is_revocation_cap_enabled=True, revoke_max_percentage=2)
            assign(session, emails(6))
            activate(session, emails(3))
            assert revoke(acme, session, [*emails(1), *emails(6)[3:]]) == 4
        with (
            pytest.raises(TooManyRevocations, match=r"2 activated .* 1 revocations"),
            acme.transaction() as session,
        ):
            revoke(acme, session, emails(3)[1:])
        with acme.transaction() as session:
            assert counts(session) == (98, 0, 2, 4)
            assert revoke(acme, session, [emails(3)[2]]) == 1
        with pytest.raises(TooManyRevocations), acme.transaction() as session:
            revoke(acme, session, [emails(2)[1]])

    def test_revoking_works_on_any_plan(self, acme: Database) -> None:
        with acme.transaction() as session:
            assign(session, emails(1))
            change(session, is_active=False, expiration_date=days(-1))
            assert revoke(acme, session, emails(1)) == 1

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
            revoke(acme, session, emails(1))
        nobody = frozenset({LicenseStatus.UNASSIGNED, LicenseStatus.REVOKED})
        assert revoke_by(acme, LicenseFilter(statuses=nobody)) == 0
        assert revoke_by(acme, LicenseFilter(statuses=frozenset(LicenseStatus))) == 1


class TestActivate:
    def test_activation_happens_once(self, acme: Database) -> None:
        with acme.transaction() as session:
            ((_, uuid),) = assign(session, emails(1)).licenses
            first = activation.activate(session, ACTOR, ENTERPRISE, [uuid], NOW)
            assert first == [Activated(ENTERPRISE, PLAN, uuid, emails(1)[0])]
            assert activation.activate(session, ACTOR, ENTERPRISE, [uuid], days(1)) == []
            assert counts(session) == (99, 0, 1, 0)

    def test_it_reaches_several_plans_and_no_other_enterprise(self, acme: Database) -> None:
        second = uuid4()
        with acme.transaction() as session:
            plan(session, second)
            uuids = [uuid for _, uuid in assign(session, emails(2)).licenses]
            uuids += [uuid for _, uuid in assign(session, emails(1), second).licenses]
            assert activation.activate(session, ACTOR, CATALOG, uuids, NOW) == []
            assert len(activation.activate(session, ACTOR, ENTERPRISE, uuids, NOW)) == 3
            assert counts(session) == (98, 0, 2, 0)
            assert counts(session, second) == (99, 0, 1, 0)

    def test_one_is_activated_when_its_plan_can_be_used(self, acme: Database) -> None:
        with acme.transaction() as session:
            ((_, uuid),) = assign(session, emails(1)).licenses
            change(session, is_active=False)
        place = {"enterprise_uuid": ENTERPRISE, "plan_uuid": PLAN}
        with pytest.raises(PlanUnusable), acme.transaction() as session:
            activation.activate_one(session, ACTOR, **place, license_uuid=uuid, now=NOW)
        with acme.transaction() as session:
            change(session, is_active=True)
            row = activation.activate_one(session, ACTOR, **place, license_uuid=uuid, now=NOW)
            assert (row.status, row.activated_at) == ("activated", NOW)
            row = activation.activate_one(session, ACTOR, **place, license_uuid=uuid, now=days(1))
            assert row.activated_at == NOW
            free = licenses_of(session, PLAN, "unassigned")[0].uuid
        with pytest.raises(NotActivatable, match="unassigned"), acme.transaction() as session:
            activation.activate_one(session, ACTOR, **place, license_uuid=free, now=NOW)

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
            usable = activation.usable_licenses(session, ENTERPRISE, [email, "x@y.example"], NOW)
            assert [(each.plan_uuid, each.is_activated) for each in usable[email]] == [
                (late, True),
                (PLAN, False),
            ]
            assert set(usable) == {email}
            assert activation.usable_licenses(session, ENTERPRISE, [email], days(450)) == {}


class TestRemind:
    def test_only_who_has_not_used_a_license_is_reminded(self, acme: Database) -> None:
        def remind(*addresses: str) -> int:
            with acme.transaction() as session:
                return service.remind(
                    session,
                    ACTOR,
                    enterprise_uuid=ENTERPRISE,
                    plan_uuid=PLAN,
                    emails=addresses,
                    now=NOW,
                )

        with acme.transaction() as session:
            assign(session, emails(3), notify=False)
            activate(session, emails(1))
        assert remind(*emails(3)[1:]) == 2
        with pytest.raises(NoLiveLicense, match="learner0"):
            remind(*reversed(emails(3)))
        with acme.read() as connection:
            kinds = connection.execute(select(Mail.kind)).scalars().all()
            assert kinds == ["license-reminder"] * 2


def test_accounts_are_linked_to_live_licenses(acme: Database) -> None:
    with acme.transaction() as session:
        assign(session, emails(3))
        revoke(acme, session, emails(1))
        known = [(email, 100 + index) for index, email in enumerate(emails(4))]
        assert service.link_learners(session, Actor("x"), ENTERPRISE, known, NOW) == 2
        assert service.link_learners(session, Actor("x"), ENTERPRISE, known, NOW) == 0
        assert service.link_learners(session, Actor("x"), ENTERPRISE, [], NOW) == 0
        held = {each.user_email: each.lms_user_id for each in licenses_of(session)}
        assert [held[email] for email in emails(3)] == [None, 101, 102]


def test_refusals_have_the_statuses_of_the_api() -> None:
    refusals: list[ApiError] = [
        PlanUnusable("x"),
        NotEnoughLicenses(2, 1),
        NoLiveLicense("a@b.example", PLAN, "assigned"),
        TooManyRevocations(2, -1),
        NotActivatable("revoked"),
    ]
    assert [refusal.status for refusal in refusals] == [422, 400, 404, 400, 422]
    assert all(set(refusal.body) == {"detail"} for refusal in refusals)
