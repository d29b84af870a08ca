"""Rules of this code base that no ready-made linter knows. Each is shown to bite, and to let pass.

Layering is import-linter's: see pyproject.toml.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest

from bursar.app import all_endpoints
from bursar.web.endpoint import Documentation, Endpoint
from testing.paths import REPOSITORY

SOURCE = REPOSITORY / "src" / "bursar"
FILES = sorted(SOURCE.rglob("*.py"))

CLOCK_CALLS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now",
    "datetime.datetime.utcnow", "date.today", "datetime.date.today", "time.time", "time.time_ns",
}  # fmt: skip
CLOCK_EXCEPTIONS = {
    ("clock.py", "datetime.now"),
    # The limits library tells its reset times by this clock.
    ("web/throttle.py", "time.time"),
}
NEVER_COMMIT = {"service.py", "queries.py", "rules.py", "importing.py", "membership.py"}


@dataclass(frozen=True)
class Module:
    path: str
    text: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def calls(self) -> Iterator[str]:
        return (ast.unparse(node.func) for node in self.nodes(ast.Call))

    def nodes(self, kind: type[ast.Call]) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kind))

    def line(self, number: int) -> str:
        return self.text.splitlines()[number - 1]


MODULES = [Module(str(file.relative_to(SOURCE)), file.read_text()) for file in FILES]


def clock_readings(module: Module) -> list[str]:
    return [
        call
        for call in module.calls
        if call in CLOCK_CALLS and (module.path, call) not in CLOCK_EXCEPTIONS
    ]


def commits(module: Module) -> list[str]:
    if module.name not in NEVER_COMMIT:
        return []
    return [call for call in module.calls if call.endswith((".commit", ".begin"))]


def queries_in_routes(module: Module) -> list[str]:
    if not module.path.startswith("api/"):
        return []
    built = {"select", "insert", "update", "delete", "text"}
    # `routes.delete` declares a route.
    made = (call.rpartition(".") for call in module.calls)
    return [name for owner, _, name in made if name in built and owner != "routes"]


def late_imports(module: Module) -> list[str]:
    return [
        module.line(node.lineno).strip()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not is_explained(module, node.lineno)
    ]


def is_explained(module: Module, number: int) -> bool:
    """With the escape, and its reason behind it or as a comment above the block of imports."""
    _, escape, reason = module.line(number).partition("# noqa: PLC0415")
    if not escape:
        return False
    above = number - 1
    while above and "# noqa: PLC0415" in module.line(above):
        above -= 1
    return reason.startswith(" - ") or module.line(above).strip().startswith("# ")


# Whoever uses a domain sees these: no type may end there.
SEAMS = {"service.py", "commands.py", "events.py", "refusals.py"}


def any_at_a_seam(module: Module) -> list[str]:
    if not module.path.startswith("api/") and module.name not in SEAMS:
        return []
    return [
        f"{function.name}: {ast.unparse(annotation)}"
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
        for annotation in annotations_of(function)
        if any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(annotation))
    ]


def annotations_of(function: ast.FunctionDef) -> Iterator[ast.expr]:
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    for each in arguments:
        if each is not None and each.annotation is not None:
            yield each.annotation
    if function.returns is not None:
        yield function.returns


# Where a process begins. Everybody else is given the settings, or what follows from them.
READ_SETTINGS = ("app.py", "settings.py", "cli/")


def settings_out_of_the_air(module: Module) -> list[str]:
    if module.path.startswith(READ_SETTINGS):
        return []
    return [call for call in module.calls if call.rpartition(".")[2] == "get_settings"]


LONGEST_FILE = 400
# Words, and what was once written for good.
MAY_BE_LONGER = ("demo/vocabulary.py", "database/migrations/")


def too_long(module: Module) -> list[str]:
    lines = module.text.count("\n")
    is_long = lines > LONGEST_FILE and not module.path.startswith(MAY_BE_LONGER)
    return [f"{lines} lines"] if is_long else []


Rule = Callable[[Module], list[str]]
RULES: list[Rule] = [
    any_at_a_seam,
    clock_readings,
    commits,
    late_imports,
    queries_in_routes,
    settings_out_of_the_air,
    too_long,
]


def test_there_is_source_to_look_at() -> None:
    assert {"clock.py", "catalog/offers/service.py", "web/throttle.py"} <= {m.path for m in MODULES}


@pytest.mark.parametrize("rule", RULES)
def test_the_source_keeps_each_rule(rule: Rule) -> None:
    breaches = {module.path: found for module in MODULES if (found := rule(module))}
    assert breaches == {}


def test_every_named_exception_is_still_needed() -> None:
    used = {(module.path, call) for module in MODULES for call in module.calls}
    assert used >= CLOCK_EXCEPTIONS


LATE = "def f():\n    from dbos import DBOS"
BAD: list[tuple[Rule, str, str]] = [
    (clock_readings, "catalog/rules.py", "def f():\n    return datetime.now(UTC)"),
    (clock_readings, "catalog/rules.py", "at = datetime.datetime.utcnow()"),
    (clock_readings, "catalog/clock.py", "at = datetime.now(UTC)"),
    (clock_readings, "web/middleware.py", "at = time.time()"),
    (clock_readings, "web/throttle.py", "at = date.today()"),
    (commits, "catalog/catalogs/service.py", "def f(session):\n    session.commit()"),
    (commits, "catalog/membership.py", "with session.begin():\n    pass"),
    (queries_in_routes, "api/catalogs.py", "rows = connection.execute(select(Catalog))"),
    (queries_in_routes, "api/catalogs.py", "rows = sqlalchemy.select(Catalog)"),
    (any_at_a_seam, "credit/policies/service.py", "def f(a: int, b: Any) -> int: ..."),
    (any_at_a_seam, "api/policies.py", "def f(a: int) -> dict[str, Any]: ..."),
    (settings_out_of_the_air, "catalog/jobs.py", "limit = get_settings().limit"),
    (settings_out_of_the_air, "work.py", "limit = settings.get_settings()"),
    (too_long, "catalog/rules.py", "\n" * 401),
    (late_imports, "a.py", LATE),
    (late_imports, "a.py", f"{LATE}  # noqa: PLC0415"),
    (late_imports, "a.py", f"{LATE}  # noqa: F401 - a reason"),
    (late_imports, "a.py", "class C:\n    import dbos"),
    (late_imports, "a.py", "async def f():\n    if x:\n        import dbos"),
]
GOOD: list[tuple[Rule, str, str]] = [
    (clock_readings, "clock.py", "at = datetime.now(UTC)"),
    (clock_readings, "catalog/rules.py", "at = clock.now()"),
    (clock_readings, "web/middleware.py", "at = time.perf_counter()"),
    (clock_readings, "web/middleware.py", "'never datetime.now()'  # nor time.time()"),
    (commits, "catalog/jobs.py", "session.commit()"),
    (commits, "catalog/catalogs/service.py", "'never session.commit()'"),
    (queries_in_routes, "catalog/queries.py", "rows = select(Catalog)"),
    (queries_in_routes, "api/catalogs.py", "@routes.delete(PATH)\ndef f(): ..."),
    (queries_in_routes, "api/catalogs.py", "page = select_page(query)"),
    (any_at_a_seam, "credit/policies/queries.py", "def f(a: Any) -> None: ..."),
    (any_at_a_seam, "api/policies.py", "def _f(a: Any) -> None: ..."),
    (settings_out_of_the_air, "cli/serve.py", "settings = get_settings()"),
    (too_long, "catalog/rules.py", "\n" * 400),
    (too_long, "database/migrations/versions/0002.py", "\n" * 700),
    (late_imports, "a.py", f"{LATE}  # noqa: PLC0415 - only workers need it"),
    (late_imports, "a.py", "def f():\n    # 16 MB.\n    import dbos  # noqa: PLC0415"),
    (late_imports, "a.py", "if TYPE_CHECKING:\n    from dbos import DBOS"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_breach_is_found(rule: Rule, path: str, text: str) -> None:
    assert len(rule(Module(path, text))) == 1


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_what_keeps_the_rule_is_let_pass(rule: Rule, path: str, text: str) -> None:
    assert rule(Module(path, text)) == []


def unguarded(endpoints: list[Endpoint]) -> list[str]:
    return [each.path for each in endpoints if "{" in each.path and each.owned is None]


def repeated(endpoints: list[Endpoint]) -> list[tuple[str, str]]:
    def shape(path: str) -> str:
        return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))

    seen = Counter((each.method, shape(each.path)) for each in endpoints)
    return [place for place, times in seen.items() if times > 1]


def workless(endpoints: list[Endpoint]) -> list[str]:
    return [each.path for each in endpoints if (each.read is None) == (each.write is None)]


class TestEndpoints:
    def test_an_object_in_a_path_is_reached_through_the_gate_only(self) -> None:
        assert any("{" in each.path for each in all_endpoints())
        assert unguarded(all_endpoints()) == []

    def test_each_place_is_answered_by_one(self) -> None:
        assert repeated(all_endpoints()) == []

    def test_each_either_reads_or_writes(self) -> None:
        assert workless(all_endpoints()) == []

    def test_all_stand_under_a_version_of_the_reference(self) -> None:
        for each in all_endpoints():
            assert each.path.startswith(("/enterprise/v1/", "/enterprise/v2/", "/enterprise/v3/"))
            assert not each.path.endswith("/")

    def test_a_breach_is_found(self) -> None:
        def endpoint(path: str, method: str = "GET") -> Endpoint:
            return Endpoint(method, path, Documentation("x"))

        assert unguarded([endpoint("/things/{id:uuid}"), endpoint("/things")]) != []
        assert repeated([endpoint("/things/{id:uuid}"), endpoint("/things/{other:str}")]) != []
        assert repeated([endpoint("/things"), endpoint("/things", "POST")]) == []
        assert workless([endpoint("/things")]) != []
