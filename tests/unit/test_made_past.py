"""Demo, benchmarks and proof make their past through the services, which are told when it was.

Whoever fakes the clock or writes tables by hand makes a past that could never have been.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from testing.paths import REPOSITORY
from tests.unit.test_house_rules import Module, Rule

FOLDERS = ("src/bursar/demo", "benchmarks", "proof")
MODULES = [
    Module(str(file.relative_to(REPOSITORY)), file.read_text())
    for folder in FOLDERS
    for file in sorted((REPOSITORY / folder).rglob("*.py"))
]

EXCEPTIONS = {
    # The floor is what a request costs before any work of Bursar's: one row, read as simply as can
    # be.
    ("benchmarks/floor.py", "bursar.identity.models"),
    # No past is made here: a test does not wait until the lease of a worker that was killed ends,
    # and another sends its mails.
    ("proof/installation.py", "UPDATE deliveries"),
}
WRITING_CALLS = {"insert", "update", "delete", "bulk_insert", "insert_for"}
WRITING_SQL = re.compile(
    r"\s*(INSERT INTO|UPDATE(?=\s+\w+\s+SET)|DELETE FROM|TRUNCATE|COPY)\s+(\w+)"
)


def faked_clocks(module: Module) -> list[str]:
    return [name for name in _names(module) if name == "frozen_at"]


def imported_models(module: Module) -> list[str]:
    return _without_exceptions(module, [name for name in _imports(module) if _is_models(name)])


def written_tables(module: Module) -> list[str]:
    calls = [call for call in module.calls if _is_writing(call)]
    return _without_exceptions(module, [*calls, *_written_in_sql(module)])


def _names(module: Module) -> Iterator[str]:
    """All that a module names: variables, attributes, and what it imports."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def _imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and _is_models(str(node.module)):
            yield str(node.module)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_models(name: str) -> bool:
    return name.startswith("bursar.") and name.endswith(".models")


def _is_writing(call: str) -> bool:
    """A function of SQLAlchemy's or of ours; `update` of a mapping is neither."""
    owner, _, name = call.rpartition(".")
    return name in WRITING_CALLS and owner in {"", "sa", "sqlalchemy", "bulk"}


def _written_in_sql(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = WRITING_SQL.match(node.value)
            if found:
                yield " ".join(found.groups())


def _without_exceptions(module: Module, found: list[str]) -> list[str]:
    return [each for each in found if (module.path, each) not in EXCEPTIONS]


RULES: list[Rule] = [faked_clocks, imported_models, written_tables]


def test_there_is_source_to_look_at() -> None:
    paths = {module.path for module in MODULES}
    assert paths >= {"src/bursar/demo/assignments.py", "benchmarks/reports.py", "proof/world.py"}


@pytest.mark.parametrize("rule", RULES)
def test_the_past_is_made_by_services(rule: Rule) -> None:
    breaches = {module.path: found for module in MODULES if (found := rule(module))}
    assert breaches == {}


def test_every_named_exception_is_still_needed() -> None:
    used = {
        (module.path, each)
        for module in MODULES
        for each in (*_imports(module), *_written_in_sql(module))
    }
    assert used >= EXCEPTIONS


BAD: list[tuple[Rule, str]] = [
    (faked_clocks, "with clock.frozen_at(at):\n    pass"),
    (faked_clocks, "from bursar.clock import frozen_at"),
    (faked_clocks, "at = vars(clock)[frozen_at]"),
    (imported_models, "from bursar.credit.models import Assignment"),
    (imported_models, "import bursar.credit.models"),
    (imported_models, "from bursar.credit import models"),
    (imported_models, "def f():\n    from bursar.enrollment.models import Enrollment"),
    (written_tables, "session.execute(insert(Assignment).values(rows))"),
    (written_tables, "session.execute(sqlalchemy.update(Policy))"),
    (written_tables, "bulk_insert(session, Assignment, rows)"),
    (written_tables, "session.execute(text('INSERT INTO licenses (uuid) VALUES (1)'))"),
    (written_tables, 'SQL = """\n    DELETE FROM deliveries\n"""'),
]
GOOD: list[tuple[Rule, str]] = [
    (faked_clocks, "service.allocate(session, actor, command, at=now - ago)"),
    (faked_clocks, "'never frozen_at'  # nor frozen_at"),
    (imported_models, "from bursar.credit.assignments.commands import AllocateCourse"),
    (imported_models, "from testing.models import Model"),
    (written_tables, "headers.update(more)"),
    (written_tables, "'UPDATE of a row'.lower() or 'Insert into'"),
    (written_tables, "connection.exec_driver_sql('VACUUM ANALYZE licenses')"),
]


@pytest.mark.parametrize(("rule", "text"), BAD)
def test_a_breach_is_found(rule: Rule, text: str) -> None:
    assert len(rule(Module("benchmarks/a.py", text))) == 1


@pytest.mark.parametrize(("rule", "text"), GOOD)
def test_what_keeps_the_rule_is_let_pass(rule: Rule, text: str) -> None:
    assert rule(Module("benchmarks/a.py", text)) == []


def test_an_exception_is_one_file_s() -> None:
    text = "from bursar.identity.models import ApiClient"
    assert imported_models(Module("benchmarks/floor.py", text)) == []
    assert imported_models(Module("benchmarks/load.py", text)) != []
