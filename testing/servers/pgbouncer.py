"""Debian's pgbouncer in front of a PostgreSQL server, in its mode `transaction`."""

import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from testing.databases.postgres import (
    PostgresAddress,
    accepts_connections,
    private_folder,
    process_options,
    unprivileged_account,
)
from testing.servers.processes import ServerProcess

PROGRAMS: Final = ("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer")
_CONFIGURATION: Final = """
[databases]
* = host={host} port={server_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
server_round_robin = 1
{more}
"""


class NoPooler(Exception):
    """pgbouncer is not installed."""


def find_pgbouncer() -> str:
    for program in PROGRAMS:
        if Path(program).exists():
            return program
    raise NoPooler("pgbouncer was not found; `./run test` installs it")


class Pooler(ServerProcess):
    """With fewer connections than its clients have, and another one for each transaction."""

    def __init__(self, folder: Path, server: PostgresAddress, more: str = "") -> None:
        super().__init__(folder, {})
        place = urlsplit(server.server_url)
        self.address = PostgresAddress(f"postgresql://postgres@127.0.0.1:{self.port}")
        self._program = find_pgbouncer()
        # It refuses to run as root, and root's folders are closed to others.
        self._account = unprivileged_account()
        self._own = private_folder(self._account)
        self._configuration = _CONFIGURATION.format(
            host=place.hostname, server_port=place.port, port=self.port, more=more
        )

    def is_ready(self) -> bool:
        return accepts_connections(self.address)

    def kill(self) -> None:
        super().kill()
        shutil.rmtree(self._own, ignore_errors=True)

    def _launch(self) -> subprocess.Popen[bytes]:
        file = self._own / "pgbouncer.ini"
        file.write_text(self._configuration)
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [self._program, str(file)],
                **process_options(self._own, self._account),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
