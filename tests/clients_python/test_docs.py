"""The pages of the client name what there is: parts, methods, parameters, files."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bursar_client
from bursar_client import webhooks
from testing.paths import REPOSITORY
from tests.clients_python.scripted import Script
from tests.unit.test_docs import LINK, anchor_of, outside_code, sections_of

PROJECT = REPOSITORY / "clients/python"
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def _code(page: Path) -> Iterator[ast.Module]:
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        yield ast.parse(block)


def _calls(page: Path) -> Iterator[ast.Call]:
    for tree in _code(page):
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> object:
    """What is called, if it is the client's."""
    root, *names = ast.unparse(call.func).split(".")
    known = {"bursar": Script([]).bursar(), "verify": webhooks.verify} | {
        name: getattr(bursar_client, name) for name in bursar_client.__all__
    }
    found: object = known.get(root)
    for name in names if found is not None else ():
        if not hasattr(found, name):
            # What a method returned has methods of its own, which the tests of types know.
            return None if "(" in ast.unparse(call.func) else pytest.fail(f"{root}.{names}")
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_calls_have_parameters_that_exist(page: Path) -> None:
    for call in _calls(page):
        called = _called(call)
        if callable(called):
            positional = [None for _ in call.args]
            named = {keyword.arg: None for keyword in call.keywords if keyword.arg}
            inspect.signature(called).bind_partial(*positional, **named)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_imported_is_there(page: Path) -> None:
    for tree in _code(page):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bursar_client"):
                exec(ast.unparse(node), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(outside_code(page.read_text())):
        if not link.startswith("http"):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in map(anchor_of, sections_of(target.read_text()))


def test_every_page_is_named_in_the_readme() -> None:
    linked = set(LINK.findall(PAGES[0].read_text()))
    assert {f"docs/{page.name}" for page in PAGES[1:]} <= linked


def test_every_part_of_the_client_is_on_a_page() -> None:
    parts = [name for name in vars(Script([]).bursar()) if not name.startswith("_")]
    text = "".join(page.read_text() for page in PAGES)
    assert len(parts) > 8
    for name in parts:
        if name != "learner_data":
            assert f"bursar.{name}." in text, name
