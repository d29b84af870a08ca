"""Files are made where nobody else can look, whole or not at all."""

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from bursar.scheduled_reports import spooling
from bursar.scheduled_reports.spooling import PREFIX, NotSpooled, private_folder, spool


def test_only_the_owner_can_look_and_nothing_is_left(tmp_path: Path) -> None:
    with private_folder(str(tmp_path)) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IRWXU
        assert spool([b"a", b"", b"bc"], folder / "file", seconds=60) == 3
        assert (folder / "file").read_bytes() == b"abc"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with private_folder(str(tmp_path)) as folder:
            (folder / "file").write_text("people")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    left, in_use, other = (tmp_path / f"{PREFIX}left", tmp_path / f"{PREFIX}used", tmp_path / "x")
    for folder in (left, in_use, other):
        folder.mkdir()
        (folder / "file").write_text("people")
    held = os.open(in_use, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with private_folder(str(tmp_path)):
            assert not left.exists()
            assert in_use.exists()
            assert other.exists()
    finally:
        os.close(held)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "precious")
    with private_folder(str(tmp_path)):
        assert (tmp_path / "precious").exists()


def test_a_full_disk_is_named_with_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The device refuses every byte with the error of a full disk.
    def full(_file: Path) -> IO[bytes]:
        return Path("/dev/full").open("wb")

    monkeypatch.setattr(spooling, "_opened", full)
    with pytest.raises(NotSpooled, match="is full, so that nothing was sent: make room, or name"):
        spool([b"x" * 100_000], tmp_path / "file", seconds=60)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with (
        pytest.raises(NotSpooled, match=r"nothing can be written to .*BURSAR_SPOOL_FOLDER"),
        private_folder(missing),
    ):
        pass


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x"

    with pytest.raises(NotSpooled, match="not written within 0 seconds"):
        spool(endless(), tmp_path / "file", seconds=0)


def test_an_error_of_the_source_is_not_taken_for_one_of_the_disk(tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        spool(broken(), tmp_path / "file", seconds=60)
