"""The fake LMS as a process of its own, told by HTTP."""

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bursar.connectors.openedx.adapter import OpenEdxGateway
from bursar.connectors.openedx.client import LmsAccess
from bursar.enrollment.gateway import LmsOutcome
from testing.fakes.connected_lms import ADA, COURSE, seat
from testing.fakes.lms import CLIENT_ID, CLIENT_SECRET, FakeLmsProcess, Trouble, as_json

pytestmark = pytest.mark.slow


def test_it_is_told_about_accounts_and_trouble_and_tells_its_effects(tmp_path: Path) -> None:
    with FakeLmsProcess(tmp_path) as process:
        wanted = {"accounts": {ADA: "ada"}, "troubles": as_json(Trouble(status=500))}
        assert httpx.post(f"{process.url}/_fake/configure", json=wanted).status_code == 200
        access = LmsAccess(process.url, CLIENT_ID, SecretStr(CLIENT_SECRET))
        gateway = OpenEdxGateway(access, sleep=list[float]().append)
        assert gateway.enroll([seat(None)]) == [LmsOutcome()]
        gateway.close()
        state = httpx.get(f"{process.url}/_fake/state").json()
    assert state["effects"] == [["ada", COURSE, "enrolled", 1]]
    assert state["calls"]["enroll"] == 2
