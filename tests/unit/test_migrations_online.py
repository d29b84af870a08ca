"""No migration makes an index in a way that lets writers wait, from the first that has traffic."""

import ast
from pathlib import Path

import pytest

from testing.paths import REPOSITORY

VERSIONS = REPOSITORY / "src/bursar/database/migrations/versions"
FIRST: str = "0009"
"""Those before are older than any release with tables that are large."""
BLOCKING = {"create_index", "create_unique_constraint", "create_primary_key"}
SCRIPTS = [path for path in sorted(VERSIONS.glob("[0-9]*.py")) if path.name[:4] >= FIRST]


def blocking(source: str) -> list[str]:
    """What makes an index on a table that the script did not create, with its line."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    created = {text_of(call.args[0]) for call in calls if name_of(call) == "op.create_table"}
    found = [
        f"line {call.lineno}: {name_of(call)} of {text_of(call.args[1])}"
        for call in calls
        if name_of(call).removeprefix("op.") in BLOCKING
        and name_of(call).startswith("op.")
        and text_of(call.args[1]) not in created
        and not is_on_sqlite_only(tree, call)
    ]
    raw = [
        f"line {node.lineno}: CREATE INDEX as text"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "INDEX" in node.value
        and "CREATE" in node.value
        and "CONCURRENTLY" not in node.value
    ]
    return found + raw


def is_on_sqlite_only(tree: ast.Module, call: ast.Call) -> bool:
    """Whether the function has returned on PostgreSQL before this call."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and call in ast.walk(function):
            return any(
                isinstance(statement, ast.If)
                and statement.lineno < call.lineno
                and isinstance(statement.body[-1], ast.Return)
                and ast.unparse(statement.test) == "op.get_bind().dialect.name == 'postgresql'"
                for statement in function.body
            )
    return False


def name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def text_of(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_indexes_on_tables_in_use_are_made_online(path: Path) -> None:
    assert blocking(path.read_text()) == [], "use bursar.database.online.create_index"


@pytest.mark.parametrize(
    "source",
    [
        'op.create_index("i", "learners", ["email"])',
        'op.create_unique_constraint("u", "learners", ["email"])',
        'op.execute("CREATE UNIQUE INDEX i ON learners (email)")',
        'op.create_table("a")\nop.create_index("i", "learners", ["email"])',
    ],
)
def test_the_next_one_is_found(source: str) -> None:
    assert blocking(source)


@pytest.mark.parametrize(
    "source",
    [
        'op.create_table("a")\nop.create_index("i", "a", ["email"])',
        'online.create_index("i", "learners", ["email"])',
    ],
)
def test_what_blocks_nobody_is_left_alone(source: str) -> None:
    assert blocking(source) == []
