import importlib.util
from types import ModuleType

from testing.paths import REPOSITORY

TOOL = REPOSITORY / "clients/python/tools/make_sync.py"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sync", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_synchronous_client_is_made_from_the_asynchronous_one() -> None:
    made = _tool().made()
    assert len(made) > 10
    for path, text in made.items():
        assert path.read_text() == text, f"run {TOOL.relative_to(REPOSITORY)}"


def test_nothing_else_is_in_the_synchronous_client() -> None:
    tool = _tool()
    there = {path.name for path in (tool.PACKAGE / "_sync").glob("*.py")}
    assert there == {path.name for path in tool.made()} | tool.BY_HAND
