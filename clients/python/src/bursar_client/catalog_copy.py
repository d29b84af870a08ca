"""How a copy of a catalog is kept up to date, decided without sending anything.

A server that tells where to go on (`X-Next-Updated-Since`) is asked for what changed since. Of
another one everything is read, and compared with what was read before.
"""

import hashlib

import msgspec

from bursar_client.errors import CatalogKeepsChanging
from bursar_client.models.catalogs import Changed, Document, Removal, Removed
from bursar_client.pages import Page, read_page
from bursar_client.values import Record, as_list, read
from bursar_client.wire import Answer, Identifier, Request, get, path

CATALOG = "/enterprise/v2/enterprise-catalogs/{}"
RESTARTS = 8
Change = Changed | Removed


class CopyState(msgspec.Struct):
    """What is known of a copy after a complete reading."""

    since: str | None = None
    known: dict[str, str] = {}
    """Digests of the documents by their identifiers."""

    @classmethod
    def read(cls, text: str | None) -> "CopyState":
        return cls() if text is None else msgspec.json.decode(text, type=cls)

    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class CatalogReading:
    """One reading. Send `request`, `take` the answer, until there is no request any more."""

    def __init__(self, catalog: Identifier, state: CopyState, *, limit: int, afresh: bool) -> None:
        self._since = None if afresh else state.since
        self._old = state.known
        self._told = dict(state.known)
        """The copy as whoever listens has it now."""
        self._first = get(path(CATALOG, catalog), limit=limit, updated_since=self._since)
        self._restarts = 0
        self._begin()

    def _begin(self) -> None:
        self.request: Request | None = self._first
        self._stamp: tuple[str | None, int | None] | None = None
        self._seen: set[str] = set()

    def take(self, answer: Answer) -> list[Change]:
        page = read_page(answer, Document)
        stamp = answer.headers.get("x-next-updated-since"), page.count
        if self._stamp not in (None, stamp):
            self._restart()
            return []
        self._stamp = stamp
        self.request = page.following()
        changes: list[Change] = [*self._changed(page)]
        return changes if self.request else [*changes, *self._removed(page)]

    def state(self) -> CopyState:
        return CopyState(self._stamp[0] if self._stamp else None, self._told)

    def _restart(self) -> None:
        """A document may have moved to a page that was read already."""
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise CatalogKeepsChanging(f"{self._first.path} changed while it was read.")
        self._begin()

    def _changed(self, page: Page[Document]) -> list[Changed]:
        changed = []
        for document in page.items:
            digest = _digest(document)
            self._seen.add(document.identifier)
            if self._told.get(document.identifier) != digest:
                self._told[document.identifier] = digest
                changed.append(Changed(document))
        return changed

    def _removed(self, page: Page[Document]) -> list[Removed]:
        told = [read(Removal, item) for item in as_list(page.body.get("removed", []))]
        found = {removal.identifier: removal for removal in told}
        if not self._is_delta(page):
            gone = self._told.keys() - self._seen - found.keys()
            found |= {identifier: Removal(key=identifier) for identifier in sorted(gone)}
        return [Removed(one) for name, one in found.items() if self._told.pop(name, None)]

    def _is_delta(self, page: Page[Document]) -> bool:
        """A server that does not know `updated_since` ignores it, and lists everything."""
        return self._since is not None and "removed" in page.body


def _digest(document: Record) -> str:
    content = msgspec.json.encode(document, order="deterministic")
    return hashlib.sha256(content).hexdigest()[:16]
