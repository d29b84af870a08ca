"""What mails say, rendered with the templates of today."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from bursar.claims.links import LinkTo, no_links
from bursar.delivery import queries
from bursar.delivery.channel import MailKind
from bursar.delivery.models import Channel, DeliveryStatus
from bursar.delivery.refusals import DeliveryRefused, MailTextDeleted, UnknownMailKind
from bursar.delivery.views import (
    CapturedMail,
    Correspondent,
    DeliverySearch,
    DeliveryView,
    MailText,
)


@dataclass(frozen=True, slots=True)
class MailReader:
    """Reads mails. The composition makes it, because it knows the kinds of all domains."""

    kinds: Mapping[str, MailKind]
    link_to: LinkTo = no_links
    """Makes the learner's own link, which whoever reads the mail can follow."""
    folder: str = ""
    """The one with the installation's own templates."""

    def text_of(self, mail: DeliveryView, enterprise: Correspondent) -> MailText:
        """Raises UnknownMailKind, MailTextDeleted and MailUnwritable."""
        # Templates are for those only who read or send mail.
        from bursar.delivery.rendering import render_for_reading  # noqa: PLC0415

        kind = self.kinds.get(mail.kind)
        if kind is None:
            raise UnknownMailKind(mail.kind)
        if mail.status != DeliveryStatus.PENDING and not mail.context:
            raise MailTextDeleted
        claim = kind.claim_of(mail.subject_uuid, mail.created_at)
        link = None if claim is None else self.link_to(claim)
        rendered = render_for_reading(kind, enterprise, mail.context, link, folder=self.folder)
        return MailText(mail.recipient, rendered.subject, rendered.text, rendered.html)

    def captured_mails(
        self,
        connection: Connection,
        enterprise_uuid: UUID,
        *,
        recipient: str | None,
        before: int | None,
        limit: int,
    ) -> list[CapturedMail]:
        """The mails of a sandbox, the newest first, those included that no worker has taken yet."""
        search = DeliverySearch(
            channel=Channel.MAIL,
            enterprise_uuid=enterprise_uuid,
            recipient=recipient,
            before=before,
        )
        mails = queries.newest_deliveries(connection, search, limit=limit)
        enterprises = queries.correspondents(connection, {mail.enterprise_uuid for mail in mails})
        return [self._captured(mail, enterprises[mail.enterprise_uuid]) for mail in mails]

    def _captured(self, mail: DeliveryView, enterprise: Correspondent) -> CapturedMail:
        captured = CapturedMail(
            uuid=mail.uuid,
            kind=mail.kind,
            to=mail.recipient,
            at=mail.created_at,
            status=mail.status,
            reason=mail.error,
            number=mail.id,
        )
        try:
            said = self.text_of(mail, enterprise)
        except DeliveryRefused as refused:
            captured.reason = captured.reason or str(refused)
        else:
            captured.subject, captured.text, captured.html = said.subject, said.text, said.html
        return captured
