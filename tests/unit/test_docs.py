"""The documentation says what the code says: names, defaults, options, links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel

from bursar.app import all_endpoints
from bursar.catalog.filters.operators import OPERATORS
from bursar.cli.commands import app
from bursar.cli.lazy import LazyCommand
from bursar.provisioning.forms import ManifestForm
from bursar.settings import Settings
from testing.paths import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    REPOSITORY / "CHANGELOG.md",
    *DOCS.rglob("*.md"),
]
DECISIONS = sorted(DOCS.glob("decisions/0*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "Checked by"]
NO_DEFAULT = "empty"
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
NAMED_FILE = re.compile(r"`((?:src|tests|docs|benchmarks|postman)/[\w./-]+)`")


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def rows_of(page: str) -> dict[str, list[str]]:
    """The rows of all tables by their first cell, without backquotes."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def sections_of(page: str) -> dict[str, str]:
    parts = re.split(r"^#{1,6} +(.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def anchor_of(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def outside_code(page: str) -> str:
    return re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)


def commands(command: Any, words: tuple[str, ...] = ("bursar",)) -> Iterator[tuple[str, Any]]:
    if isinstance(command, LazyCommand):
        command = command.load()
    nested: dict[str, Any] = getattr(command, "commands", {})
    if not nested:
        yield " ".join(words), command
    for name, inner in nested.items():
        yield from commands(inner, (*words, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def forms_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield from forms_below(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)


FIELDS = sorted({name for form in forms_below(ManifestForm) for name in form.model_fields})


@pytest.fixture(scope="module")
def settings_rows() -> dict[str, list[str]]:
    return rows_of((DOCS / "reference/settings.md").read_text())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_is_documented_with_its_default(
    name: str, settings_rows: dict[str, list[str]]
) -> None:
    default = Settings.model_fields[name].default
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    written = f"`{shown}`" if shown not in ("", "[]") else NO_DEFAULT
    assert settings_rows[f"BURSAR_{name.upper()}"][0] == written


def test_no_setting_is_documented_that_does_not_exist(
    settings_rows: dict[str, list[str]],
) -> None:
    documented = {name for name in settings_rows if name.startswith("BURSAR_")}
    assert documented == {f"BURSAR_{name.upper()}" for name in Settings.model_fields}


def test_settings_named_anywhere_in_the_documentation_exist() -> None:
    known = {f"BURSAR_{name.upper()}" for name in Settings.model_fields}
    named = {word for page in PAGES for word in re.findall(r"\bBURSAR_[A-Z_]+\b", page.read_text())}
    assert named <= known


@pytest.mark.parametrize("words", COMMANDS)
def test_command_is_documented_with_every_option(words: str) -> None:
    section = sections_of((DOCS / "reference/commands.md").read_text())[f"`{words}`"]
    for parameter in COMMANDS[words].params:
        is_option = parameter.param_type_name == "option"
        names = parameter.opts if is_option else [parameter.name.upper()]
        for name in names:
            assert f"`{name}`" in section


def test_no_option_is_documented_that_does_not_exist() -> None:
    for heading, section in sections_of((DOCS / "reference/commands.md").read_text()).items():
        known = {
            name
            for parameter in getattr(COMMANDS.get(heading.strip("`")), "params", ())
            for name in parameter.opts
        }
        documented = set(re.findall(r"`(--?[a-z][a-z-]*)`", section))
        assert documented <= known | {"--help"}, heading


@pytest.mark.parametrize("words", COMMANDS)
def test_defaults_of_options_are_documented(words: str) -> None:
    section = sections_of((DOCS / "reference/commands.md").read_text())[f"`{words}`"]
    options = [one for one in COMMANDS[words].params if one.param_type_name == "option"]
    for option in options:
        if isinstance(option.default, str | int) and option.default not in (False, ""):
            assert f"`{option.default}`" in section, option.name


@pytest.mark.parametrize("field", FIELDS)
def test_field_of_the_manifest_is_documented(field: str) -> None:
    page = (DOCS / "reference/manifest.md").read_text()
    assert f"`{field}`" in page or field in sections_of(page)


def test_every_operator_of_content_filters_is_documented() -> None:
    page = (DOCS / "reference/content-filters.md").read_text()
    assert set(OPERATORS) == set(re.findall(r"`__([a-z]+)`", page))


def test_every_endpoint_is_documented() -> None:
    page = "".join(each.read_text() for each in sorted(DOCS.glob("reference/*.md")))
    base = "/enterprise/v2/enterprise-catalogs"
    for endpoint in all_endpoints():
        path = re.sub(r":(uuid|str|path)}", "}", endpoint.path)
        short = path.replace(f"{base}/{{catalog_id}}/", ".../{catalog_id}/")
        assert f"`{endpoint.method} {path}`" in page or f"`{endpoint.method} {short}`" in page


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_internal_links_resolve(page: Path) -> None:
    for link in LINK.findall(outside_code(page.read_text())):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in map(anchor_of, sections_of(target.read_text())), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_named_in_the_documentation_exist(page: Path) -> None:
    for name in NAMED_FILE.findall(page.read_text()):
        assert (REPOSITORY / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_has_one_title_and_closes_its_code(page: Path) -> None:
    text = page.read_text()
    assert text.count("```") % 2 == 0
    assert len(re.findall(r"^# ", outside_code(text), flags=re.MULTILINE)) == 1


@pytest.mark.parametrize("decision", DECISIONS, ids=name_of)
def test_decision_has_its_headings(decision: Path) -> None:
    title, *headings = sections_of(decision.read_text())
    assert headings == HEADINGS
    assert title.startswith(f"{decision.name[:4]}: ")


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    numbers = [int(decision.name[:4]) for decision in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))
    index = (DOCS / "decisions/README.md").read_text()
    assert set(LINK.findall(index)) == {decision.name for decision in DECISIONS}


def test_every_library_has_its_reason() -> None:
    record = next(decision for decision in DECISIONS if "libraries" in decision.name)
    named = ", ".join(rows_of(record.read_text())).lower()
    lines = (
        (REPOSITORY / "requirements.in")
        .read_text()
        .partition("# The build backend")[0]
        .splitlines()
    )
    libraries = [line for line in lines if line and not line.startswith("#")]
    for library in libraries:
        assert re.split(r"[\[=]", library)[0] in named
