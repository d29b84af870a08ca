"""Puts a file on an SFTP server whose key is known.

The file comes under another name and is renamed when it is complete, so that nobody who watches the
folder takes half a file.
"""

import asyncio
import logging
import posixpath
from contextlib import suppress
from pathlib import Path
from typing import Final

import asyncssh

from bursar.scheduled_reports import keys
from bursar.scheduled_reports.commands import SftpTo

asyncssh.set_log_level(logging.WARNING)

CONNECT_SECONDS: Final = 30.0
ALIVE_SECONDS: Final = 30.0
"""A server that has not answered three questions, this far apart, is gone."""


class NotSent(Exception):
    """The server has not got the file. A sentence for the operator."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


def upload(to: SftpTo, file: Path, name: str, *, seconds: float) -> str:
    """Puts the file there as `name`, over one of this name, and says where it is.

    It takes at most so many seconds. Raises NotSent.
    """
    try:
        return asyncio.run(asyncio.wait_for(_upload(to, file, name, file.stat().st_size), seconds))
    except TimeoutError as error:
        raise NotSent(f"the server took longer than {seconds:.0f} seconds") from error
    except asyncssh.HostKeyNotVerifiable as error:
        raise NotSent(
            "the server has another key than host_key says, so nothing was sent: ask its owner "
            "whether it was replaced, and declare the new one",
            for_good=True,
        ) from error
    except asyncssh.PermissionDenied as error:
        raise NotSent(f"the server does not let {to.user} in: {error.reason}") from error
    except keys.UnusableKey as error:
        raise NotSent(f"a declared key {error}", for_good=True) from error
    except asyncssh.SFTPError as error:
        raise NotSent(f"the server refused it in the folder {to.path}: {error.reason}") from error
    except (OSError, asyncssh.Error) as error:
        raise NotSent(f"no connection to {to.host}:{to.port}: {error}") from error


async def _upload(to: SftpTo, file: Path, name: str, size: int) -> str:
    async with (
        asyncssh.connect(
            to.host,
            to.port,
            username=to.user,
            password=to.password,
            client_keys=None if to.key is None else [keys.private_key(to.key)],
            known_hosts=(keys.host_keys(to.host_key), [], []),
            # Nothing of this machine's user: neither its keys, nor its agent, nor its settings.
            agent_path=None,
            config=None,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
            keepalive_interval=ALIVE_SECONDS,
        ) as connection,
        connection.start_sftp_client() as server,
    ):
        target = posixpath.join(to.path, name)
        # The same name each time: a further attempt takes the place of what a killed one left.
        partial = posixpath.join(to.path, f".{name}.part")
        try:
            await server.put(str(file), partial)
            await _check_size(server, partial, size)
            await _rename(server, partial, target)
        except BaseException:
            with suppress(asyncssh.Error, OSError):
                await server.remove(partial)
            raise
        return f"written as {target}, {size} bytes"


async def _check_size(server: asyncssh.SFTPClient, partial: str, size: int) -> None:
    # A server whose disk is full may answer the last block with success all the same.
    there = await server.getsize(partial)
    if there != size:
        raise NotSent(f"only {there} of {size} bytes arrived on the server")


async def _rename(server: asyncssh.SFTPClient, partial: str, target: str) -> None:
    """Over a file of that name, which an attempt left that was sent and not recorded."""
    try:
        await server.posix_rename(partial, target)
    except asyncssh.SFTPOpUnsupported:
        with suppress(asyncssh.SFTPNoSuchFile):
            await server.remove(target)
        await server.rename(partial, target)
