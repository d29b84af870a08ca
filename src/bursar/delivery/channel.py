"""What is delivered, what came of an attempt, and mail as the channel that domains use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from bursar.claims.tokens import Claim, ClaimKind
from bursar.delivery.models import Channel
from bursar.delivery.views import Correspondent
from bursar.smtp_url import Sender, SmtpServer


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """What a domain wants to be sent."""

    channel: Channel
    kind: str
    """The kind of mail, or the type of the event."""
    enterprise_uuid: UUID
    subject_uuid: UUID
    """What it is about."""
    recipient: str
    """What a person would search for: an address, or a URL without credentials."""
    target_uuid: UUID | None = None
    """The endpoint, report or connection, which has turns of its own."""
    event_uuid: UUID | None = None
    context: dict[str, Any] = field(default_factory=dict)
    """What is needed to send it, as JSON."""
    uuid: UUID = field(default_factory=uuid4)
    due_at: datetime | None = None
    """When it is to be sent, at most a day ahead; None: at once."""


@dataclass(frozen=True, slots=True)
class QueuedDelivery:
    """A delivery as it was when a worker leased it."""

    id: int
    uuid: UUID
    enterprise_uuid: UUID
    kind: str
    subject_uuid: UUID
    recipient: str
    context: dict[str, Any]
    attempts: int
    """How many attempts were made before this one, since the last retry."""
    created_at: datetime
    channel: str = Channel.MAIL.value
    target_uuid: UUID | None = None
    event_uuid: UUID | None = None
    attempted: int = 0
    """How many attempts were recorded before this one, in all."""


class AttemptOutcome(StrEnum):
    DELIVERED = "delivered"
    RETRYING = "retrying"
    FAILED = "failed"
    """It is never tried again: the other side refused it, or it was given up."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send something, and what came of it."""

    delivery: QueuedDelivery
    outcome: AttemptOutcome
    at: datetime
    error: str | None = None
    """Why it did not succeed. The reason holds no address, so that it may be kept and logged."""
    status: int | None = None
    """What the protocol calls the answer, such as 250 or 503."""
    answer: str | None = None
    """What the other side said. Addresses are taken out and the end is cut off where it is kept."""
    seconds: float = 0.0
    next_at: datetime | None = None
    """When it is tried again. None: after the usual pause."""


@dataclass(frozen=True, slots=True)
class MailKind:
    """What delivery must know about the mails of one kind."""

    name: str
    templates: str
    """A package whose folder `templates` has `{name}.txt` and `{name}.html`.

    The text names the subject: in its block `subject`, or as its first line, `Subject: ...`. Both
    can extend the layouts of this package and then fill the block `body`; they know
    `_` (which translates), `texts` (of the language), and the filters `last_moment` (of an ISO 8601
    instant), `strong` and `one_line`.
    """
    why_untrue: Callable[[Session, Sequence[QueuedDelivery]], Mapping[UUID, str]]
    """The mails, by uuid, whose words are no longer true, each with the reason: a sentence for the
    operator, without addresses. All others are sent. It only reads."""
    record: Callable[[Session, Sequence[Attempt], datetime], None]
    """Keeps the domain's own record of attempts, in the transaction that updates the mails.

    It runs before the mails' rows are locked, so it may take the domain's locks. It runs again
    when that transaction failed and is repeated.
    """
    claim: ClaimKind | None = None
    """What the subject of such a mail is, when its learner can claim it on a page. The templates
    then have `claim_link`, which is None where the installation can make no links."""

    is_for_learners: bool = True
    """Such mails are in the language of the enterprise; those for people who administrate are in
    English."""

    def reads(self, enterprise: Correspondent) -> Correspondent:
        """The enterprise as readers of such a mail see it."""
        if self.is_for_learners:
            return enterprise
        return replace(enterprise, look=replace(enterprise.look, language=None))

    def claim_of(self, subject_uuid: UUID, queued_at: datetime) -> Claim | None:
        return None if self.claim is None else Claim(self.claim, subject_uuid, queued_at)


@dataclass(frozen=True, slots=True)
class Kept:
    """There is no mail server: a mail counts as delivered because it is kept for reading."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """Mails are sent to a mail server, which takes over the responsibility for them."""

    server: SmtpServer
    sender: Sender
    timeout: float
    """Seconds that the server may take for each answer."""


Transport: TypeAlias = Kept | Smtp
"""Where mails go. The composition chooses it and hands it in."""
