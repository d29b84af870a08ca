"""Tells the web processes of a server that it is about to stop, by creating a file."""

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "_BURSAR_DRAINING"
"""The environment variable that tells web processes the path of the file."""


def is_draining() -> bool:
    path = os.environ.get(VARIABLE)
    return path is not None and Path(path).exists()
