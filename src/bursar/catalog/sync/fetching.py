"""Gets the pages of a run, one after the other, and keeps each as soon as it has come."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.sync.models import SyncPage, SyncRun
from bursar.catalog.sync.source import Listing, Page, PageGone, SourceTrouble
from bursar.catalog.sync.work import Work

MOST_PAGES: Final = 20_000
"""Of one list, whatever the service says."""
SPARE_PAGES: Final = 20
"""By which a list may be longer than its first page says, because things are added meanwhile."""

FULL: Final = (Listing.COURSES, Listing.COURSE_RUNS, Listing.PROGRAMS, Listing.SEARCH)
DELTA: Final = (Listing.COURSES, Listing.PROGRAMS)
"""The service can say of these only what was changed since an instant."""


def fetch_pages(work: Work) -> None:
    """All that this run lacks. Raises SourceTrouble, after which the next attempt goes on with the
    page that did not come."""
    with work.step() as (_, run):
        listings, since = (FULL if run.is_full else DELTA), run.since
    for listing in listings:
        last = _last_page(work, listing)
        query = work.source.first_query(listing, since) if last is None else last.next_query
        while query is not None:
            try:
                page = work.source.page(listing, query, work.wait)
            except PageGone:
                if _last_page(work, listing) is None:
                    raise
                # An end that says of itself that the list has become shorter: nothing is removed.
                page = Page([], 0, None, None)
            query = _keep(work, listing, page)


def _last_page(work: Work, listing: Listing) -> SyncPage | None:
    with work.step() as (session, run):
        pages = select(SyncPage).where(SyncPage.run_id == run.id, SyncPage.listing == listing)
        return session.scalars(pages.order_by(SyncPage.number.desc()).limit(1)).one_or_none()


def _keep(work: Work, listing: Listing, page: Page) -> str | None:
    """Stores the page. Returns the query for the next one. Raises SourceTrouble."""
    body = msgspec.json.encode(page.results)
    digest, packed = blake2b(body, digest_size=16).digest(), zlib.compress(body, 1)
    with work.step() as (session, run):
        known = _Known.of(session, run, listing)
        known.refuse_endless(session, page, digest)
        session.add(
            SyncPage(
                run_id=run.id,
                listing=listing,
                number=known.next_number,
                digest=digest,
                body=packed,
                items=len(page.results),
                told_count=page.count,
                next_query=page.next_query,
                fetched_at=clock.now(),
                is_applied=False,
            )
        )
        run.pages += 1
        run.told_at = run.told_at or page.told_at
    work.tell(f"{listing}: page {known.next_number}{_of_how_many(page, known.first)}")
    return page.next_query


@dataclass(frozen=True, slots=True)
class _Known:
    """What has come of a list before."""

    listing: Listing
    run_id: int
    first: SyncPage | None
    next_number: int

    @classmethod
    def of(cls, session: Session, run: SyncRun, listing: Listing) -> "_Known":
        of_list = (SyncPage.run_id == run.id, SyncPage.listing == listing)
        last = session.scalar(select(func.max(SyncPage.number)).where(*of_list)) or 0
        first = session.get(SyncPage, (run.id, listing, 1)) if last else None
        return cls(listing, run.id, first, last + 1)

    def refuse_endless(self, session: Session, page: Page, digest: bytes) -> None:
        """Raises SourceTrouble for a list that would never end."""
        known = select(SyncPage.number).where(
            SyncPage.run_id == self.run_id, SyncPage.listing == self.listing
        )
        told = f"page {self.next_number} of {self.listing}"
        same = session.scalar(known.where(SyncPage.digest == digest).limit(1))
        if same is not None and page.results:
            raise SourceTrouble(f"{told} is page {same} again: the list never ends")
        asked = session.scalar(known.where(SyncPage.next_query == page.next_query).limit(1))
        if asked is not None and page.next_query is not None:
            raise SourceTrouble(f"{told} leads back to page {asked + 1}: the list never ends")
        if self.next_number > _most_pages(page, self.first):
            raise SourceTrouble(f"{self.listing} has more pages than things, by its own count")


def _most_pages(page: Page, first: SyncPage | None) -> int:
    if first is None or first.told_count is None or not first.items:
        return MOST_PAGES
    told = max(first.told_count, page.count or 0)
    return min(MOST_PAGES, -(-told // first.items) + SPARE_PAGES)


def _of_how_many(page: Page, first: SyncPage | None) -> str:
    size = len(page.results) if first is None else first.items
    return f" of {-(-page.count // size)}" if page.count and size else ""


def results_of(page: SyncPage) -> Sequence[msgspec.Raw]:
    """As they came."""
    return msgspec.json.decode(zlib.decompress(page.body), type=list[msgspec.Raw])
