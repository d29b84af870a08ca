"""Why requests about webhooks are refused."""

from collections.abc import Mapping
from uuid import UUID


class UnknownEndpoint(LookupError):
    """There is no such endpoint, or it is deleted."""

    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"no such webhook endpoint: {uuid}")
        self.uuid = uuid


class EndpointOfAnotherEnterprise(ValueError):
    """A manifest declares an endpoint under an enterprise that it does not belong to."""


class TooManyEndpoints(ValueError):
    def __init__(self, most: int) -> None:
        super().__init__(
            f"An enterprise has at most {most} webhook endpoints. Delete one that is not used any "
            "more, or let one endpoint pass events on."
        )


class EndpointIsDisabled(ValueError):
    def __init__(self) -> None:
        super().__init__("The endpoint is disabled. Enable it first: PATCH enabled to true.")


class ReplayUnderWay(ValueError):
    def __init__(self) -> None:
        super().__init__(
            "A replay to this endpoint is under way. Ask for another one when it has ended."
        )


class WrongFields(ValueError):
    """Fields of an endpoint that cannot be used, each with a sentence that says what to do."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {why}" for field, why in problems.items()))
        self.problems = dict(problems)
