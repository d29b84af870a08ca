"""Why a mail cannot be shown or sent again."""

from uuid import UUID


class MailRefused(Exception):
    """A mail cannot be shown, or not be sent again."""


class UnknownMail(MailRefused):
    """There is no mail with this uuid."""

    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"no such mail: {uuid}")
        self.uuid = uuid


class UnknownMailKind(MailRefused):
    """The mail was written by another version of Bursar."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"this version knows no mail of the kind {kind}")
        self.kind = kind


class MailTextDeleted(MailRefused):
    """The values of the mail were deleted, with the learner's address or because it is old."""

    def __init__(self) -> None:
        super().__init__("what it said is no longer kept")


class MailUnwritable(MailRefused):
    """The templates cannot be rendered with the values of the mail."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"it cannot be written: {error}")


class MailNotRetried(MailRefused):
    """The mail is not one that can be sent again."""

    def __init__(self, uuid: UUID, reason: str) -> None:
        super().__init__(f"{uuid} is not sent again: {reason}")
        self.uuid = uuid
