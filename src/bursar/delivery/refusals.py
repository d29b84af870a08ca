"""Why a delivery cannot be shown or sent again."""

from uuid import UUID


class DeliveryRefused(Exception):
    """Something that was sent cannot be shown, or not be sent again."""


class UnknownDelivery(DeliveryRefused):
    """There is no delivery with this uuid."""

    what: str = "delivery"

    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"no such {self.what}: {uuid}")
        self.uuid = uuid


class UnknownMail(UnknownDelivery):
    """There is no mail with this uuid."""

    what = "mail"


class UnknownMailKind(DeliveryRefused):
    """The mail was written by another version of Bursar."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"this version knows no mail of the kind {kind}")
        self.kind = kind


class MailTextDeleted(DeliveryRefused):
    """The values of the mail were deleted, with the learner's address or because it is old."""

    def __init__(self) -> None:
        super().__init__("what it said is no longer kept")


class MailUnwritable(DeliveryRefused):
    """The templates cannot be rendered with the values of the mail."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"it cannot be written: {error}")


class NotRetried(DeliveryRefused):
    """The delivery is not one that can be sent again."""

    def __init__(self, uuid: UUID, reason: str) -> None:
        super().__init__(f"{uuid} is not sent again: {reason}")
        self.uuid = uuid


class OtherCount(DeliveryRefused):
    """There are not as many deliveries as the operator confirmed."""

    def __init__(self, found: int, expected: int) -> None:
        super().__init__(f"there are {found} now and not {expected}: look again without --confirm")
        self.found = found
