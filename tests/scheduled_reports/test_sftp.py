"""Files arrive on a real server, whole, under their name, and on no other server."""

from dataclasses import replace
from pathlib import Path

import pytest

from bursar.scheduled_reports.commands import SftpTo
from bursar.scheduled_reports.sftp import NotSent, upload
from testing.servers.processes import free_port
from testing.servers.sftp import SftpSink
from testing.shops.reports import private_text, public_text, ssh_key

NAME = "acme-progress.csv"
SECONDS = 60.0


@pytest.fixture
def to(sftp: SftpSink) -> SftpTo:
    return SftpTo(
        host="127.0.0.1",
        port=sftp.port,
        user="acme",
        host_key=public_text(sftp.host_key),
        path="/incoming",
        password=sftp.password,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.csv"
    path.write_bytes(b"a,b\r\n" * 100_000)
    return path


def refusal(to: SftpTo, file: Path) -> NotSent:
    with pytest.raises(NotSent) as refused:
        upload(to, file, NAME, seconds=SECONDS)
    return refused.value


def test_a_file_arrives_under_its_name_after_another_one(
    sftp: SftpSink, to: SftpTo, file: Path
) -> None:
    answer = upload(to, file, NAME, seconds=SECONDS)
    assert answer == f"written as /incoming/{NAME}, 500000 bytes"
    assert sftp.files == [f"incoming/{NAME}"]
    assert sftp.text(f"incoming/{NAME}") == file.read_bytes()
    assert sftp.seen == [f".{NAME}.part"]
    assert sftp.logins == ["acme password"]


def test_a_private_key_opens_it(sftp: SftpSink, to: SftpTo, file: Path) -> None:
    sftp.authorized = [ssh_key("client")]
    upload(
        replace(to, password=None, key=private_text(ssh_key("client"))), file, NAME, seconds=SECONDS
    )
    assert sftp.files == [f"incoming/{NAME}"]


@pytest.mark.parametrize("knows", [True, False])
def test_a_file_of_an_attempt_before_is_replaced(
    sftp: SftpSink, to: SftpTo, file: Path, *, knows: bool
) -> None:
    sftp.knows_posix_rename = knows
    (sftp.root / "incoming" / NAME).write_text("older")
    (sftp.root / "incoming" / f".{NAME}.part").write_bytes(b"half of it" * 100_000)
    upload(to, file, NAME, seconds=SECONDS)
    assert sftp.files == [f"incoming/{NAME}"]
    assert sftp.text(f"incoming/{NAME}") == file.read_bytes()


def test_another_host_key_is_refused_for_good_before_anything_is_told(
    sftp: SftpSink, to: SftpTo, file: Path
) -> None:
    found = refusal(replace(to, host_key=public_text(ssh_key("another"))), file)
    assert found.for_good
    assert "another key than host_key says" in str(found)
    assert sftp.logins == []


def test_one_of_several_host_keys_is_enough(sftp: SftpSink, to: SftpTo, file: Path) -> None:
    both = f"{public_text(ssh_key('another'))}\nfiles.example {to.host_key}"
    upload(replace(to, host_key=both), file, NAME, seconds=SECONDS)
    assert sftp.files == [f"incoming/{NAME}"]


def test_a_wrong_password_is_tried_again_later(to: SftpTo, file: Path) -> None:
    found = refusal(replace(to, password="wrong"), file)
    assert str(found).startswith("the server does not let acme in: ")
    assert not found.for_good


def test_a_missing_folder_is_named(to: SftpTo, file: Path) -> None:
    found = refusal(replace(to, path="/elsewhere"), file)
    assert str(found).startswith("the server refused it in the folder /elsewhere: ")


def test_nothing_half_is_left_on_a_server_whose_disk_is_full(
    sftp: SftpSink, to: SftpTo, file: Path
) -> None:
    sftp.is_full = True
    assert "no space left on device" in str(refusal(to, file))
    assert sftp.files == []


def test_a_file_whose_end_is_missing_is_not_renamed(sftp: SftpSink, to: SftpTo, file: Path) -> None:
    sftp.loses_the_end = True
    assert "of 500000 bytes arrived on the server" in str(refusal(to, file))
    assert sftp.files == []


def test_a_server_that_is_away_is_named(to: SftpTo, file: Path) -> None:
    away = replace(to, port=free_port())
    assert str(refusal(away, file)).startswith(f"no connection to 127.0.0.1:{away.port}: ")


def test_a_slow_server_has_its_time(to: SftpTo, file: Path) -> None:
    with pytest.raises(NotSent, match="took longer than 0 seconds"):
        upload(to, file, NAME, seconds=0.0)
