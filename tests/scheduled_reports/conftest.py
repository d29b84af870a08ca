from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.servers.sftp import SftpSink, sftp_sink


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpSink]:
    with sftp_sink(tmp_path_factory.mktemp("sftp")) as sink:
        yield sink


@pytest.fixture
def sftp(sftp_server: SftpSink, tmp_path: Path) -> SftpSink:
    """With an empty folder `incoming`, and as it behaves usually."""
    sftp_server.root = tmp_path / "sftp"
    (sftp_server.root / "incoming").mkdir(parents=True)
    sftp_server.is_full = sftp_server.loses_the_end = False
    sftp_server.knows_posix_rename = True
    sftp_server.authorized = []
    sftp_server.logins.clear()
    sftp_server.seen.clear()
    return sftp_server
