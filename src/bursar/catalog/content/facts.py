"""What reports say of course runs, kept with the documents it comes from.

A run's own document says what is the run's; the course whose document holds the run says what is
the course's. Where one of the two is missing, the other speaks for both.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, case, delete, func, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.fact_rules import Facts, facts_of_course, facts_of_run
from bursar.catalog.content.models import ContentItem, NestedRun, RunFacts
from bursar.catalog.content.parts import Part, parts_of
from bursar.catalog.content.restricted import restriction_of
from bursar.catalog.content.templates import decode_template
from bursar.database.bulk import bulk_upsert, is_any_of

_facts: Final = RunFacts.__table__.c
_OF_COURSE: Final = tuple(facts_of_course({}, None))
_OF_RUN: Final = tuple(facts_of_run({}, {}, clock.NEVER))


@dataclass(frozen=True, slots=True)
class Source:
    """A document that facts are taken from; `content_id` is its id in content_items."""

    content_id: int
    content_type: ContentType
    key: str
    family_key: str | None
    data: Part


def store_facts(
    session: Session, sources: Sequence[Source], repriced: Collection[str] = ()
) -> None:
    """Writes the facts of documents that are new or changed; each document occurs once.

    The prices of the runs `repriced` are forgotten first: all that tell of them are among the
    sources.
    """
    if repriced:
        these = _facts.is_own, is_any_of(session, RunFacts.run_key, list(repriced))
        session.connection().execute(update(RunFacts).where(*these).values(list_price=None))
    courses = [one for one in sources if one.content_type is ContentType.COURSE]
    runs = [one for one in sources if one.content_type is ContentType.COURSE_RUN]
    _let_go(session, [course.content_id for course in courses])
    now = clock.now()  # some prices are sold until an instant
    # When two courses hold one run, the last one decides.
    nested = {row["run_key"]: row for course in courses for row in _nested(course, now)}
    bulk_upsert(session, RunFacts, list(nested.values()), _after_course)
    bulk_upsert(session, RunFacts, [_own(run, now) for run in runs], _after_run)


def stored_sources(
    session: Session, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[Source]:
    """Of the stored documents that meet the conditions, in the order of their ids."""
    item = ContentItem.__table__.c
    statement = (
        select(item.id, item.content_type, item.key, item.family_key, item.body)
        .where(*conditions, item.deleted_at.is_(None))
        .order_by(item.id)
        .limit(limit)
    )
    return [
        Source(
            row.id,
            ContentType(row.content_type),
            row.key,
            row.family_key,
            decode_template(row.body),
        )
        for row in session.execute(statement)
    ]


def disown_facts(session: Session, run_keys: Sequence[str]) -> None:
    """The documents of these runs are deleted: the courses that hold them speak for them again.

    What is known of a run that no course holds stays, because reports tell of the past too.
    """
    are_these = is_any_of(session, RunFacts.run_key, run_keys)
    nothing = {"is_own": False, "own_restriction": None}
    session.connection().execute(update(RunFacts).where(are_these).values(nothing))
    holding = select(NestedRun.course_id).where(is_any_of(session, NestedRun.run_key, run_keys))
    store_facts(session, stored_sources(session, ContentItem.id.in_(holding)))


def _let_go(session: Session, courses: Sequence[int]) -> None:
    """Separates these courses from the runs that they held. Runs that they still hold are written
    again afterwards."""
    if not courses:
        return
    held = is_any_of(session, RunFacts.course_id, courses)
    connection = session.connection()
    connection.execute(delete(RunFacts).where(held, _facts.is_own.is_(False)))
    connection.execute(update(RunFacts).where(held).values(course_id=None))


def _nested(course: Source, now: datetime) -> Iterator[dict[str, Any]]:
    shared = facts_of_course(course.data, course.key)
    for run in parts_of(course.data, "course_runs"):
        key = run.get("key")
        if isinstance(key, str) and key and "\0" not in key:
            yield _row(key, course.content_id, shared, facts_of_run(run, course.data, now))


def _own(source: Source, now: datetime) -> dict[str, Any]:
    shared = facts_of_course(source.data, source.family_key)
    own = facts_of_run(source.data, {}, now)
    told = {"is_own": True, "own_restriction": restriction_of(source.data)}
    return _row(source.key, None, shared, own) | told


def _row(key: str, course_id: int | None, shared: Facts, own: Facts) -> dict[str, Any]:
    whose = {"course_id": course_id, "is_own": False, "own_restriction": None}
    return {"run_key": key, **whose, **shared, **own}


def _after_course(refused: Any) -> dict[str, Any]:
    """The new values for a run that is known already, when a course that holds it is stored."""
    shared = {name: refused[name] for name in (*_OF_COURSE, "course_id")}
    own = {name: case((_facts.is_own, _facts[name]), else_=refused[name]) for name in _OF_RUN}
    own["list_price"] = case(
        (_facts.is_own, func.coalesce(_facts.list_price, refused["list_price"])),
        else_=refused["list_price"],
    )
    return shared | own


def _after_run(refused: Any) -> dict[str, Any]:
    """The new values for a run that is known already, when its own document is stored."""
    is_held = _facts.course_id.is_not(None)
    shared = {name: case((is_held, _facts[name]), else_=refused[name]) for name in _OF_COURSE}
    own = {name: refused[name] for name in (*_OF_RUN, "is_own", "own_restriction")}
    # What the course sells for all its runs is not in the run's own document.
    own["list_price"] = func.coalesce(refused["list_price"], _facts.list_price)
    return shared | own
