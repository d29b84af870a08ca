from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.delivery.channel import QueuedDelivery
from bursar.delivery.messages import UnusableAddress, compose, wire_address
from bursar.delivery.rendering import Rendered
from bursar.delivery.views import Correspondent
from bursar.smtp_url import Sender

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NIL = UUID(int=0)
HEADERS = [
    "Subject", "From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted",
    "MIME-Version", "Content-Type", "Content-Language",
]  # fmt: skip


def composed(subject: str, enterprise: str, text: str = "Hello\n") -> EmailMessage:
    mail = QueuedDelivery(1, NIL, NIL, "kind", NIL, "ann@example.org", {}, 0, NOW)
    message = compose(
        mail,
        Rendered(subject, text, f"<p>{text}</p>"),
        Correspondent(enterprise, "hr@acme.example"),
        Sender("Acme, Inc.", "no-reply@acme.example"),
        NOW,
    )
    assert message.content.isascii()
    return message_from_bytes(message.content, policy=policy.default)


visible = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)


@given(visible, visible)
def test_no_value_adds_a_header_or_a_recipient(subject: str, enterprise: str) -> None:
    message = composed(f"Hi {subject}", enterprise)
    assert [name for name in message if name in HEADERS] == message.keys()
    assert len(message.keys()) == len(set(message.keys()))
    assert message["To"] == "ann@example.org"
    assert [each.addr_spec for each in message["Reply-To"].addresses] == ["hr@acme.example"]
    assert [each.addr_spec for each in message["From"].addresses] == ["no-reply@acme.example"]


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("ann@example.org", "ann@example.org"),
        ("o'brien+x@localhost", "o'brien+x@localhost"),
        ("ann@exämple.org", "ann@xn--exmple-cua.org"),
        ("josé@example.org", "josé@example.org"),
    ],
)
def test_domains_are_sent_in_ascii(address: str, sent: str) -> None:
    assert wire_address(address) == sent


@pytest.mark.parametrize(
    "address",
    [
        "", "ann", "@example.org", "ann@", "a b@example.org", "ann@example.org,eve@example.org",
        "<ann@example.org>", "(x)ann@example.org", "a..b@example.org", "ann\r\n@example.org",
        "ann@exämple..org", f"ann@{'ä' * 80}.org", "ann@example.org>\nRCPT TO:<eve@example.org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_unquoted(address: str) -> None:
    with pytest.raises(UnusableAddress, match=r"^the address cannot be used$"):
        wire_address(address)


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        address = wire_address(text)
    except UnusableAddress:
        return
    assert "@" in address
    assert address.isprintable()
