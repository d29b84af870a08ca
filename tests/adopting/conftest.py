from pathlib import Path

import pytest

from bursar.database.engine import Database
from tests.adopting.moving import Moving


@pytest.fixture
def moving(database: Database, tmp_path: Path) -> Moving:
    return Moving(database, tmp_path)
