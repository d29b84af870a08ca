"""Hands mails to an SMTP server, over one connection that is replaced when the server ends it."""

import smtplib
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Final, NamedTuple, Self

from bursar.delivery.deadline import BoundedSmtp, Deadline
from bursar.delivery.messages import Message
from bursar.smtp_url import SmtpServer

_DONE: Final = 250
_ACCEPTED: Final = frozenset({250, 251, 252})
_CLOSING: Final = 421
ANSWERS: Final = 4
"""One attempt takes at most as long as so many of the longest waits for an answer."""
_UNENCRYPTED: Final = (
    "the mail server offers no encryption, so that the password of BURSAR_SMTP_URL was not sent: "
    "use smtps://, or BURSAR_SMTP_ALLOW_UNENCRYPTED_LOGIN=true if nobody else is on the way to it"
)


class ServerAway(Exception):
    """The server cannot be reached or does not let us in, so that no mail can be sent now."""


class Refused(Exception):
    """The server did not take this mail, for now or for good."""

    def __init__(self, reason: str, *, for_good: bool, status: int | None = None) -> None:
        super().__init__(reason)
        self.for_good = for_good
        self.status = status


class Reply(NamedTuple):
    """What the server said when it took a mail."""

    status: int
    text: str


class _Lost(Exception):
    """The server ended the connection before it had taken anything of the mail."""


class SmtpConnection:
    """Connects with the first mail. A server that is away is not asked again by the same object.

    `timeout` bounds the wait for each answer, and `longest` all that one mail takes, with what
    comes before it; both in seconds.
    """

    def __init__(self, server: SmtpServer, timeout: float, longest: float | None = None) -> None:
        self._server = server
        self._timeout = timeout
        self._deadline = Deadline(longest or ANSWERS * timeout)
        self._connection: smtplib.SMTP | None = None
        self._away: ServerAway | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.quit()
        self._drop()

    def connect(self) -> None:
        """Does what comes before a mail: connects, and logs in. Raises ServerAway."""
        self._deadline.begin()
        self._connected()

    def send(self, message: Message) -> Reply:
        """Returns when the server has taken the responsibility for the mail.

        Raises ServerAway and Refused.
        """
        self._deadline.begin()
        was_open = self._connection is not None
        try:
            return self._send(message)
        except _Lost as error:
            self._drop()
            if not was_open:
                raise Refused(str(error), for_good=False) from error
            return self._send_anew(message)

    def _send_anew(self, message: Message) -> Reply:
        """Servers end connections that were idle or carried enough mails, so one retry is due."""
        try:
            return self._send(message)
        except _Lost as error:
            self._drop()
            raise Refused(str(error), for_good=False) from error

    def _send(self, message: Message) -> Reply:
        connection = self._connected()
        try:
            _begin(connection, message)
            return _transfer(connection, message)
        except Refused:
            self._reset()
            raise
        except OSError as error:  # SMTPException is one
            self._drop()
            raise Refused(_told(error), for_good=False) from error

    def _connected(self) -> smtplib.SMTP:
        if self._away is not None:
            raise self._away
        if self._connection is None:
            try:
                self._connection = _connect(self._server, self._timeout, self._deadline)
            except ServerAway as error:
                self._away = error
                raise
            except (OSError, UnicodeError) as error:  # SMTPException is an OSError
                self._away = ServerAway(f"no connection to the mail server: {_told(error)}")
                raise self._away from error
        return self._connection

    def _reset(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rset()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _connect(server: SmtpServer, timeout: float, deadline: Deadline) -> smtplib.SMTP:
    context = ssl.create_default_context() if server.tls else None
    smtp = BoundedSmtp(server.host, server.port, timeout, deadline, context)
    try:
        _prepare(smtp, server)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _prepare(smtp: smtplib.SMTP, server: SmtpServer) -> None:
    smtp.ehlo_or_helo_if_needed()
    offered = smtp.has_extn("starttls")
    starts_tls = server.starttls_required or (offered and server.username and not server.tls)
    if starts_tls:
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()
    if server.username and server.password:
        # Whoever stands between us and the server can take the offer of encryption away.
        if not (server.tls or starts_tls or server.allows_unencrypted_login):
            raise ServerAway(_UNENCRYPTED)
        smtp.login(server.username, server.password)


def _begin(smtp: smtplib.SMTP, message: Message) -> None:
    try:
        code, reply = smtp.mail(message.sender, _options(smtp, message))
    except smtplib.SMTPServerDisconnected as error:
        raise _Lost(_told(error)) from error
    if code == _CLOSING:
        raise _Lost(_said(code, reply))
    if code != _DONE:
        # The server refused the sender, which is our own address, so that a retry may succeed
        # after the operator has put the settings right.
        raise Refused(_said(code, reply), for_good=False, status=code)


def _options(smtp: smtplib.SMTP, message: Message) -> list[str]:
    if not message.needs_utf8:
        return []
    if not smtp.has_extn("smtputf8"):
        raise Refused("the mail server knows no such addresses (SMTPUTF8)", for_good=True)
    return ["SMTPUTF8", "BODY=8BITMIME"]


def _transfer(smtp: smtplib.SMTP, message: Message) -> Reply:
    code, reply = smtp.rcpt(message.recipient)
    if code not in _ACCEPTED:
        raise _refusal(code, reply)
    try:
        code, reply = smtp.data(message.content)
    except smtplib.SMTPDataError as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    if code != _DONE:
        raise _refusal(code, reply)
    return Reply(code, _said(code, reply))


def _refusal(code: int, reply: bytes | str) -> Refused:
    return Refused(_said(code, reply), for_good=500 <= code <= 599, status=code)


def _said(code: int, reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return f"{code} {text}"


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    return f"{type(error).__name__}: {error}"
