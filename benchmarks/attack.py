"""Connections of callers without a good token, each asking again as soon as it is answered:
`python -m benchmarks.attack PORT CLIENT_ID [ATTACK]`, all attacks in turns unless one is named.
They come from other addresses than the measurement. Writes a line when it begins.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import cycle
from typing import Final
from uuid import uuid4

from bursar.web.bounds import MAX_HEADER_BYTES

CONNECTIONS: Final = 40
ADDRESSES: Final = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
_DRIP_SECONDS: Final = 1.0
_CATALOGS: Final = "GET /enterprise/v2/enterprise-catalogs"
_TOKEN: Final = "POST /oauth2/v1/access_token"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Attack = Callable[[Connection, str], Awaitable[None]]


def _request(line: str, *headers: str, body: str = "") -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: bench", *headers, f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()


def _token_request(client_id: str) -> bytes:
    body = f"grant_type=client_credentials&client_id={client_id}&client_secret={uuid4()}"
    return _request(_TOKEN, "Content-Type: application/x-www-form-urlencoded", body=body)


async def _ask(connection: Connection, request: bytes) -> None:
    reader, writer = connection
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))


async def new_client_ids(connection: Connection, _client_id: str) -> None:
    await _ask(connection, _token_request(f"new-{uuid4()}"))


async def wrong_secrets(connection: Connection, client_id: str) -> None:
    await _ask(connection, _token_request(client_id))


async def garbage_tokens(connection: Connection, _client_id: str) -> None:
    token = f"{uuid4().hex}.{uuid4().hex}.{uuid4().hex}"
    await _ask(connection, _request(_CATALOGS, f"Authorization: JWT {token}"))


async def largest_accept(connection: Connection, _client_id: str) -> None:
    unlike_others = f"Accept: a/{uuid4().hex};q=0.1,"
    room = MAX_HEADER_BYTES - len(unlike_others)
    await _ask(connection, _request(_CATALOGS, unlike_others + ("a/b;q=0.1," * room)[:room]))


async def slow_bodies(connection: Connection, _client_id: str) -> None:
    form = "Content-Type: application/x-www-form-urlencoded"
    head = f"{_TOKEN} HTTP/1.1\r\nHost: bench\r\n{form}\r\nContent-Length: 10000\r\n\r\n"
    await _drip(connection, head.encode(), b"a")


async def slow_headers(connection: Connection, _client_id: str) -> None:
    await _drip(connection, f"{_CATALOGS} HTTP/1.1\r\nHost: bench\r\n".encode(), b"X-A: b\r\n")


async def _drip(connection: Connection, first: bytes, then: bytes) -> None:
    writer = connection[1]
    writer.write(first)
    while True:
        await asyncio.sleep(_DRIP_SECONDS)
        writer.write(then)
        await writer.drain()


ATTACKS: Final = (
    new_client_ids,
    wrong_secrets,
    garbage_tokens,
    largest_accept,
    slow_bodies,
    slow_headers,
)


async def _go_on(attack: Attack, port: int, address: str, client_id: str) -> None:
    """With a new connection whenever the server has closed one."""
    while True:
        with suppress(OSError, EOFError):
            connection = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
            try:
                while True:
                    await attack(connection, client_id)
            finally:
                connection[1].close()


async def main(port: int, client_id: str, only: str = "") -> None:
    print("attacking", flush=True)
    attacks = cycle([each for each in ATTACKS if only in {"", each.__name__}])
    addresses = cycle(ADDRESSES)
    await asyncio.gather(
        *(_go_on(next(attacks), port, next(addresses), client_id) for _ in range(CONNECTIONS))
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
