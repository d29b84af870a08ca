"""Manifests that nobody means well: applied, or refused with the path of every problem."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar import clock
from bursar.actors import Actor
from bursar.catalog.filters.operators import OPERATORS
from bursar.database.engine import Database
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import ManifestError, load
from testing.examples import FUZZ_EXAMPLES
from testing.worlds.contract import ACME, COURSE, identifier, manifest
from testing.worlds.contract_credit import with_budgets
from testing.worlds.contract_licenses import with_plans
from tests.fuzz.hostile import fuzzing, json_trees, scalars, spoiled, texts

FILTER_FIELDS: Final = ["key", "org", "content_type", "aggregation_key", "course_runs.key", "a.b"]
filters = st.dictionaries(
    st.builds("{}__{}".format, st.sampled_from(FILTER_FIELDS), st.sampled_from(list(OPERATORS)))
    | st.sampled_from([*FILTER_FIELDS, "enterprise_force_include_aggregation_keys"])
    | texts,
    scalars | st.lists(scalars, max_size=3) | json_trees,
    max_size=3,
)


class _Undone(Exception):
    """Ends a transaction that nothing shall be left of."""


class Applying:
    """As `bursar apply` does it, but for keeping it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.file = folder / "manifest"

    def of_text(self, text: bytes) -> list[str]:
        """The problems. None: it was applied."""
        self.file.write_bytes(text)
        try:
            with self.database.transaction() as session:
                apply(session, Actor("fuzz"), load([self.file]), now=clock.now())
                session.flush()
                raise _Undone
        except ManifestError as error:
            return error.problems or ["a refusal without a reason"]
        except _Undone:
            return []

    def of_tree(self, tree: Any) -> list[str]:
        return self.of_text(json.dumps(tree).encode())


@pytest.fixture(scope="session")
def applying(hunting_ground: Database, tmp_path_factory: pytest.TempPathFactory) -> Applying:
    return Applying(hunting_ground, tmp_path_factory.mktemp("manifests"))


def small(tree: dict[str, Any]) -> dict[str, Any]:
    """With little content, so that a change hits something else."""
    return tree | {"content": tree["content"][:1] + tree["content"][-1:]}


GOOD: Final = small(with_plans(with_budgets(manifest())))


def test_the_good_one_is_applied(applying: Applying) -> None:
    assert applying.of_tree(GOOD) == []


@settings(fuzzing, max_examples=max(1, FUZZ_EXAMPLES // 4))
@given(tree=spoiled(GOOD))
def test_a_spoiled_manifest(applying: Applying, tree: Any) -> None:
    applying.of_tree(tree)


@fuzzing
@given(tree=spoiled(GOOD["enterprises"][0]))
def test_a_spoiled_enterprise(applying: Applying, tree: Any) -> None:
    applying.of_tree({"enterprises": [tree]})


@fuzzing
@given(document=spoiled(COURSE) | json_trees, kind=st.sampled_from(["course", "course_run"]))
def test_spoiled_content(applying: Applying, document: Any, kind: str) -> None:
    applying.of_tree({"content": [{kind: document}]})


@fuzzing
@given(content_filter=filters)
def test_any_content_filter(applying: Applying, content_filter: Any) -> None:
    catalog = {"uuid": str(identifier("fuzz")), "title": "Fuzz", "content_filter": content_filter}
    acme = {"uuid": str(ACME), "name": "Acme", "slug": "acme", "catalogs": [catalog]}
    problems = applying.of_tree({"enterprises": [acme]})
    known = ("enterprises[0].catalogs[0].content_filter", "not readable: ")
    assert all(line.startswith(known) for line in problems)


@fuzzing
@given(tree=json_trees | spoiled({"enterprises": [], "content": []}))
def test_any_tree_as_yaml(applying: Applying, tree: Any) -> None:
    text = yaml.safe_dump(tree, allow_unicode=False)
    applying.of_text(text.encode("utf-8", "surrogatepass"))


@fuzzing
@given(data=st.data())
def test_a_good_text_with_something_in_it(applying: Applying, data: Any) -> None:
    text = yaml.safe_dump(GOOD["enterprises"][1]).encode()
    place = data.draw(st.integers(0, len(text)))
    thing = data.draw(
        st.binary(max_size=4)
        | st.sampled_from(
            [b"\x00", b"\t", b"- ", b": ", b"&a", b"*a", b"!!int ", b"? ", b"\n---\n"]
        )
    )
    applying.of_text(text[:place] + thing + text[place:])


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"- " * 50_000,
        b"a: &a [1]\n" + b"".join(b"b%d: [*a, *a]\n" % number for number in range(100)),
        b"\xff\xfe\x00",
        b"x: 1" + b"0" * 5_000,
        b'{"enterprises": 1' + b"0" * 5_000 + b"}",
        b'{"enterprises": [{"uuid": "\\ud800"}]}',
        b"enterprises: !!python/object/apply:os.system [x]",
        b"enterprises: !!binary x",
    ],
)
def test_each_that_is_meant_to_hurt(applying: Applying, text: bytes) -> None:
    assert applying.of_text(text)
