"""Sends requests to URLs that others have chosen, and to nothing that is not meant to be reached.

The name of a host is resolved once, every address that it has is checked, and the connection goes
to an address that was checked. A name that changes its address in between is of no use, therefore.
TLS and `Host` still have the name. Redirects are not followed.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_address
from time import perf_counter
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import httpcore

from bursar.outgoing.addresses import Address, Permitted
from bursar.outgoing.reply import AT_ONCE, DEADLINE, MOST_ANSWER, Reply

_RESOLVERS: Final = 128
"""Names that are looked up at once: a server that does not answer holds one for a while."""

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]


class Forbidden(httpcore.ConnectError):
    """The host has an address to which nothing may be sent."""


class Unknown(httpcore.ConnectError):
    """The host has no address."""


class Resolver:
    """Looks names up in threads, each name once at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
        self._running: dict[tuple[str, int], asyncio.Future[Sequence[Address]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """Raises OSError."""
        key = (host, port)
        if key not in self._running:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._threads, _look_up, host, port)
            self._running[key] = running
            running.add_done_callback(lambda _done: self._running.pop(key, None))
        # Whoever is cancelled leaves it to the others that wait for the same name.
        return await asyncio.shield(self._running[key])

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> Sequence[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # An address with a zone, such as fe80::1%eth0, is read with it, and never public.
    return list(dict.fromkeys(ip_address(each[4][0]) for each in found))


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that it has checked."""

    def __init__(self, permitted: Permitted, resolve: Resolve, *, encrypted: bool) -> None:
        self._permitted = permitted
        self._resolve = resolve
        self._encrypted = encrypted
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the interface says
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError = Unknown(f"{host} has no address.")
        for address in await self._checked(host, port):
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address)
            except httpcore.ConnectError as error:
                failure = error
        raise failure

    async def _checked(self, host: str, port: int) -> Sequence[Address]:
        """All addresses of the host. One that is closed closes all of them, so that nobody can
        hide it behind others."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise Unknown(f"{host} cannot be found.") from None
        for address in addresses:
            if not self._permitted.may_connect(host, address, encrypted=self._encrypted):
                how = "is not public" if self._encrypted else "may not be reached without https"
                raise Forbidden(f"{host} has an address that {how}.")
        return addresses

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


@dataclass(slots=True)
class CheckedClient:
    """One for a process. `resolve` and `trust` are for tests."""

    permitted: Permitted
    resolve: Resolve = field(default_factory=Resolver)
    trust: ssl.SSLContext = field(default_factory=httpcore.default_ssl_context)
    deadline: float = DEADLINE

    def connected_to(self, url: str) -> "Connection":
        """Connections to the server of one URL, for a while."""
        encrypted = urlsplit(url).scheme == "https"
        backend = _Guarded(self.permitted, self.resolve, encrypted=encrypted)
        pool = httpcore.AsyncConnectionPool(
            ssl_context=self.trust, max_connections=AT_ONCE, network_backend=backend
        )
        return Connection(url, pool, self.deadline)

    def close(self) -> None:
        if isinstance(self.resolve, Resolver):
            self.resolve.close()


@dataclass(frozen=True, slots=True)
class Connection:
    """At most AT_ONCE requests to one server at a time."""

    url: str
    pool: httpcore.AsyncConnectionPool
    deadline: float

    async def close(self) -> None:
        await self.pool.aclose()

    async def post(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Never raises, unless it is cancelled."""
        return await self.request("POST", self.url, headers, body)

    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        most_answer: int = MOST_ANSWER,
    ) -> Reply:
        """To another URL of the same server. Never raises, unless it is cancelled."""
        begun = perf_counter()
        sent = {**headers, "Host": urlsplit(url).netloc, "Accept-Encoding": "identity"}
        pairs = [(name.encode(), value.encode()) for name, value in sent.items()]
        stream = self.pool.stream(method, url, headers=pairs, content=body)
        try:
            async with asyncio.timeout(self.deadline), stream as response:
                text = await _beginning(response, most_answer)
                after = _header(response.headers, b"retry-after")
                return Reply(response.status, text, perf_counter() - begun, after)
        except TimeoutError:
            why = f"No answer within {self.deadline:g} seconds."
        except Exception as error:  # noqa: BLE001 - any defect of a stranger's server
            why = _sentence(error)
        return Reply(None, why, perf_counter() - begun)


async def _beginning(response: httpcore.Response, most: int) -> str:
    """Leaving the rest unread closes the connection."""
    read = bytearray()
    async for chunk in response.aiter_stream():
        read += chunk
        if len(read) >= most:
            break
    # A NUL cannot be stored.
    return bytes(read[:most]).decode(errors="replace").replace("\0", "\ufffd")


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    found = (value for known, value in headers if known.lower() == name)
    value = next(found, None)
    return None if value is None else value.decode("latin-1")


def _sentence(error: Exception) -> str:
    """What the enterprise is told, without what it must not know of our network."""
    if isinstance(error, Forbidden | Unknown):
        return str(error)
    if isinstance(error, httpcore.ConnectError):
        if "certificate" in str(error).lower() or isinstance(error.__cause__, ssl.SSLError):
            return f"No encrypted connection: {error}"[:500]
        return "No connection: it was refused, or the host cannot be reached."
    if isinstance(error, httpcore.NetworkError | httpcore.RemoteProtocolError):
        return "The connection ended without a valid answer."
    return f"The request could not be sent: {type(error).__name__}."
