"""Runs `bursar COMMAND` in a fork of a process that has imported everything, which saves a
second."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock
from typing import Final

from bursar.cli.commands import COMMANDS
from testing.servers.processes import child_environment

_FORKS: Final = multiprocessing.get_context("forkserver")
_MODULES: Final = {command.module for command in COMMANDS.values()}
_FORKS.set_forkserver_preload([*sorted(_MODULES), __name__])
TIMEOUT_SECONDS: Final = 60.0
_ENDINGS: Final = Lock()
"""Whoever asks for the exit status of a process reads it from a pipe, and starting a process asks
for those of all others. Of two threads that ask at once, the one that comes late would believe that
the process ended with 255."""


def run_forked(
    *arguments: str, env: Mapping[str, str], cwd: Path, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """As run_bursar does; what it registers with atexit is not run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "0").write_text(stdin or "")
        process = _FORKS.Process(
            target=_run, args=(arguments, child_environment(env), cwd, folder), daemon=False
        )
        with _ENDINGS:
            process.start()
        has_ended = wait([process.sentinel], TIMEOUT_SECONDS)
        with _ENDINGS:
            status = process.exitcode if has_ended else None
        if status is None:
            process.kill()
            raise subprocess.TimeoutExpired(["bursar", *arguments], TIMEOUT_SECONDS)
        output, errors = ((folder / each).read_text() for each in "12")
        return subprocess.CompletedProcess(["bursar", *arguments], status, output, errors)


def _run(arguments: tuple[str, ...], env: dict[str, str], cwd: Path, folder: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, flags in enumerate([os.O_RDONLY, *2 * [os.O_WRONLY | os.O_CREAT]]):
        os.dup2(os.open(folder / str(number), flags), number)
    # The forking process has none, or one of its own.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - open as long as the process is
    sys.argv = ["bursar", *arguments]
    from bursar.cli.main import main  # noqa: PLC0415 - loaded long ago, in the forking process

    main()
