"""What Linux says of the machine and of its processes, in files of names and values."""

from pathlib import Path


def told(file: str, name: str) -> str:
    """The first value of this name; empty when there is none."""
    for line in Path(file).read_text().splitlines():
        found, _, value = line.partition(":")
        if found.strip() == name:
            return value.strip()
    return ""


def memory_told(file: str, name: str) -> int:
    """In bytes; zero when there is none, as of a process that has just ended."""
    kibibytes = told(file, name).removesuffix("kB")
    return int(kibibytes or 0) * 1024
