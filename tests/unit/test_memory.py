import os
import subprocess
import sys

import pytest

from bursar import memory

# Large blocks are freed below one that stays, which would keep them from going back.
PROGRAM = """
from pathlib import Path

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

warm_up = bytearray(20_000_000)
del warm_up
before = resident()
blocks = [bytearray(b"x" * 700_000) for _ in range(100)]
kept = blocks[-1]
del blocks
print(resident() - before)
"""

VARIABLES = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX"]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def growth_of_a_child() -> int:
    """By how many bytes a process grew that this one started."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_children_give_freed_blocks_back_even_below_one_that_stays(
    environment: pytest.MonkeyPatch,
) -> None:
    memory.let_children_give_back_memory()
    assert growth_of_a_child() < 10_000_000


def test_what_an_operator_has_set_stays(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("MALLOC_ARENA_MAX", "7")
    memory.let_children_give_back_memory()
    assert {name: os.environ[name] for name in VARIABLES} == {
        "MALLOC_TRIM_THRESHOLD_": "131072",
        "MALLOC_MMAP_THRESHOLD_": "131072",
        "MALLOC_ARENA_MAX": "7",
    }
