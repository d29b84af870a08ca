"""Where an installation's mails go, as its settings say."""

from dataclasses import replace

from bursar.delivery.service import Kept, Smtp, Transport
from bursar.settings import Settings
from bursar.smtp_url import SmtpServer, parse_sender, parse_smtp_url


def mail_transport(settings: Settings) -> Transport:
    """Where mails go. Without a mail server they are kept, where `bursar mail show` prints them."""
    if not settings.smtp_url:
        return Kept()
    return Smtp(mail_server(settings), parse_sender(settings.mail_from), settings.smtp_timeout)


def mail_server(settings: Settings) -> SmtpServer:
    return replace(
        parse_smtp_url(settings.smtp_url),
        allows_unencrypted_login=settings.smtp_allow_unencrypted_login,
    )
