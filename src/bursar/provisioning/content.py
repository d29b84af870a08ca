"""The content of manifests: documents written in them, and files of one document a line."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import Document, parse_document
from bursar.catalog.content.refusals import BrokenDocument
from bursar.catalog.imports.answers import documents_in
from bursar.catalog.imports.service import store_documents
from bursar.catalog.imports.writing import Identity, identity_of
from bursar.provisioning.forms import ContentForm
from bursar.provisioning.manifest import Manifest
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import problem

BATCH: Final = 1000
MOST_PROBLEMS: Final = 100
_KINDS: Final = {
    "course": ContentType.COURSE,
    "course_run": ContentType.COURSE_RUN,
    "program": ContentType.PROGRAM,
}
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Placed = tuple[str, Document | str]
"""The place of a document, with the document or the reason why it cannot be one."""


@dataclass(slots=True)
class ContentRun:
    """Stores documents until there is a problem. From then on it only looks for more problems."""

    session: Session
    actor: Actor
    now: datetime
    plan: Plan
    on_progress: Callable[[int], None]
    is_rehearsal: bool = False
    """Whether to look for problems only, because the manifests have others already."""
    problems: list[str] = field(default_factory=list)
    first: dict[tuple[ContentType, str], tuple[bytes, str]] = field(default_factory=dict)

    @property
    def is_given_up(self) -> bool:
        return len(self.problems) >= MOST_PROBLEMS

    def take(self, manifests: Sequence[Manifest]) -> None:
        sources: list[_Source] = []
        # One that is written in a manifest is a source of its own, so batches go over several.
        batch: list[tuple[_Source, Document]] = []
        for source, documents in _sources(manifests):
            sources.append(source)
            for place, document in documents:
                if isinstance(document, str):
                    self.problems.append(problem(place, document))
                elif not self._contradicts(place, document):
                    batch.append((source, document))
                if self.is_given_up:
                    return
                if len(batch) == BATCH:
                    self._store(batch)
                    batch = []
        self._store(batch)
        for each in sources:
            self.plan.note_several((each.created, each.changed, each.unchanged), each.name)

    def _contradicts(self, place: str, document: Document) -> bool:
        """Notes the same item with other content, which every run would change back and forth."""
        identity = document.content_type, document.key
        first_hash, first_place = self.first.setdefault(identity, (document.body_hash, place))
        if first_hash == document.body_hash:
            return False
        self.problems.append(problem(place, f"not the same {document.key} as at {first_place}"))
        return True

    def _store(self, batch: Sequence[tuple["_Source", Document]]) -> None:
        if not batch or self.problems or self.is_rehearsal:
            return
        documents = [document for _, document in batch]
        stored = store_documents(self.session, self.actor, documents, self.now)
        created, changed = set(stored.created), set(stored.changed)
        for source, document in batch:
            source.note(identity_of(document), created, changed)
        self.on_progress(len(batch))


@dataclass(slots=True)
class _Source:
    """A file, or a document that is written in a manifest, and what became of what it holds."""

    name: str
    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def note(self, identity: Identity, created: set[Identity], changed: set[Identity]) -> None:
        """Takes the identity out of the sets: the first who brings a document stores it."""
        if identity in created:
            created.remove(identity)
            self.created += 1
        elif identity in changed:
            changed.remove(identity)
            self.changed += 1
        else:
            self.unchanged += 1


def _sources(manifests: Sequence[Manifest]) -> Iterator[tuple[_Source, Iterator[Placed]]]:
    for manifest in manifests:
        for index, entry in enumerate(manifest.content):
            place = f"{manifest.prefix}content[{index}]"
            if entry.files:
                for number, name in enumerate(entry.files):
                    source = f"{place}.files[{number}]"
                    yield _Source(f"{source} ({name})"), _file(manifest.folder / name, source)
            else:
                yield _Source(place), _inline(entry, place)


def _inline(entry: ContentForm, place: str) -> Iterator[Placed]:
    for name, kind in _KINDS.items():
        if name in entry.model_fields_set:
            inline_place = f"{place}.{name}"
            try:
                yield inline_place, parse_document(getattr(entry, name), kind)
            except BrokenDocument as error:
                yield inline_place, str(error)


def _file(file: Path, place: str) -> Iterator[Placed]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
                if text.strip():
                    for found in documents_in(text):
                        yield f"{place}: line {number}", found
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        yield place, f"{getattr(error, 'strerror', None) or error}: {file}"
