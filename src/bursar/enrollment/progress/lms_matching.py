"""Whom and which runs the facts of an LMS are about, as Bursar knows them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bursar.catalog.listings.service import runs_held
from bursar.database.bulk import is_any_of
from bursar.enrollment.commands import Place
from bursar.enrollment.models import Enrollment
from bursar.enrollment.progress.lms_facts import LmsFact
from bursar.learners.models import Learner

_learners: Final = Learner.__table__.c
_rows: Final = Enrollment.__table__.c


@dataclass(frozen=True, slots=True)
class Known:
    """A learner of one enterprise."""

    id: int
    enterprise_uuid: UUID


@dataclass(frozen=True, slots=True)
class Matched:
    """Where the facts belong."""

    targets: list[tuple[Known, LmsFact]] = field(default_factory=list)
    unknown_people: int = 0
    """Facts about nobody whom Bursar knows."""
    unknown_runs: int = 0
    """Facts about learners in runs that no catalog of their enterprise holds, and in which Bursar
    has not enrolled them."""


def match(session: Session, facts: Sequence[LmsFact], enterprise_uuid: UUID | None) -> Matched:
    """Of all enterprises, or of one.

    A fact belongs to the enrollments that there are. When there is none, it tells of one that
    Bursar did not make: that is each enterprise's which knows the learner and has the run in a
    catalog. An enterprise hears nothing of what another one has enrolled its learner in.
    """
    people = _find_people(session, facts, enterprise_uuid)
    found = [people.known_by(fact) for fact in facts]
    enrolled = _enrolled(session, facts, found)
    held = _Held(session)
    targets: list[tuple[Known, LmsFact]] = []
    unknown_people = unknown_runs = 0
    held.look(
        (each.enterprise_uuid, fact.courserun_key)
        for fact, some in zip(facts, found, strict=True)
        for each in some
        if not any((one.id, fact.courserun_key) in enrolled for one in some)
    )
    for fact, some in zip(facts, found, strict=True):
        chosen = [each for each in some if (each.id, fact.courserun_key) in enrolled]
        chosen = chosen or list(_first_of_each(held.holding(some, fact.courserun_key)))
        targets.extend((each, fact) for each in chosen)
        unknown_people += not some
        unknown_runs += bool(some) and not chosen
    return Matched(targets, unknown_people, unknown_runs)


def _first_of_each(people: Iterable[Known]) -> Iterator[Known]:
    """Of two addresses of one account, the older one is enrolled."""
    seen: set[UUID] = set()
    for each in sorted(people, key=lambda known: known.id):
        if each.enterprise_uuid not in seen:
            seen.add(each.enterprise_uuid)
            yield each


class _People:
    """Learners by each of the ways in which a fact can name them."""

    def __init__(self) -> None:
        self.by_account: defaultdict[int | None, list[Known]] = defaultdict(list)
        self.by_email: defaultdict[str | None, list[Known]] = defaultdict(list)
        self.by_username: defaultdict[str | None, list[Known]] = defaultdict(list)

    def known_by(self, fact: LmsFact) -> list[Known]:
        """In each enterprise, by the first of the ways that finds anybody there."""
        ways = (
            self.by_account.get(fact.lms_user_id, []),
            self.by_email.get(fact.email, []),
            self.by_username.get(fact.username, []),
        )
        found: list[Known] = []
        for way in ways:
            settled = {each.enterprise_uuid for each in found}
            found.extend(each for each in way if each.enterprise_uuid not in settled)
        return found


def _find_people(
    session: Session, facts: Sequence[LmsFact], enterprise_uuid: UUID | None
) -> _People:
    people = _People()
    ways: tuple[tuple[InstrumentedAttribute[Any], defaultdict[Any, list[Known]], set[Any]], ...] = (
        (Learner.lms_user_id, people.by_account, {fact.lms_user_id for fact in facts}),
        (Learner.email, people.by_email, {fact.email for fact in facts}),
        (Learner.username, people.by_username, {fact.username for fact in facts}),
    )
    for column, found, wanted in ways:
        values = sorted(wanted - {None})
        if values:
            statement = select(_learners.id, _learners.enterprise_uuid, column).where(
                is_any_of(session, column, values), *_of(enterprise_uuid)
            )
            for learner_id, of_enterprise, value in session.execute(statement):
                found[value].append(Known(learner_id, of_enterprise))
    return people


def _of(enterprise_uuid: UUID | None) -> tuple[ColumnElement[bool], ...]:
    return () if enterprise_uuid is None else (_learners.enterprise_uuid == enterprise_uuid,)


def _enrolled(
    session: Session, facts: Sequence[LmsFact], found: Sequence[Sequence[Known]]
) -> set[Place]:
    """Where there is an enrollment, live or not."""
    learners = list({each.id for some in found for each in some})
    if not learners:
        return set()
    statement = select(_rows.learner_id, _rows.courserun_key).where(
        is_any_of(session, Enrollment.learner_id, learners),
        is_any_of(session, Enrollment.courserun_key, list({fact.courserun_key for fact in facts})),
    )
    return {(row[0], row[1]) for row in session.connection().execute(statement)}


class _Held:
    """Which runs the catalogs of enterprises hold."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._runs: dict[UUID, set[str]] = {}

    def look(self, wanted: Iterable[tuple[UUID, str]]) -> None:
        runs: defaultdict[UUID, set[str]] = defaultdict(set)
        for enterprise_uuid, run in wanted:
            runs[enterprise_uuid].add(run)
        for enterprise_uuid, keys in runs.items():
            held = runs_held(self._session.connection(), enterprise_uuid, sorted(keys))
            self._runs[enterprise_uuid] = set(held)

    def holding(self, people: Iterable[Known], run: str) -> list[Known]:
        return [each for each in people if run in self._runs.get(each.enterprise_uuid, ())]
