"""An attempt ends in time, whatever the mail server does."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from bursar.delivery.messages import Message
from bursar.delivery.smtp import Refused, ServerAway, SmtpConnection
from bursar.smtp_url import parse_smtp_url
from testing.fakes.smtp import HANG, Sink, running

MESSAGE = Message(
    "a@localhost", "ann@example.org", b"Subject: x\r\n\r\nHello\r\n", needs_utf8=False
)


@contextmanager
def drip() -> Iterator[str]:
    """A server that sends a byte of its greeting now and then, and never the last one."""
    ended = Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while not ended.wait(0.02):
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def test_a_server_that_sends_a_byte_now_and_then_is_given_up() -> None:
    with (
        drip() as url,
        SmtpConnection(parse_smtp_url(url), timeout=60, longest=0.3) as connection,
        pytest.raises(ServerAway, match=r"timed out|too long in all"),
    ):
        connection.send(MESSAGE)


def test_the_deadline_counts_from_the_beginning_of_each_mail() -> None:
    with running(Sink(rcpt={"ann": HANG})) as sink:
        url = parse_smtp_url(sink.url)
        with SmtpConnection(url, timeout=60, longest=0.5) as connection:
            with pytest.raises(Refused, match=r"timed out|too long in all"):
                connection.send(MESSAGE)
            sink.rcpt = {}
            assert connection.send(MESSAGE).status == 250
