from collections.abc import Iterator

import pytest

from testing.servers.lrs import LearningRecordStore


@pytest.fixture(scope="session")
def lrs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LearningRecordStore]:
    with LearningRecordStore(tmp_path_factory.mktemp("lrs")) as store:
        yield store


@pytest.fixture
def lrs(lrs_server: LearningRecordStore) -> LearningRecordStore:
    """Empty."""
    lrs_server.empty()
    return lrs_server
