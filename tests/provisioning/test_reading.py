import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bursar.provisioning.export import to_yaml
from bursar.provisioning.forms import (
    CatalogForm,
    ContentForm,
    EnterpriseForm,
    Form,
    ManifestForm,
    PolicyForm,
)
from bursar.provisioning.manifest import ManifestError, load
from bursar.provisioning.reading import DEEPEST, parse_data

ENTERPRISE = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
MINIMAL = f"enterprises:\n  - {{uuid: {ENTERPRISE}, name: Acme, slug: acme}}\n"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=4)
)
forms: list[type[Form]] = [ManifestForm, ContentForm, EnterpriseForm, CatalogForm, PolicyForm]
known_keys = st.sampled_from([name for form in forms for name in form.model_fields])
yaml_data = st.recursive(
    scalars | st.just(ENTERPRISE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(known_keys | scalars, inner),
    max_leaves=12,
)
json_data = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def written(folder: Path, text: str, name: str = "manifest.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def problems_of(*files: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load(files)
    return caught.value.problems


@pytest.mark.parametrize(
    "text",
    [
        MINIMAL,
        json.dumps(yaml.safe_load(MINIMAL)),
        "\ufeff" + MINIMAL,
        "{enterprises: [" + f"{{uuid: {ENTERPRISE}, name: Acme, slug: acme}}" + "]}",
        '{"enterprises": [' + f'{{"uuid": "{ENTERPRISE}", "name": "Acme", "slug": "acme"}},' + "]}",
    ],
)
def test_yaml_and_json_are_told_apart_by_content(tmp_path: Path, text: str) -> None:
    [manifest] = load([written(tmp_path, text, "manifest.conf")])

    assert manifest.enterprises[0].slug == "acme"
    assert manifest.folder == tmp_path


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("~", None),
        ("5", 5),
    ],
)
def test_a_yaml_scalar_is_what_it_looks_like(text: str, value: object) -> None:
    assert parse_data(f"key: {text}") == {"key": value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("enterprises:\n  - slug: a\n    slug: b\n", "enterprises[0].slug: given twice"),
        ('{"enterprises": [{"slug": "a", "slug": "b"}]}', "slug: given twice"),
        ("a: &a {x: 1}\nb: {<<: *a, y: 1, y: 2}\n", "b.y: given twice"),
        ("a: &a [*a]\n", "a[0]: refers to itself"),
        ("a: [\n", "line 2, column 1: "),
        ('{"a": nope}', "unknown key"),
        ("a: b: c\n", "line 1, column 5: "),
        ("--- {}\n--- {}\n", "line 2, column 1: "),
        ("a: !!python/object:os.system x\n", "line 1, column 4: could not determine"),
        ("a: !!int x\n", "not readable: "),
        ("? [a]\n: b\n", "keys must be text"),
        ("[" * 5000, "nested too deeply"),
        ('{"a": ' * 5000, "nested too deeply"),
        ("\x07", "not readable: "),
        ('{"a": NaN}', "not readable: NaN is not a JSON value"),
    ],
)
def test_what_cannot_be_read_is_explained(tmp_path: Path, text: str, expected: str) -> None:
    [first, *_] = problems_of(written(tmp_path, text))

    assert expected in first


def test_a_merged_mapping_may_be_overridden() -> None:
    text = "one: {two: {<<: &b {<<: &a {x: 1}, x: 2}}}\nthree: {<<: *a, x: 3}\n"

    assert parse_data(text) == {"one": {"two": {"x": 2}}, "three": {"x": 3}}


def test_files_that_cannot_be_read_are_all_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"name: caf\xe9\n")

    missing, undecodable = problems_of(tmp_path / "missing.yaml", latin)

    assert missing == f"{tmp_path / 'missing.yaml'}: No such file or directory"
    assert undecodable.startswith(f"{latin}: not UTF-8")


def test_of_several_files_each_problem_names_its_own(tmp_path: Path) -> None:
    good = written(tmp_path, MINIMAL, "good.yaml")
    bad = written(tmp_path, "enterprises: [{slug: acme}]", "bad.yaml")

    assert problems_of(good, bad) == [
        f"{bad}: enterprises[0].uuid: required",
        f"{bad}: enterprises[0].name: required",
        f"{bad}: enterprises[0].slug: already used at {good}: enterprises[0].slug",
    ]


def test_an_enterprise_may_be_spread_over_files_that_agree(tmp_path: Path) -> None:
    one = written(tmp_path, MINIMAL, "one.yaml")
    two = written(tmp_path, MINIMAL.replace("Acme", "Acme, country: US"), "two.yaml")
    three = written(tmp_path, MINIMAL.replace("Acme", "Bcme"), "three.yaml")

    assert len(load([one, two])) == 2
    assert problems_of(one, three) == [
        f"{three}: enterprises[0].name: not the same as at {one}: enterprises[0].name"
    ]


@given(yaml_data)
def test_nothing_but_a_manifest_error_is_ever_raised(data: object) -> None:
    with TemporaryDirectory() as folder:
        file = written(Path(folder), yaml.safe_dump(data))
        with suppress(ManifestError):
            load([file])


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "- " * 100_000, "? " * 100_000, '{"a": [' * 50_000]
)
def test_what_is_nested_too_deeply_is_refused_by_a_process_that_lives(text: str) -> None:
    with pytest.raises(ManifestError):
        parse_data(text)


@pytest.mark.parametrize("opening", ["{a: ", "- "])
def test_two_hundred_collections_may_be_nested(opening: str) -> None:
    closing = {"{a: ": "}", "- ": ""}[opening]
    good, bad = (opening * depth + "1" + closing * depth for depth in (DEEPEST, DEEPEST + 1))
    assert parse_data(good)
    with pytest.raises(ManifestError, match="nested too deeply"):
        parse_data(bad)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ManifestError):
        parse_data(text)


@given(st.dictionaries(st.text(max_size=8), json_data))
def test_what_is_written_out_is_read_back_the_same(data: dict[str, Any]) -> None:
    assert parse_data(to_yaml(data)) == data


@given(st.dictionaries(st.text(max_size=8), json_data))
def test_json_is_read_as_json(data: dict[str, Any]) -> None:
    assert parse_data(json.dumps(data)) == data
