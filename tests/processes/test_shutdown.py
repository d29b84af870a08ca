"""A server that is told to stop while it answers."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.api import Api
from tests.contract.endpoints import GOOD_BODY
from tests.contract.service import Service, furnish
from tests.contract.world import ADMIN, EXAMPLES
from tests.processes.ground import database_url
from tests.support.contract_endpoints import THINGS
from tests.support.processes import is_healthy

pytestmark = pytest.mark.slow

NAME = "asked before the end"


def ask_slowly(api: Api) -> int:
    body = GOOD_BODY | {"name": NAME, "pause_milliseconds": 2000}
    return api.post(f"{THINGS}/{EXAMPLES}", json=body).status_code


def test_a_request_under_way_is_finished(tmp_path: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(1) as thread:
        service = Service.running(stack, database_url(tmp_path, None), tmp_path, {})
        furnish(service.database)
        asked = thread.submit(ask_slowly, service.acting_as(ADMIN))
        with pytest.raises(TimeoutError):
            asked.result(0.7)
        service.server.stop()
        assert asked.result(5) == 201
        assert service.changes_of(NAME) == 1
        assert not is_healthy(service.url)
        assert "Traceback" not in service.log()
