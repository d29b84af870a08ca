"""Bursar as its users start it: in a process of its own."""

import atexit
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from testing.waiting import WaitedInVain, wait_until

STOP_TIMEOUT_SECONDS = 15.0
PYTHON = os.environ.get("TESTED_PYTHON", sys.executable)
"""Which Python runs Bursar: a release is tried in an environment of its own."""
_MANY = 1_000_000
UNLIMITED_REFUSALS = {
    "BURSAR_TOKEN_FAILURES_PER_ADDRESS": str(_MANY),
    "BURSAR_TOKEN_FAILURES_IN_ALL": str(_MANY),
    "BURSAR_REFUSALS_BEFORE_DELAY": str(_MANY),
}
"""For servers that many tests share: all of them come from one address, and many to be refused."""


class ServerNotReadyError(Exception):
    """The server ended, or did not become healthy in time."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Settings of the caller's shell must not reach the process under test."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BURSAR")}
    return {**inherited, **variables}


def run_bursar(
    *arguments: str,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-m", "bursar", *arguments],
        env=child_environment(env),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class ServerProcess:
    """A server on a free port, with `folder` as its working folder and the place of its log."""

    working_folder: Path | None = None
    """Where it runs; None: in the folder of its log."""
    python: str = sys.executable
    module: tuple[str, ...] = ("-m", "bursar")
    """What Python runs."""

    def __init__(self, folder: Path, env: Mapping[str, str], *arguments: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / f"server-{self.port}.log"
        self._folder = folder
        self._environment = child_environment(env)
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    @property
    def pid(self) -> int:
        """Of the process that was started, which may have children."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when the server is healthy; a stopped or killed one can be started again."""
        self._process = self._launch()
        atexit.register(self.kill)
        try:
            self._await_health(self._process)
        except ServerNotReadyError:
            self.kill()
            raise

    def stop(self) -> None:
        """As an operator stops it; one that does not obey is killed."""
        process = self._process
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """As a crash ends it: the whole process group at once, without a word."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        atexit.unregister(self.kill)

    def command(self) -> list[str]:
        """Arguments for Python; other servers are started by saying others here."""
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        return [*self.module, "serve", *address, *self._arguments]

    def is_ready(self) -> bool:
        """Whether `start` may return."""
        return is_healthy(self.url)

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [self.python, *self.command()],
                env=self._environment,
                cwd=self.working_folder or self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await_health(self, process: subprocess.Popen[bytes]) -> None:
        try:
            wait_until(lambda: process.poll() is not None or self.is_ready())
        except WaitedInVain:
            raise ServerNotReadyError(f"not healthy in time:\n{self.log}") from None
        if process.poll() is not None:
            raise ServerNotReadyError(f"ended with {process.returncode}:\n{self.log}")


class WorkerProcess(ServerProcess):
    """`bursar worker`, which listens to nobody."""

    def command(self) -> list[str]:
        return [*self.module, "worker", *self._arguments]

    def is_ready(self) -> bool:
        """At once: its work may begin later."""
        return True


def is_healthy(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError, http.client.HTTPException):
        return False
