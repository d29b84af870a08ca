"""A mail server on this machine that keeps what it takes, and misbehaves as it is told."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from testing.servers.processes import free_port
from testing.waiting import until

HANG = "hang"
DROP = "drop"


@dataclass(frozen=True, slots=True)
class Delivery:
    recipient: str
    message: EmailMessage
    was_encrypted: bool
    user: str | None

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])


@dataclass
class Sink:
    """Replies are given by the recipient's part before the @."""

    rcpt: dict[str, str] = field(default_factory=dict)
    """A whole reply such as `550 unknown`, or HANG or DROP."""
    data: dict[str, str] = field(default_factory=dict)
    """The same, after the whole message has come."""
    mail: str | None = None
    """The reply to every sender."""
    mails_per_connection: int = 1_000_000
    """Then it hangs up."""
    password: str | None = None
    port: int = field(default_factory=free_port)
    deliveries: list[Delivery] = field(default_factory=list)
    connections: int = 0
    is_holding: bool = False
    """While it is, a message is neither taken nor refused, and its connection is cut afterwards."""
    held: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def copies(self) -> Counter[str]:
        """By Message-ID."""
        return Counter(delivery.id for delivery in self.deliveries)

    @property
    def recipients(self) -> list[str]:
        return [delivery.recipient for delivery in self.deliveries]

    async def handle_EHLO(  # noqa: N802 - named by the library
        self, server: Any, session: Session, _envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name
        if not hasattr(session, "bursar_mails"):
            self.connections += 1
            session.bursar_mails = 0  # type: ignore[attr-defined]
        return replies

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if session.bursar_mails >= self.mails_per_connection:
            server.transport.abort()
        if self.mail is not None:
            return self.mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = await self._reply(server, self.rcpt, address)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        if self.is_holding:
            self.held += 1
            await until(lambda: not self.is_holding, "the messages are let go")
            server.transport.abort()
            return DROP
        reply = await self._reply(server, self.data, envelope.rcpt_tos[0])
        if reply.startswith("250"):
            session.bursar_mails += 1
            is_encrypted = server.transport.get_extra_info("ssl_object") is not None
            self._keep(session, envelope, is_encrypted=is_encrypted)
        return reply

    async def _reply(self, server: Any, replies: dict[str, str], address: str) -> str:
        reply = replies.get(address.partition("@")[0], "250 OK")
        if reply == HANG:
            await asyncio.Event().wait()
        elif reply == DROP:
            server.transport.abort()
        return reply

    def _keep(self, session: Any, envelope: Envelope, *, is_encrypted: bool) -> None:
        message = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        user = session.auth_data.login.decode() if session.auth_data else None
        for recipient in envelope.rcpt_tos:
            self.deliveries.append(Delivery(recipient, message, is_encrypted, user))

    def authenticate(
        self, _server: Any, _session: Session, _envelope: Envelope, _method: str, data: Any
    ) -> AuthResult:
        is_right = (
            isinstance(data, LoginPassword) and data.password == (self.password or "").encode()
        )
        return AuthResult(success=is_right, handled=False, auth_data=data)


@contextmanager
def running(sink: Sink, **options: Any) -> Iterator[Sink]:
    """Listens at the sink's port until the block ends."""
    if sink.password is not None:
        options |= {"authenticator": sink.authenticate, "auth_require_tls": False}
    controller = Controller(
        sink, hostname="127.0.0.1", port=sink.port, enable_SMTPUTF8=True, **options
    )
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
