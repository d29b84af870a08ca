"""Clients that nobody here wrote, against a running server."""

import subprocess
from pathlib import Path

import pytest

from testing.clients.newman import find_node
from testing.paths import REPOSITORY
from testing.shops.budget import PRICED, BudgetShop, open_budget
from testing.shops.service import Service
from testing.worlds.contract import client

pytestmark = pytest.mark.slow

TOOLS = REPOSITORY / ".tools"
PYTHON = TOOLS / "clients/bin/python"
PROGRAMS = Path(__file__).parent / "real_clients"
SECRET = "the secret of a real client"


def run(*command: object, folder: Path | None = None, **environment: str) -> str:
    """What the command printed. It must not fail, and must warn of nothing."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warn" not in (done.stdout + done.stderr).lower(), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def budget(service: Service) -> BudgetShop:
    """Of an enterprise with a client that gets JSON without asking for it."""
    budget = open_budget(service)
    budget.shop.declare(
        clients=[client(name_of(budget), "admin", SECRET) | {"default_format": "json"}]
    )
    return budget


def name_of(budget: BudgetShop) -> str:
    return f"{budget.shop.org}-real"


def arguments(budget: BudgetShop) -> list[str]:
    url = budget.shop.service.url
    uuids = [str(budget.shop.catalog_uuid), str(budget.uuid)]
    return [url, name_of(budget), SECRET, *uuids, budget.key(PRICED)]


@pytest.fixture(scope="module")
def document(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clients") / "openapi.json"
    path.write_bytes(service.anonymous.http.get("/openapi.json?for=clients").content)
    return path


def test_edx_rest_api_client(budget: BudgetShop) -> None:
    printed = run(PYTHON, PROGRAMS / "edx_library.py", *arguments(budget))
    assert printed == "done\n"


def test_a_python_client_is_generated_and_works(budget: BudgetShop, document: Path) -> None:
    folder = document.parent
    (folder / "config.yaml").write_text("package_name_override: bursar_generated\npost_hooks: []\n")
    generate = [
        "-m", "openapi_python_client", "generate", "--path", document, "--meta", "none",
        "--config", folder / "config.yaml", "--output-path", folder / "bursar_generated",
        "--overwrite", "--fail-on-warning",
    ]  # fmt: skip
    run(PYTHON, *generate)
    program = PROGRAMS / "generated.py"
    printed = run(PYTHON, program, *arguments(budget), PYTHONPATH=str(folder))
    assert printed == "done\n"


def test_a_typescript_client_is_generated_and_works(budget: BudgetShop, document: Path) -> None:
    folder = document.parent
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(TOOLS / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "main.mts").write_text((PROGRAMS / "generated.mts").read_text())
    node = find_node()
    run(node, modules / "openapi-typescript/bin/cli.js", document, "-o", folder / "schema.d.ts")
    compile_strictly = [
        "--strict", "--noUncheckedIndexedAccess", "--target", "es2022",
        "--module", "nodenext", "--moduleResolution", "nodenext",
    ]  # fmt: skip
    run(node, modules / "typescript/bin/tsc", *compile_strictly, "main.mts", folder=folder)
    assert run(node, folder / "main.mjs", *arguments(budget)) == "done\n"
