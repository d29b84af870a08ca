"""Why a renewal waits."""

from uuid import UUID


class RenewalRefused(Exception):
    """The plan that follows cannot be used. Nothing was changed, and the renewal stays due."""

    def __init__(self, plan_uuid: UUID, reason: str) -> None:
        super().__init__(reason)
        self.plan_uuid = plan_uuid
