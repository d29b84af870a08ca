"""Answers about catalogs: pages put together from bytes, validators, 304, remembered bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TypeVar

import msgspec
from cachetools import LRUCache
from sqlalchemy import Connection

from bursar import clock
from bursar.catalog.listings import service as listings
from bursar.catalog.listings.commands import Selection
from bursar.catalog.listings.indexes import MemberIndexes
from bursar.catalog.listings.owned import CatalogTarget
from bursar.catalog.listings.service import Listing, Look
from bursar.catalog.listings.views import RemovedItem, RemovedProgram
from bursar.pages import Page, PageRequest
from bursar.web.call import Answer
from bursar.web.compression import (
    MINIMUM_BYTES,
    Coding,
    choose_coding,
    compress,
    decompress,
    length_of,
)
from bursar.web.conditional import etag_of, http_date, is_unchanged, known_tag
from bursar.web.errors import NotFound
from bursar.web.negotiation import Format
from bursar.web.request import HttpRequest
from bursar.web.xml import to_xml


class PageCache:
    """Finished answers by what they were made from, bounded by their bytes."""

    def __init__(self, maximum_bytes: int) -> None:
        self._longest = maximum_bytes // 4
        self._pages: LRUCache[tuple[str, ...], bytes] = LRUCache(maximum_bytes, getsizeof=len)
        self._lock = Lock()

    def get(self, key: tuple[str, ...]) -> bytes | None:
        with self._lock:
            return self._pages.get(key)

    def put(self, key: tuple[str, ...], page: bytes) -> None:
        """Keeps the page, unless it alone would take more than a quarter of the room."""
        if len(page) > self._longest:
            return
        with self._lock:
            self._pages[key] = page


@dataclass(frozen=True, slots=True)
class CatalogServices:
    """What the catalog routes share between requests."""

    indexes: MemberIndexes
    pages: PageCache
    look: Look


Content = TypeVar("Content")
"""Whatever the route says that its answer holds: here it is bytes already."""


@dataclass(frozen=True, slots=True)
class Conditional:
    """Answers one request: with 304, with remembered bytes, or with new ones.

    A page that is remembered cannot be stale: it is found by its ETag, which covers everything
    that decides its bytes.
    """

    request: HttpRequest
    pages: PageCache

    def of_state(
        self, *state: object, last_modified: datetime, build: Callable[[], bytes]
    ) -> Answer[Content]:
        """`state` decides every byte of the answer, together with URL and format. `build` gives
        the answer as JSON, and is called only when nobody remembers it."""
        return self._answer(etag_of(*state), last_modified, build)

    def of_bytes(self, body: bytes, last_modified: datetime | None) -> Answer[Content]:
        """For a small answer, as JSON, that names itself by its bytes."""
        etag = etag_of(body, self.request.negotiated.format)
        return self._answer(etag, last_modified, lambda: body)

    def _answer(
        self, etag: str, last_modified: datetime | None, build: Callable[[], bytes]
    ) -> Answer[Content]:
        headers = {"ETag": f'"{etag}"', "Cache-Control": "private, no-cache"}
        if last_modified is not None:
            headers["Last-Modified"] = http_date(last_modified)
        asked = self.request.headers.get
        if is_unchanged(asked("if-none-match"), asked("if-modified-since"), etag, last_modified):
            headers["ETag"] = f'"{known_tag(asked("if-none-match"), etag)}"'
            return Answer(status=304, headers=headers)
        packed = self._remembered(etag, "zstd", lambda: self._formatted(build()))
        coding = choose_coding(asked("accept-encoding"))
        if coding is None or length_of(packed) < MINIMUM_BYTES:
            return Answer(body=decompress(packed), headers=headers)
        headers["Content-Encoding"] = coding
        headers["ETag"] = f'"{etag}-{coding}"'
        if coding != "zstd":
            packed = self._remembered(etag, coding, lambda: decompress(packed))
        return Answer(body=packed, headers=headers)

    def _formatted(self, body: bytes) -> bytes:
        if self.request.negotiated.format is Format.JSON:
            return body
        return to_xml(msgspec.json.decode(body))

    def _remembered(self, etag: str, coding: Coding, build: Callable[[], bytes]) -> bytes:
        """Compressed, so that many times as many pages fit. Giving one out plain costs next to
        nothing."""
        key = (etag, coding)
        packed = self.pages.get(key)
        if packed is None:
            packed = compress(build(), coding)
            self.pages.put(key, packed)
        return packed


@dataclass(frozen=True, slots=True)
class CatalogReader:
    """Answers one request for content of one catalog."""

    catalog: CatalogTarget
    request: HttpRequest
    services: CatalogServices
    connection: Connection

    def all(self, wanted: PageRequest) -> Answer[bytes]:
        """A page of what the catalog lists now."""
        listing = self._listing()
        # The page is found before the cache is looked at, and before 304: of a page that is not
        # there, the answer must say so.
        page = wanted.within(len(listing.ids))
        return self._list(listing, lambda: self._page(page, listing.ids))

    def selected(self, wanted: PageRequest, selection: Selection) -> Answer[bytes]:
        """A page of what was asked for by keys, listed or not, or of what changed."""

        def build() -> bytes:
            ids = listings.selected_ids(self.connection, self.catalog, selection)
            page = wanted.within(len(ids))
            if selection.since is None:
                return self._page(page, ids)
            removed = listings.removed_since(
                self.connection, self.catalog, selection, selection.since
            )
            return self._page(page, ids, removed)

        return self._list(self._listing(), build)

    def item(
        self, content_id: int, body_hash: bytes, nested_run: str | None = None
    ) -> Answer[bytes]:
        """One document, or the run of this key as the document has it."""

        def build() -> bytes:
            document = listings.document(
                self.connection,
                self.catalog,
                content_id,
                self.services.look,
            )
            if nested_run is None:
                return document
            run = listings.nested_run(document, nested_run)
            if run is None:
                raise NotFound
            return run

        return self._answer(self._listing(), build, body_hash.hex(), nested_run)

    def _page(
        self,
        page: Page,
        ids: Sequence[int],
        removed: Sequence[RemovedItem | RemovedProgram] | None = None,
    ) -> bytes:
        """`ids` are those of the whole list. The documents are bytes that nobody parses."""
        wanted = ids[page.start : page.start + page.size]
        documents = listings.listed_documents(
            self.connection, self.catalog, wanted, self.services.look
        )
        head = msgspec.json.encode(
            {
                "count": page.count,
                "next": self.request.next_link(page),
                "previous": self.request.previous_link(page),
            }
        )
        tail: dict[str, object] = {
            "uuid": self.catalog.uuid,
            "title": self.catalog.title,
            "enterprise_customer": self.catalog.enterprise_uuid,
        }
        if removed is not None:
            tail["removed"] = removed
        return b'%s,"results":[%s],%s' % (head[:-1], documents, msgspec.json.encode(tail)[1:])

    def _listing(self) -> Listing:
        return listings.listing_of(
            self.connection, self.services.indexes, self.catalog, self.request.now
        )

    def _list(self, listing: Listing, build: Callable[[], bytes]) -> Answer[bytes]:
        """A page, with the instant that the next request for changes begins at."""
        answer = self._answer(listing, build, *listing.state)
        # It leaves out what the clock closed since: a change that was stamped before that, and is
        # committed later, must not be missed. What closed is told again.
        answer.headers["X-Next-Updated-Since"] = clock.format_instant(listing.changed_at)
        return answer

    def _answer(
        self, listing: Listing, build: Callable[[], bytes], *state: object
    ) -> Answer[bytes]:
        """`state` and the catalog's own columns decide every byte; together with the URL they
        name the answer."""
        return Conditional(self.request, self.services.pages).of_state(
            self.catalog.uuid,
            self.catalog.query_uuid,
            self.catalog.modified_at,
            self.catalog.slug,
            self.services.look,
            self.request.url,
            self.request.query.raw,
            self.request.negotiated.format,
            *state,
            last_modified=listing.last_modified,
            build=build,
        )
