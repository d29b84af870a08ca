"""Why nothing was done, in the form of the API's answers."""

from uuid import UUID

from bursar.web.errors import BusinessRule, NotFound, Refusal


class PlanUnusable(BusinessRule):
    """The plan lets nobody begin to use a licence now."""


class NotEnoughLicenses(Refusal):
    def __init__(self, wanted: int, unassigned: int) -> None:
        super().__init__(
            f"Not enough licenses: {wanted} wanted, {unassigned} unassigned in the plan."
        )


class NoLiveLicense(NotFound):
    def __init__(self, email: str, plan_uuid: UUID, statuses: str) -> None:
        super().__init__(f"{email} has no {statuses} license in the plan {plan_uuid}.")


class TooManyRevocations(Refusal):
    def __init__(self, wanted: int, remaining: int) -> None:
        super().__init__(
            f"Not enough revocations: {wanted} activated licenses to revoke,"
            f" {max(0, remaining)} revocations remain in the plan."
        )


class NotActivatable(BusinessRule):
    def __init__(self, status: str) -> None:
        super().__init__(f"A license that is {status} cannot be activated.")
