"""The plugin of pytest in `clients/python`, in a pytest of its own, against a running server."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4, uuid5

import pytest

from testing.paths import REPOSITORY
from testing.shops.budget import COURSE, BudgetShop, furnished_budget
from testing.shops.plan import PlanShop
from testing.shops.service import Service
from testing.worlds.contract import client

PAGE = REPOSITORY / "clients/python/docs/test-in-a-sandbox.md"
SECRET = "the secret of tests in a sandbox"
ASKING = "def test_it(bursar):\n    assert list(bursar.sandbox.mail()) == []\n"


@pytest.fixture
def sandbox(working: Service) -> BudgetShop:
    return opened(working, sandbox=True)


def opened(service: Service, *, sandbox: bool) -> BudgetShop:
    budget = furnished_budget(service.open_shop(sandbox=sandbox), deposit=1_000_000)
    budget.shop.declare(clients=[client(client_of(budget), "admin", SECRET)])
    _plan_of(budget).declare(
        renewals=[
            {
                "uuid": str(uuid4()),
                "effective_date": (datetime.now(UTC) + timedelta(days=50)).isoformat(),
                "renewed_expiration_date": "2091-01-01T00:00:00Z",
                "number_of_licenses": 10,
            }
        ]
    )
    return budget


def _plan_of(budget: BudgetShop) -> PlanShop:
    """Of one and the same plan."""
    return PlanShop(budget.shop, uuid5(budget.uuid, "plan"))


def client_of(budget: BudgetShop) -> str:
    return f"{budget.shop.org}-tests"


def told(budget: BudgetShop) -> dict[str, str]:
    return {
        "BURSAR_SANDBOX_URL": budget.shop.service.url,
        "BURSAR_SANDBOX_CLIENT_ID": client_of(budget),
        "BURSAR_SANDBOX_CLIENT_SECRET": SECRET,
        "TEST_POLICY": str(budget.uuid),
        "TEST_COURSE": budget.key(COURSE),
        "TEST_PLAN": str(_plan_of(budget).uuid),
    }


def run(folder: Path, tests: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (folder / "test_integration.py").write_text(tests)
    plugin = ["-p", "bursar_pytest", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-W", "error", "--rootdir", folder, *plugin],
        cwd=folder,
        env={"PYTHONPATH": str(REPOSITORY / "clients/python/src"), **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_tests_of_the_page_succeed(sandbox: BudgetShop, tmp_path: Path) -> None:
    (tests,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    done = run(tmp_path, tests, told(sandbox))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    named = {"enterprise_customer_uuid": str(sandbox.shop.uuid)}
    assert sandbox.shop.api.json("/enterprise/v1/sandbox/mail", params=named)["results"] == []
    faults = sandbox.shop.api.json("/enterprise/v1/sandbox/faults", params=named)
    assert faults["mail"] == {"bounce": False}, "the last test has let mails bounce"


def test_nothing_is_done_to_an_enterprise_that_is_no_sandbox(
    working: Service, tmp_path: Path
) -> None:
    budget = opened(working, sandbox=False)
    done = run(tmp_path, ASKING, told(budget))
    assert done.returncode == 1
    assert "The enterprise is no sandbox of this client." in done.stdout
    assert "Traceback" not in done.stdout


def test_it_says_what_it_is_not_told(sandbox: BudgetShop, tmp_path: Path) -> None:
    environment = told(sandbox)
    del environment["BURSAR_SANDBOX_URL"], environment["BURSAR_SANDBOX_CLIENT_SECRET"]
    done = run(tmp_path, ASKING, environment)
    assert done.returncode == 1
    missing = "BURSAR_SANDBOX_URL, BURSAR_SANDBOX_CLIENT_SECRET"
    assert f"Say where the sandbox is, in the environment: {missing}." in done.stdout


def test_an_ini_file_can_say_all_but_the_secret(sandbox: BudgetShop, tmp_path: Path) -> None:
    environment = told(sandbox)
    url, client_id = (environment.pop(f"BURSAR_SANDBOX_{each}") for each in ("URL", "CLIENT_ID"))
    lines = [f"bursar_url = {url}", f"bursar_client_id = {client_id}"]
    (tmp_path / "pytest.ini").write_text("\n".join(["[pytest]", *lines, ""]))
    done = run(tmp_path, ASKING, environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_of_several_enterprises_one_is_named(
    working: Service, sandbox: BudgetShop, tmp_path: Path
) -> None:
    other = working.open_shop(sandbox=True)
    other.declare(clients=[client(client_of(sandbox), "admin")])
    done = run(tmp_path, ASKING, told(sandbox))
    assert "The client has 2 enterprises. Name the sandbox:" in done.stdout
    done = run(tmp_path, ASKING, told(sandbox) | {"BURSAR_SANDBOX_ENTERPRISE": str(other.uuid)})
    assert done.returncode == 0, done.stdout + done.stderr
