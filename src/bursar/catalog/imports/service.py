"""The front door of imports: stores documents and brings the membership of every query along."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.content.documents import Document
from bursar.catalog.content.merging import with_what_is_stored
from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.own_restrictions import (
    held_by,
    known_restrictions,
    told_by,
    with_restrictions_told,
)
from bursar.catalog.content.restricted import Restrictions
from bursar.catalog.content.service import lock_content
from bursar.catalog.content.templates import decode_as_imported
from bursar.catalog.imports.events import ContentImported
from bursar.catalog.imports.writing import (
    Identity,
    identity_of,
    known_rows,
    write_documents,
    write_holders,
)
from bursar.database.bulk import is_any_of
from bursar.database.types import AnyRow
from bursar.events.service import publish
from bursar.importing.records import Tally


class Stored(NamedTuple):
    """What became of documents."""

    given: int
    created: frozenset[Identity]
    changed: frozenset[Identity]

    @property
    def tally(self) -> Tally:
        created, changed = len(self.created), len(self.changed)
        return Tally(created, changed, self.given - created - changed)


def store_documents(
    session: Session,
    actor: Actor,
    documents: Sequence[Document],
    at: datetime | None = None,
    *,
    merge: bool = False,
    has_all_runs: bool = False,
) -> Stored:
    """Inserts or replaces documents by type and key; of several with one key the last counts.

    With `merge`, keys and runs that a document lacks stay as they are stored (content/merging.py);
    runs do not when the documents come from where courses are told with all of them.
    Takes the content lock for the rest of the caller's transaction. Without `at`, changes are
    stamped with the instant at which the lock was taken, so that clients that poll miss nothing.
    """
    now = lock_content(session, at)
    latest = _latest(documents, merge=merge)
    known = known_rows(session, list(latest.values()))
    new = [document for identity, document in latest.items() if identity not in known]
    # Of a deleted document only an empty row is left, which the new one takes.
    changed = [
        document
        for identity, document in latest.items()
        if identity in known and known[identity].body_hash != document.body_hash
    ]
    if merge:
        changed = _completed(session, changed, known, has_all_runs=has_all_runs)
    told = _told(session, [*new, *changed])
    new = with_restrictions_told(new, told.restrictions)
    changed = [
        document
        for document in with_restrictions_told(changed, told.restrictions)
        if known[identity_of(document)].body_hash != document.body_hash
    ]
    stored = _stored(len(documents), new, changed, known)
    if new or changed:
        write_documents(session, new, changed, known, now)
        write_holders(session, told.turned, now)
        counts = {"created": len(stored.created), "changed": len(stored.changed)}
        imported = ContentImported(object_id="", enterprise_uuid=None, data=counts)
        publish(session, actor, [imported], at=now)
    return stored


def _stored(
    given: int,
    new: Sequence[Document],
    changed: Sequence[Document],
    known: Mapping[Identity, AnyRow],
) -> Stored:
    """A deleted document that came back counts as created."""
    replaced = frozenset(map(identity_of, changed))
    back = frozenset(each for each in replaced if known[each].deleted_at is not None)
    return Stored(given, frozenset(map(identity_of, new)) | back, replaced - back)


class _Told(NamedTuple):
    restrictions: Restrictions
    """Of the runs that the documents hold, and of those that have documents of their own here."""
    turned: set[str]
    """The keys of runs of which something else was known."""


def _told(session: Session, documents: Sequence[Document]) -> _Told:
    here = told_by(documents)
    known = known_restrictions(session, here.keys() | held_by(documents))
    restrictions = {key: told for key, told in (known | here).items() if told is not None}
    return _Told(restrictions, {key for key, told in here.items() if told != known.get(key)})


def _latest(documents: Sequence[Document], *, merge: bool) -> dict[Identity, Document]:
    latest: dict[Identity, Document] = {}
    for document in documents:
        identity = identity_of(document)
        if merge and identity in latest:
            document = with_what_is_stored(document, latest[identity].data)  # noqa: PLW2901
        latest[identity] = document
    return latest


def _completed(
    session: Session,
    documents: list[Document],
    known: Mapping[Identity, AnyRow],
    *,
    has_all_runs: bool,
) -> list[Document]:
    """With what they lack, and without those that say nothing new."""
    ids = [known[identity_of(document)].id for document in documents]
    statement = select(ContentItem.id, ContentItem.body).where(
        is_any_of(session, ContentItem.id, ids)
    )
    bodies = {row.id: row.body for row in session.execute(statement)} if ids else {}
    completed = []
    for document in documents:
        row = known[identity_of(document)]
        stored = decode_as_imported(bodies[row.id])
        whole = with_what_is_stored(document, stored, has_all_runs=has_all_runs)
        if whole.body_hash != row.body_hash:
            completed.append(whole)
    return completed
