"""The composition chooses where mails go."""

from bursar.delivery.service import Kept, Smtp
from bursar.mail_transport import mail_transport
from bursar.settings import Settings
from bursar.smtp_url import Sender, parse_smtp_url


def test_without_a_mail_server_mails_are_kept() -> None:
    assert mail_transport(Settings(smtp_url="")) == Kept()


def test_a_mail_server_is_used_with_its_sender_and_its_patience() -> None:
    url = "smtp://mail.example:2525"
    settings = Settings(smtp_url=url, mail_from="Acme <hr@acme.example>", smtp_timeout=7)
    assert mail_transport(settings) == Smtp(
        parse_smtp_url(url), Sender("Acme", "hr@acme.example"), 7
    )
