"""A real SFTP server on this machine, with a folder of its own for each user."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import asyncssh


@dataclass
class SftpSink:
    """Its root is `/` for every user. What may be changed at any time decides what happens next."""

    root: Path
    host_key: asyncssh.SSHKey
    password: str = "only here"
    authorized: list[asyncssh.SSHKey] = field(default_factory=list)
    """Public keys that open it."""
    port: int = 0
    is_full: bool = False
    """Writing fails as on a full disk."""
    loses_the_end: bool = False
    """It says that it has written what it has not."""
    knows_posix_rename: bool = True
    logins: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """The name of each file that was opened to be written."""
    silent: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    """It takes connections and says nothing."""

    @property
    def silent_port(self) -> int:
        port: int = self.silent.getsockname()[1]
        return port

    def hang_up(self) -> None:
        """Ends what waits at the silent port."""
        self.silent.close()
        self.silent = socket.create_server(("127.0.0.1", 0))

    def text(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    @property
    def files(self) -> list[str]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in found)


class _Server(asyncssh.SSHServer):
    def __init__(self, sink: SftpSink) -> None:
        self._sink = sink

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._sink.logins.append(f"{username} password")
        return password == self._sink.password

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._sink.logins.append(f"{username} key")
        return key.public_data in {each.public_data for each in self._sink.authorized}


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", sink: SftpSink) -> None:
        super().__init__(channel, chroot=str(sink.root).encode())
        self._sink = sink

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if pflags & asyncssh.FXF_WRITE:
            self._sink.seen.append(Path(path.decode()).name)
        return super().open(path, pflags, attrs)

    def write(self, file_obj: object, offset: int, data: bytes) -> Any:
        if self._sink.is_full:
            raise asyncssh.SFTPFailure("no space left on device")
        if self._sink.loses_the_end:
            super().write(file_obj, offset, data[: len(data) // 2])
            return len(data)
        return super().write(file_obj, offset, data)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        if not self._sink.knows_posix_rename:
            raise asyncssh.SFTPOpUnsupported("unknown request")
        return super().posix_rename(oldpath, newpath)


@contextmanager
def sftp_sink(root: Path) -> Iterator[SftpSink]:
    """Runs in a thread of this process."""
    sink = SftpSink(root, asyncssh.generate_private_key("ssh-ed25519"))
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name="sftp", daemon=True)
    thread.start()

    def channel_of(channel: "asyncssh.SSHServerChannel[bytes]") -> _Files:
        return _Files(channel, sink)

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Server(sink),
            server_host_keys=[sink.host_key],
            sftp_factory=channel_of,
        )

    async def stop(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        await acceptor.wait_closed()

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    sink.port = acceptor.get_port()
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(stop(acceptor), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
        sink.silent.close()
