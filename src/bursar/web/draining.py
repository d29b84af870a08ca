"""How the web processes of a server learn that it is about to stop: by a file that appears."""

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "_BURSAR_DRAINING"
"""Its path, told to the processes that the server starts."""


def is_draining() -> bool:
    path = os.environ.get(VARIABLE)
    return path is not None and Path(path).exists()
