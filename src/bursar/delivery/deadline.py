"""SMTP within a deadline. A timeout bounds each wait for a part of an answer, so that a server that
sends a byte now and then could hold a mail, and the lease on it, for as long as it likes."""

import io
import smtplib
import socket
import ssl
from time import monotonic
from typing import Any


class Deadline:
    """How long one attempt may take in all, by a clock that nobody can set back."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends = 0.0
        self.begin()

    def begin(self) -> None:
        self._ends = monotonic() + self._seconds

    def left(self, most: float) -> float:
        """Seconds to wait for something now, at most so many. Raises TimeoutError when none are
        left."""
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError("the mail server took too long in all")
        return min(most, left)


class _Reader(io.RawIOBase):
    """Reads from a socket as long as the deadline is not reached."""

    def __init__(self, connection: socket.socket, timeout: float, deadline: Deadline) -> None:
        self._raw = connection.makefile("rb", buffering=0)
        self._connection = connection
        self._timeout = timeout
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(self._deadline.left(self._timeout))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class BoundedSmtp(smtplib.SMTP):
    """A client that connects at once, with TLS from the start if there is a context for it."""

    def __init__(
        self,
        host: str,
        port: int,
        timeout: float,
        deadline: Deadline,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._limit = timeout
        self._deadline = deadline
        self._context = context
        super().__init__(host, port, timeout=timeout)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Reader(self.sock, self._limit, self._deadline))
        return super().getreply()

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._deadline.left(self._limit))
        super().send(s)

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        """What the library calls to connect."""
        # All addresses of a name are tried, one after the other.
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        share = self._deadline.left(self._limit * len(addresses)) / len(addresses)
        connection = socket.create_connection((host, port), min(self._limit, share))
        if self._context is None:
            return connection
        return self._context.wrap_socket(connection, server_hostname=host)
