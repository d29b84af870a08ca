"""Composes the bytes of a mail."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from bursar.delivery.channel import QueuedDelivery
from bursar.delivery.rendering import Rendered
from bursar.delivery.rules import one_line
from bursar.delivery.views import Correspondent
from bursar.emails import ascii_domain
from bursar.smtp_url import Sender

_POLICY: Final = SMTP.clone(cte_type="7bit")  # servers need not know 8BITMIME


class UnusableAddress(ValueError):
    """No mail can ever reach the address. The message of the error does not quote it."""


@dataclass(frozen=True, slots=True)
class Message:
    sender: str
    recipient: str
    content: bytes
    needs_utf8: bool
    """The server must know SMTPUTF8."""


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes
    media_type: str
    """Such as `text/csv`."""


def compose(
    mail: QueuedDelivery,
    rendered: Rendered,
    enterprise: Correspondent,
    sender: Sender,
    now: datetime,
    *,
    attachment: Attachment | None = None,
) -> Message:
    """Raises UnusableAddress."""
    recipient = wire_address(mail.recipient)
    needs_utf8 = not recipient.isascii()
    policy = _POLICY.clone(utf8=True) if needs_utf8 else _POLICY
    message = EmailMessage(policy)
    message["Subject"] = one_line(rendered.subject)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = recipient
    reply_to = _reply_to(enterprise)
    if reply_to is not None:
        message["Reply-To"] = reply_to
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.uuid}@{sender.address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # keeps absence notes from answering
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    if attachment is not None:
        maintype, _, subtype = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name
        )
    # Whoever sets the content takes headers like this one away, or to a part of it.
    message["Content-Language"] = rendered.language
    return Message(sender.address, recipient, message.as_bytes(), needs_utf8)


def _reply_to(enterprise: Correspondent) -> Address | None:
    if not enterprise.contact_email:
        return None
    try:
        address = wire_address(enterprise.contact_email)
        return Address(one_line(enterprise.name), addr_spec=address)
    except (MessageError, ValueError):
        return None


def wire_address(text: str) -> str:
    """The address with its domain in ASCII, as the domain name system knows it.

    Raises UnusableAddress.
    """
    local, _, domain = text.rpartition("@")
    try:
        address = f"{local}@{ascii_domain(domain)}"
        # The parser refuses letters beyond ASCII, which are allowed wherever a letter is, so it is
        # asked about the same address with a plain letter in their places.
        plain = re.sub(r"[^\x00-\x7f]", "x", address)
        is_whole = Address(addr_spec=plain).addr_spec == plain
    except (MessageError, ValueError, IndexError):
        is_whole = False
    if not is_whole or not text.isprintable():
        raise UnusableAddress("the address cannot be used")
    return address
