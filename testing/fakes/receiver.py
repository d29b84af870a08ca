"""A system that gets webhooks: real HTTP on 127.0.0.1, which keeps what it was sent, and behaves as
the path of the request says.

`python -m testing.fakes.receiver PORT` runs it as a process of its own, which only counts.
"""

import asyncio
import ssl
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import Final

from testing.waiting import let_others_run

GOOD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ANSWERS: Final = {
    "/redirect": b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n",
    "/gone": b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone",
    "/broken": b"HTTP/1.1 500 Oops\r\nContent-Length: 7\r\n\r\nba\0\xffd :",
    "/later": b"HTTP/1.1 503 Later\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n",
    "/nonsense": b"SSH-2.0-OpenSSH_9.2\r\n",
}
"""Everything else is answered well, but for these:"""
NEVER, ENDLESS, ENDLESS_HEADERS, DROPPED = "/never", "/endless", "/headers", "/dropped"


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    """By the monotonic clock."""


@dataclass
class Receiver:
    keeps: bool = True
    tls: ssl.SSLContext | None = None
    port: int = 0
    received: list[Received] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Requests by path."""
    open: Counter[str] = field(default_factory=Counter)
    most_open: Counter[str] = field(default_factory=Counter)
    """By path, how many were under way at once."""
    names: list[str | None] = field(default_factory=list)
    """The server names that TLS clients asked for."""
    answers: dict[str, bytes] = field(default_factory=lambda: dict(ANSWERS))
    first_answers: dict[str, list[bytes]] = field(default_factory=dict)
    """By path, what is answered before these, each once."""

    def url(self, path: str = "/ok", host: str = "127.0.0.1") -> str:
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{path}"

    def on(self, path: str) -> list[Received]:
        return [each for each in self.received if each.path == path]

    async def serve(self) -> asyncio.Server:
        if self.tls is not None:
            self.tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (
            ConnectionError,
            asyncio.CancelledError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
        ):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        path = first.split(" ")[1].partition("?")[0]
        headers = {
            name.lower(): value.strip()
            for name, _, value in (each.partition(":") for each in lines)
        }
        self.open[path] += 1
        self.most_open[path] = max(self.most_open[path], self.open[path])
        try:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.counts[path] += 1
            if self.keeps:
                self.received.append(Received(path, headers, body, monotonic()))
            return await self._answer(path, reader, writer)
        finally:
            self.open[path] -= 1

    async def _answer(
        self, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if path.startswith(NEVER):
            # Until the other side gives up.
            await reader.read()
            return False
        if path == DROPPED:
            return False
        if path in {ENDLESS, ENDLESS_HEADERS}:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            writer.write(b"" if path == ENDLESS_HEADERS else b"\r\n")
            while True:
                writer.write(b"x" * 100 if path == ENDLESS else b"X-More: 1\r\n")
                await writer.drain()
                await let_others_run(0.001)
        first = self.first_answers.get(path)
        writer.write(first.pop(0) if first else self.answers.get(path, GOOD))
        await writer.drain()
        return path != "/nonsense"


def answer(status: int, body: str = "", **headers: str) -> bytes:
    """The names of headers are written with underscores."""
    lines = [f"HTTP/1.1 {status} Answer", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


@contextmanager
def receiving(receiver: Receiver | None = None) -> Iterator[Receiver]:
    """Serves in a thread of this process."""
    receiver = receiver or Receiver()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(receiver.serve())
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(let_others_run(0))
        loop.close()


async def main(port: int) -> None:
    receiver = Receiver(keeps=False, port=port)
    server = await receiver.serve()
    print(receiver.port, flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
