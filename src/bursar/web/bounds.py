"""How large headers may be. Here, because commands that start the server import nothing else."""

from typing import Final

MAX_HEADER_BYTES: Final = 16 * 1024
"""Twice the longest token. Whatever reads a header may take time in proportion to it, and does so
before it is known who asks."""
MAX_HEADERS_BYTES: Final = 32 * 1024
