"""Who installs the client installs no server."""

import ast
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

from testing.paths import REPOSITORY

PROJECT = REPOSITORY / "clients/python"
SOURCES = PROJECT / "src"
PLUGIN = SOURCES / "bursar_pytest.py"
ALLOWED = sys.stdlib_module_names | {"bursar_client", "httpx", "msgspec"}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""


def test_it_imports_httpx_and_msgspec_and_nothing_else() -> None:
    files = list(SOURCES.rglob("*.py"))
    assert len(files) > 30
    for path in files:
        for name in _imported(path):
            allowed = ALLOWED | {"pytest"} if path == PLUGIN else ALLOWED
            assert name.partition(".")[0] in allowed, f"{path} imports {name}"


def test_no_module_of_the_server_is_loaded() -> None:
    code = (
        "import sys, bursar_client, bursar_client.webhooks;"
        "print([name for name in sys.modules if name.partition('.')[0] in {'bursar', 'pytest'}])"
    )
    command = [sys.executable, "-P", "-c", code]
    environment = {"PYTHONPATH": str(SOURCES)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_of_pytest_loads_the_client_only_when_a_test_wants_it() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    plugin = project["entry-points"]["pytest11"]["bursar"]
    code = f"import sys, {plugin}; print(sorted({{'bursar_client', 'httpx'}} & set(sys.modules)))"
    command = [sys.executable, "-P", "-c", code]
    environment = {"PYTHONPATH": str(SOURCES)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_server_does_not_import_its_client() -> None:
    for path in (REPOSITORY / "src").rglob("*.py"):
        for name in _imported(path) if "bursar_client" in path.read_text() else ():
            assert not name.startswith("bursar_client"), path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_says_that_it_is_typed_and_what_it_needs(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "bursar_client/py.typed" in names
    assert "bursar_client/_sync/client.py" in names
    assert "bursar_pytest.py" in names
    assert all(name.startswith(("bursar_client", "bursar_pytest.py")) for name in names)
    (metadata,) = (name for name in names if name.endswith("METADATA"))
    told = Parser().parsestr(wheel.read(metadata).decode())
    needed = {line.partition(">")[0] for line in told.get_all("Requires-Dist", [])}
    assert needed == {"httpx", "msgspec"}


def test_it_runs_where_the_server_does() -> None:
    of_client = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    of_server = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert of_client["requires-python"] == of_server["requires-python"]
    assert of_client["license"] == of_server["license"]
