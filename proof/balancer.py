"""HAProxy in front of the web processes, as an operator would run it."""

import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.error import URLError

from testing.servers.processes import ServerProcess

PROGRAMS: Final = ("/usr/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/sbin/haproxy")
_CONFIGURATION: Final = """
global
    maxconn 400
defaults
    mode http
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout http-request 10s
    retries 2
    option redispatch
    retry-on conn-failure
frontend api
    bind 127.0.0.1:{port}
    default_backend web
backend web
    balance roundrobin
    option httpchk GET /ready
    default-server check inter 250ms fall 1 rise 1
{servers}
"""


class NoBalancer(Exception):
    """HAProxy is not installed."""


def find_haproxy() -> str:
    for program in PROGRAMS:
        if Path(program).exists():
            return program
    raise NoBalancer("haproxy was not found; `./run proof` installs it")


class Balancer(ServerProcess):
    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        super().__init__(folder, {})
        self._program = find_haproxy()
        self._file = folder / "haproxy.cfg"
        servers = "\n".join(f"    server web{port} 127.0.0.1:{port}" for port in ports)
        self._file.write_text(_CONFIGURATION.format(port=self.port, servers=servers))

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [self._program, "-db", "-f", str(self._file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
