"""A copy that follows a catalog that changes at any moment, also while it is read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_client import (
    Bursar,
    CatalogKeepsChanging,
    Changed,
    FileCursors,
    MemoryCursors,
)
from bursar_client.cursors import Cursors
from tests.clients_python.scripted import Script, answer

NAMES = st.sampled_from("abcdefgh")
STEPS = st.lists(st.tuples(NAMES, st.sampled_from([None, 1, 2, 3])), max_size=6)


@dataclass
class Catalog:
    """As Bursar lists it, three documents on a page. `tells` is what other services do not."""

    tells: bool
    listed: dict[str, int] = field(default_factory=dict)
    changed_at: dict[str, int] = field(default_factory=dict)
    time: int = 0
    between: Iterator[list[tuple[str, int | None]]] = field(default_factory=lambda: iter([]))
    """What happens before the next answers."""

    def change(self, steps: list[tuple[str, int | None]]) -> None:
        for name, version in steps:
            self.time += 1
            self.changed_at[name] = self.time
            if version is None:
                self.listed.pop(name, None)
            else:
                self.listed[name] = version

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.change(next(self.between, []))
        since = request.url.params.get("updated_since") if self.tells else None
        names = sorted(name for name in self.listed if self._is_newer(name, since))
        page = int(request.url.params.get("page", 1))
        body: dict[str, object] = {
            "count": len(names),
            "next": f"{request.url.copy_set_param('page', page + 1)}"
            if names[page * 3 :]
            else None,
            "previous": None,
            "results": [
                {"key": name, "content_type": "course", "title": f"Version {self.listed[name]}"}
                for name in names[page * 3 - 3 : page * 3]
            ],
        }
        if since is not None:
            gone = [name for name in self.changed_at if name not in self.listed]
            body["removed"] = [
                {"key": name, "content_type": "course", "removed": True, "reason": "filtered"}
                for name in gone
                if self._is_newer(name, since)
            ]
        headers = {"x-next-updated-since": str(self.time)} if self.tells else {}
        return answer(body, headers=headers)

    def _is_newer(self, name: str, since: str | None) -> bool:
        return since is None or self.changed_at[name] > int(since)


def _apply(copy: dict[str, str | None], bursar: Bursar, cursors: Cursors) -> int:
    """How many changes were told."""
    changes = list(bursar.sync_catalog("c1", cursors))
    for change in changes:
        if isinstance(change, Changed):
            copy[change.identifier] = change.document.title
        else:
            del copy[change.identifier]
    return len(changes)


def _wanted(catalog: Catalog) -> dict[str, str]:
    return {name: f"Version {version}" for name, version in catalog.listed.items()}


@given(tells=st.booleans(), rounds=st.lists(st.tuples(STEPS, st.lists(STEPS, max_size=3))))
def test_a_copy_is_what_is_listed(
    tells: bool,
    rounds: list[tuple[list[tuple[str, int | None]], list[list[tuple[str, int | None]]]]],
) -> None:
    catalog, cursors, copy = Catalog(tells), MemoryCursors(), dict[str, str | None]()
    bursar = Script([catalog]).bursar()
    for before, meanwhile in rounds:
        catalog.change(before)
        catalog.between = iter(meanwhile)
        _apply(copy, bursar, cursors)
        # Services that tell no stamp are only known to have changed by their count.
        if not tells:
            catalog.between = iter([])
            _apply(copy, bursar, cursors)
        assert copy == _wanted(catalog)


def test_only_what_changed_is_asked_for_and_told() -> None:
    catalog, cursors, copy = Catalog(tells=True), MemoryCursors(), dict[str, str | None]()
    script = Script([catalog])
    catalog.change([(name, 1) for name in "abcdefgh"])
    assert _apply(copy, script.bursar(), cursors) == 8
    catalog.change([("b", 2), ("h", None)])
    asked_before = len(script.requests)
    assert _apply(copy, script.bursar(), cursors) == 2
    (asked,) = script.requests[asked_before:]
    assert asked.url.params["updated_since"] == "8"
    assert _apply(copy, script.bursar(), cursors) == 0


def test_of_other_services_only_what_changed_is_told() -> None:
    catalog, cursors, copy = Catalog(tells=False), MemoryCursors(), dict[str, str | None]()
    bursar = Script([catalog]).bursar()
    catalog.change([(name, 1) for name in "abcdefgh"])
    _apply(copy, bursar, cursors)
    catalog.change([("b", 2), ("h", None)])
    assert _apply(copy, bursar, cursors) == 2


def test_a_copy_that_was_interrupted_is_told_again() -> None:
    catalog, cursors = Catalog(tells=True), MemoryCursors()
    bursar = Script([catalog]).bursar()
    catalog.change([(name, 1) for name in "abcde"])
    first = next(iter(bursar.sync_catalog("c1", cursors)))
    assert first.identifier == "a"
    copy: dict[str, str | None] = {}
    assert _apply(copy, bursar, cursors) == 5


def test_everything_is_compared_afresh() -> None:
    catalog, cursors, copy = Catalog(tells=True), MemoryCursors(), dict[str, str | None]()
    bursar = Script([catalog]).bursar()
    catalog.change([(name, 1) for name in "abcde"])
    _apply(copy, bursar, cursors)
    # As after an upgrade: a document is another one, and its stamp is as it was.
    catalog.listed["a"] = 2
    del catalog.listed["b"]
    assert _apply(copy, bursar, cursors) == 0
    told = [change.identifier for change in bursar.sync_catalog("c1", cursors, afresh=True)]
    assert told == ["a", "b"]


def test_a_catalog_that_never_stands_still() -> None:
    catalog = Catalog(tells=True)
    catalog.change([(name, 1) for name in "abcdefgh"])
    catalog.between = iter([[("a", version % 3 + 1)] for version in range(1000)])
    with pytest.raises(CatalogKeepsChanging):
        list(Script([catalog]).bursar().sync_catalog("c1", MemoryCursors()))


def test_cursors_in_files_outlive_the_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cursors") / "new"
    assert FileCursors(folder).load("catalog-../c 1") is None
    FileCursors(folder).save("catalog-../c 1", "one")
    FileCursors(folder).save("catalog-../c 1", "two")
    assert FileCursors(folder).load("catalog-../c 1") == "two"
    assert [path.name for path in folder.iterdir()] == ["catalog-..%2Fc%201.cursor"]
