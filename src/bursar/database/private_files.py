"""Keeps the files of a SQLite database from everybody but their owner: they hold people and keys.

SQLite gives `-wal` and `-shm` the permissions of the database, so that it is enough to make the
database itself with the right ones, whatever the umask is.

A process opens the file here at most once, before SQLite opens it. POSIX takes from a process all
its locks on a file when it closes the file, however it had opened it, and SQLite does not notice.
Another process would then take itself for the last user of the database and delete the `-wal` file,
with what this process commits to it afterwards.
"""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from threading import Lock
from typing import Final

SECRET_SUFFIX: Final = ".secret"  # noqa: S105 - of the name of a file
_SUFFIXES: Final = ("", "-wal", "-shm", "-journal", SECRET_SUFFIX)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MAGIC: Final = b"SQLite format 3\0"
_OWN_FOLDER: Final = ".bursar"
_KnownFile = tuple[int, int]
_databases: Final[dict[_KnownFile, bool]] = {}
"""Whether a file, by device and inode, can be a database: what this process has seen of it."""
_one_at_a_time: Final = Lock()


def keep_private(file: Path) -> list[str]:
    """Makes the folder and an empty file where there is none, and takes what exists already from
    others. Returns a sentence for each thing that others had access to. Raises OSError.
    """
    with suppress(FileExistsError):
        file.parent.mkdir(mode=0o700, parents=True)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if not _can_be_a_database(file):
        return []  # Somebody has named a file of something else, which is not ours to change.
    found = [_beside(file, suffix) for suffix in _SUFFIXES]
    if _is_its_own(file.parent, found):
        found.append(file.parent)
    return [
        f"{path} was open to other users of this machine. Now only its owner has access."
        for path in found
        if _tighten(path)
    ]


def open_to_others(file: Path) -> list[Path]:
    """The files of a database, and its folder when others could replace them in it, that other
    users have access to."""
    found = [_beside(file, suffix) for suffix in _SUFFIXES]
    exposed = [path for path in found if path.exists() and path.stat().st_mode & _OTHERS]
    writable = stat.S_IWGRP | stat.S_IWOTH
    mode = file.parent.stat().st_mode
    if mode & writable and not mode & stat.S_ISVTX:
        exposed.append(file.parent)
    return exposed


def secret_beside(file: Path, *, make: bool) -> str | None:
    """The secret in the file beside a database; of several processes at once, one makes it."""
    path = _beside(file, SECRET_SUFFIX)
    if not path.exists():
        if not make:
            return None
        _write_once(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def _write_once(path: Path, text: str) -> None:
    # mkstemp makes a file that only its owner can read. A link fails when another process was
    # faster, and nobody ever reads a file that is half written.
    descriptor, name = mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(file.name + suffix)


def _can_be_a_database(file: Path) -> bool:
    entry = file.stat()
    known = (entry.st_dev, entry.st_ino)
    with _one_at_a_time:
        if known not in _databases:
            with file.open("rb") as opened:
                _databases[known] = opened.read(len(_MAGIC)) in {b"", _MAGIC}
        return _databases[known]


def _is_its_own(folder: Path, files: list[Path]) -> bool:
    """Whether nothing else lies in the folder. Others may need what lies in any other one."""
    if folder.name == _OWN_FOLDER:
        return True
    return {entry.name for entry in os.scandir(folder)} <= {each.name for each in files}


def _tighten(path: Path) -> bool:
    # Another process may delete `-wal` and `-shm` meanwhile, and only the owner may change a mode.
    with suppress(FileNotFoundError, PermissionError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
            return True
    return False
