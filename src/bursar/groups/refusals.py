"""Why a group is not made, changed or deleted."""

from collections.abc import Sequence
from uuid import UUID


class GroupRefused(Exception):
    """Nothing was changed."""


class UnknownGroup(GroupRefused):
    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"no such group: {uuid}")


class GroupOfAnotherEnterprise(GroupRefused):
    pass


class TooManyGroups(GroupRefused):
    def __init__(self, most: int) -> None:
        super().__init__(f"An enterprise has at most {most} groups. Delete one first.")


class GroupIsUsed(GroupRefused):
    """Without the group, its budgets would be for everybody, or for nobody."""

    def __init__(self, policies: Sequence[UUID]) -> None:
        super().__init__("Policies are for this group only. Give them other groups first.")
        self.policies = policies
