import subprocess
import sys

import pytest

# Two large blocks are freed below one that stays, which would keep them from going back.
PROGRAM = """
import sys
from pathlib import Path
from bursar import memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "yes":
    memory.give_back_free_memory()
warm_up = bytearray(20_000_000)
del warm_up
before = resident()
blocks = [bytearray(b"x" * 700_000) for _ in range(100)]
kept = blocks[-1]
del blocks
print(resident() - before)
"""


def grown(is_told: str) -> int:
    command = [sys.executable, "-c", PROGRAM, is_told]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_freed_blocks_go_back_even_below_one_that_stays() -> None:
    assert grown("yes") < 10_000_000
