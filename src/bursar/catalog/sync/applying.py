"""Brings the stored content to what the pages of a run say, when all of them have come."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.content.documents import Document
from bursar.catalog.imports.completion import check_missing, delete_missing
from bursar.catalog.imports.refusals import TooMuchMissing
from bursar.catalog.imports.service import store_documents
from bursar.catalog.sync.events import ContentSynced, ContentSyncStopped
from bursar.catalog.sync.fetching import FULL, results_of
from bursar.catalog.sync.models import SyncPage, SyncRun
from bursar.catalog.sync.reading import KINDS, Found, documents_in
from bursar.catalog.sync.runs import end
from bursar.catalog.sync.source import Listing
from bursar.catalog.sync.states import SyncState
from bursar.catalog.sync.work import Work
from bursar.events.service import publish

MOST_TOLD: Final = 100
"""Rejected documents whose reasons are kept."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Guard:
    most_percent: int
    force: bool


def apply_pages(work: Work, guard: Guard) -> None:
    """Ends the run. It is resumed with the first page that was not applied yet."""
    pages = _pages(work)
    found, is_full = _found(work, pages)
    obstacle = _obstacle(work, found) if is_full else None
    if is_full and obstacle is None and not guard.force and _is_guarded(work, found, guard):
        return
    for listing, number in pages:
        _apply(work, found, listing, number, with_runs=not is_full)
    _finish(work, found, guard, is_full=is_full, obstacle=obstacle)


def _pages(work: Work) -> list[tuple[Listing, int]]:
    with work.step() as (session, run):
        statement = select(SyncPage.listing, SyncPage.number).where(SyncPage.run_id == run.id)
        pages = [(Listing(each.listing), each.number) for each in session.execute(statement)]
    return sorted(pages, key=lambda page: (FULL.index(page[0]), page[1]))


def _found(work: Work, pages: list[tuple[Listing, int]]) -> tuple[Found, bool]:
    """What all pages are about. Only a full sweep knows what is missing."""
    with work.step() as (_, run):
        is_full = run.is_full
    found = Found({kind: set() for kind in KINDS.values()} if is_full else {})
    for listing, number in pages if is_full else ():
        for raw in results_of(_page(work, listing, number)):
            found.note(listing, raw)
    return found, is_full


def _page(work: Work, listing: Listing, number: int) -> SyncPage:
    with work.step() as (session, run):
        return session.get_one(SyncPage, (run.id, listing, number))


def _obstacle(work: Work, found: Found) -> str | None:
    """Why it cannot be told what is missing: something that is there may not have come."""
    if found.nameless:
        return f"{found.nameless} results have neither key nor uuid, and may be what is missing"
    with work.step() as (session, run):
        for listing, kind in KINDS.items():
            statement = select(SyncPage.told_count).where(
                SyncPage.run_id == run.id, SyncPage.listing == listing
            )
            counts = list(session.scalars(statement.order_by(SyncPage.number)))
            told = [count for count in counts if count is not None]
            if any(later < earlier for earlier, later in pairwise(told)):
                return f"{listing} became fewer while they were read, so that some may be passed by"
            if told and len(found.keys[kind]) < told[-1]:
                return f"only {len(found.keys[kind])} of {told[-1]} {listing} came"
    return None


def _is_guarded(work: Work, found: Found, guard: Guard) -> bool:
    with work.step() as (session, run):
        try:
            check_missing(session, found.keys, guard.most_percent)
        except TooMuchMissing as stop:
            _stop(session, work, run, stop)
            return True
    return False


def _stop(session: Session, work: Work, run: SyncRun, stop: TooMuchMissing) -> None:
    now = clock.now()
    run.reason = f"it would remove {stop.told}"
    end(session, run, SyncState.GUARDED, now)
    data = {"missing": stop.missing, "stored": stop.stored, "most_percent": stop.most_percent}
    stopped = ContentSyncStopped(object_id="", enterprise_uuid=None, data=data)
    publish(session, work.actor, [stopped], at=now)
    _log.error("content.sync_stopped", reason=run.reason)


def _apply(work: Work, found: Found, listing: Listing, number: int, *, with_runs: bool) -> None:
    with work.step() as (session, run):
        page = session.get_one(SyncPage, (run.id, listing, number))
        if page.is_applied:
            return
        documents, rejected = list[Document](), list[dict[str, Any]]()
        for position, raw in enumerate(results_of(page), start=1):
            for read in documents_in(listing, raw, found, with_runs=with_runs):
                if isinstance(read, str):
                    rejected.append(_rejection(listing, number, position, raw, read))
                else:
                    documents.append(read)
        is_course = listing is Listing.COURSES
        tally = store_documents(
            session, work.actor, documents, merge=True, has_all_runs=is_course
        ).tally
        run.created += tally.created
        run.changed += tally.changed
        run.unchanged += tally.unchanged
        run.rejected += len(rejected)
        run.rejections = [*run.rejections, *rejected][:MOST_TOLD]
        page.is_applied = True
    for each in rejected:
        work.tell(f"rejected: {listing}, page {number}, {each['name']}: {each['reason']}")


def _rejection(
    listing: Listing, number: int, position: int, raw: msgspec.Raw, reason: str
) -> dict[str, Any]:
    return {
        "listing": listing.value,
        "page": number,
        "position": position,
        "name": name_of(raw) or f"result {position}",
        "reason": reason[:500],
    }


def name_of(raw: msgspec.Raw) -> str:
    """The key or the uuid of a result, as a person would look for it."""
    try:
        data = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
    told = (data.get("key") or data.get("uuid")) if isinstance(data, dict) else None
    return told[:255].replace("\x00", "") if isinstance(told, str) else ""


def _finish(work: Work, found: Found, guard: Guard, *, is_full: bool, obstacle: str | None) -> None:
    """Removes what a full sweep did not find, and ends the run, in one transaction."""
    with work.step() as (session, run):
        run.reason = obstacle and f"nothing was removed: {obstacle}"
        run.is_complete = is_full and obstacle is None
        if run.is_complete:
            try:
                run.removed = delete_missing(
                    session,
                    work.actor,
                    found.keys,
                    force=guard.force,
                    most_percent=guard.most_percent,
                )
            except TooMuchMissing as stop:
                # Others have changed what is stored since the guard looked.
                run.is_complete = False
                _stop(session, work, run, stop)
                return
        now = clock.now()
        run.failures = 0
        end(session, run, SyncState.DONE, now)
        synced = ContentSynced(object_id="", enterprise_uuid=None, data=_counts(run))
        publish(session, work.actor, [synced], at=now)


def _counts(run: SyncRun) -> dict[str, Any]:
    return {
        "sweep": "full" if run.is_full else "delta",
        "pages": run.pages,
        "created": run.created,
        "changed": run.changed,
        "unchanged": run.unchanged,
        "removed": run.removed,
        "rejected": run.rejected,
    }
