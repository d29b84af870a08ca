"""An empty Debian with systemd, in namespaces of its own, that a test can install things on."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from testing.paths import REPOSITORY
from testing.waiting import wait_until

PREPARED: Final = REPOSITORY / ".tools" / "machine"
"""Made by `./run test`: the file system in `root`, the packages of the lock in `wheels`."""
_BOOT: Final = Path(__file__).with_name("boot.sh")
_NAMESPACES: Final = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup")
_ENVIRONMENT: Final = {
    "HOME": "/root",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
    # The machine has no network: what an index would offer lies there.
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "/srv/wheels",
}


def reason_for_no_machine() -> str:
    """Why none can be started here; empty when one can."""
    if os.geteuid() != 0:
        return "only root can start a machine of its own"
    if shutil.which("unshare") is None or _cgroups() is None:
        return "there is no unshare, or no version 2 of control groups"
    tried = subprocess.run(
        ["unshare", *_NAMESPACES, "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode != 0:
        return f"this process may make no namespaces: {tried.stderr.strip()}"
    if not (PREPARED / "version").exists():
        return "there is no Debian to install on, which `./run test` prepares"
    return ""


def _cgroups() -> Path | None:
    """This process's own group of version 2."""
    mounted = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    places = [Path(fields[1]) for fields in mounted if fields[2] == "cgroup2"]
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = [line.removeprefix("0::/") for line in lines if line.startswith("0::/")]
    return places[0] / own[0] if places and own else None


class Machine:
    def __init__(self, pid: int) -> None:
        self._pid = pid

    def run(self, script: str, *, seconds: float) -> subprocess.CompletedProcess[str]:
        """What bash prints, run by root at home. Both outputs are one, in their order."""
        return subprocess.run(
            ["nsenter", "--target", str(self._pid), "--mount", "--pid", "--net", "--ipc", "--uts",
             "--cgroup", "bash", "-c", f"cd\n{script}"],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )  # fmt: skip


@contextmanager
def started(folder: Path, brought: Path) -> Iterator[Machine]:
    """A machine with the files of `brought` in /srv/bursar. `folder` is for files of its own.
    Afterwards nothing of it is left."""
    mounted = folder / "mounted"
    mounted.mkdir()
    group = _new_group()
    try:
        with (folder / "boot.log").open("wb") as log:
            process = subprocess.Popen(
                _command(group, mounted, brought),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield _booted(process)
        finally:
            process.kill()
            process.wait()
    finally:
        _remove(group)


def _command(group: Path, mounted: Path, brought: Path) -> list[str]:
    # The machine is in the group before it has a namespace of groups, whose root is then this one.
    enter = 'echo $$ >"$0/cgroup.procs"; exec "$@"'
    unshare = ["unshare", *_NAMESPACES, "--fork", "--kill-child", "--propagation", "private"]
    boot = ["sh", _BOOT, PREPARED / "root", mounted, PREPARED / "wheels", brought]
    return ["sh", "-c", enter, str(group), *unshare, *map(str, boot)]


def _new_group() -> Path:
    above = _cgroups()
    assert above is not None
    group = above / f"bursar-machine-{os.getpid()}"
    group.mkdir()
    return group


def _booted(process: subprocess.Popen[bytes]) -> Machine:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def is_running() -> bool:
        assert process.poll() is None, "the machine did not start: see its boot.log"
        pids = children.read_text().split()
        return bool(pids) and _is_up(Machine(int(pids[0])))

    wait_until(is_running, "the machine has booted", seconds=60)
    return Machine(int(children.read_text().split()[0]))


def _is_up(machine: Machine) -> bool:
    return machine.run("systemctl is-system-running", seconds=20).stdout.strip() == "running"


def _remove(group: Path) -> None:
    """The kernel empties a group a moment after its last process was killed."""

    def is_gone() -> bool:
        for folder, _, _ in os.walk(group, topdown=False):
            try:
                Path(folder).rmdir()
            except OSError:
                return False
        return True

    wait_until(is_gone, "the group is empty", seconds=30)
