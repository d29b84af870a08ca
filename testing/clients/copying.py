"""A client that keeps a copy of a catalog: whole, and then only what changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

Document = dict[str, Any]
Identity = tuple[str, str]
"""Content type and key, or uuid."""

CURSOR: Final = "x-next-updated-since"


class Answer(NamedTuple):
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Document


Get = Callable[[str], Answer]
"""Of a path with its query, or of an absolute link."""


class Disturbed(Exception):
    """The catalog changed while its pages were read."""


@dataclass
class CatalogCopy:
    """As docs/reference/catalogs.md tells clients to keep one."""

    get: Get
    path: str
    page_size: int = 20
    documents: dict[Identity, Document] = field(default_factory=dict)
    cursor: str | None = None

    def crawl(self) -> None:
        """All of the catalog: what the copy has and the catalog has not is given up."""
        pages = self._pages({})
        self.documents = {identity_of(item): item for page in pages for item in page["results"]}

    def sync(self) -> None:
        """Only what changed since the copy was brought up to date last."""
        if self.cursor is None:
            self.crawl()
            return
        pages = self._pages({"updated_since": self.cursor})
        for item in pages[-1]["removed"]:
            self.documents.pop(identity_of(item), None)
        for page in pages:
            self.documents.update({identity_of(item): item for item in page["results"]})

    def _pages(self, query: Mapping[str, str]) -> list[Document]:
        while True:
            try:
                return self._pages_at_once(query)
            except Disturbed:
                continue

    def _pages_at_once(self, query: Mapping[str, str]) -> list[Document]:
        """Raises Disturbed: a document that moved from one page to another would be missed."""
        first = self.get(f"{self.path}?{urlencode({**query, 'limit': self.page_size})}")
        pages, state = [first.body], _state(first)
        while pages[-1]["next"] is not None:
            answer = self.get(pages[-1]["next"])
            if _state(answer) != state:
                raise Disturbed
            pages.append(answer.body)
        self.cursor = first.headers[CURSOR]
        return pages


class SkippingCopy(CatalogCopy):
    """Asks the list of catalogs first, and reads nothing of a catalog whose content is as it was.

    It is told of a change by `content_last_modified`, and begins with that the next time.
    """

    def sync(self) -> None:
        since, told = self.cursor, self._content_last_modified()
        if since == told:
            return
        while True:
            self.cursor = since
            super().sync()
            now = self._content_last_modified()
            if now == told:
                break
            told = now
        self.cursor = told

    def _content_last_modified(self) -> str:
        root, _, uuid = self.path.rpartition("/")
        path = f"{root}?page_size=100"
        while True:
            page = self.get(path).body
            for catalog in page["results"]:
                if catalog["uuid"] == uuid:
                    return str(catalog["content_last_modified"])
            path = page["next"]


def _state(page: Answer) -> tuple[str, int]:
    """What changes with every change of what is listed: the clock alone makes the list shorter."""
    return page.headers[CURSOR], page.body["count"]


def identity_of(item: Document) -> Identity:
    return item["content_type"], item.get("key") or item["uuid"]
