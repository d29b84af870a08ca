"""Groups of edx-enterprise, and the policies of enterprise-access that are for them."""

from uuid import uuid4

from bursar.credit.models import Policy
from bursar.groups.models import Group, GroupMember, GroupOfPolicy
from testing.worlds.open_edx import founded, funded
from tests.adopting.moving import Moving, texts


def test_groups_come_with_those_who_are_in_them(moving: Moving) -> None:
    acme = founded()
    ana, ben = acme.learner(501, "ana"), acme.learner(502, "ben")
    sales, gone = acme.group("Sales"), acme.group("Gone", is_removed=True)
    acme.in_group(sales, member=ana)
    acme.in_group(sales, member=ben, is_removed=True)
    acme.in_group(sales, pending=acme.pending("cy@acme.example"))
    acme.in_group(gone, member=ben)
    moving.adopt_one(acme.dump)
    assert [(row["uuid"], row["name"]) for row in moving.rows(Group)] == [(sales, "Sales")]
    members = [row["email"] for row in moving.rows(GroupMember)]
    assert sorted(members) == ["ana@acme.example", "cy@acme.example"]
    assert moving.adopt_one(acme.dump).run.tally.total("changed") == 0
    acme.in_group(sales, member=ben)
    moving.adopt_one(acme.dump)
    assert len(moving.rows(GroupMember)) == 3


def test_members_whom_no_file_names_are_told(moving: Moving) -> None:
    acme = founded()
    acme.in_group(acme.group("Sales"), member=4711)
    result = moving.adopt_one(acme.dump)
    assert any("1 members are nobody whom the files name" in text for text in texts(result))


def test_a_policy_is_for_its_groups_only(moving: Moving) -> None:
    credit = funded()
    group = credit.customer.group("Sales")
    policy, other = credit.policy(), credit.policy()
    credit.only_for(policy, group)
    moving.adopt_one(credit.dump)
    pairs = [(row["policy_uuid"], row["group_uuid"]) for row in moving.rows(GroupOfPolicy)]
    assert pairs == [(policy, group)]
    closed = {row["uuid"]: row["is_for_groups"] for row in moving.rows(Policy)}
    assert closed == {policy: True, other: False}
    assert moving.adopt_one(credit.dump).run.tally.total("changed") == 0


def test_a_policy_is_not_opened_to_everybody_for_want_of_a_group(moving: Moving) -> None:
    credit = funded()
    policy, group = credit.policy(), uuid4()
    credit.only_for(policy, group)
    told = moving.refused(credit.dump)
    assert f"it is for the group {group}, which the enterprise does not have" in told
    moving.adopt_one(credit.dump, choices={"missing_group": "ignore"})
    assert [row["is_for_groups"] for row in moving.rows(Policy)] == [False]
