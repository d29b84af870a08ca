"""The front door of offers: whether a catalog holds a course, what it costs, where to enroll."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import BindParameter, Connection, Select, bindparam, false, literal, or_, select
from sqlalchemy.orm import Session

from bursar.batches import batched
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.models import ContentItem, NestedRun
from bursar.catalog.content.parts import Part, instant
from bursar.catalog.content.prices import enrollment_deadline, run_price_cents
from bursar.catalog.content.templates import Links, Shown, decode_template, fill_in
from bursar.catalog.membership.models import AllowedRun, QueryMember
from bursar.catalog.membership.restricted import is_shown
from bursar.catalog.offers import rules
from bursar.database.text import contains_in_any_case

Pair: TypeAlias = tuple[UUID, str]

PAIRS_AT_ONCE: Final = 500
"""Bounds the documents that are in memory together."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A course or a run as a catalog offers it."""

    key: str
    """As it was asked for: of a course or a run."""
    title: str
    """A run's own, not that of its course."""
    course_key: str | None
    price_cents: int | None
    """The canonical price in US cents; None when unknown."""
    enrollment_end: datetime | None
    """Until when a paid seat of the run can be had; of a course the latest among its enrollable
    runs, unless one stays open."""
    run_key: str | None
    """The run to enroll in; None when none is enrollable now."""
    closed_since: datetime | None = None
    """Since when nobody can pay for a seat, because of the dates of the runs; else None."""
    late_run_key: str | None = None
    """The run to enroll in after its deadline, where that is allowed: one that has not ended."""
    late_end: datetime | None = None
    """Until when that is possible; None when there is no end to it."""
    run_keys: frozenset[str] = frozenset()
    """Of every run of the course; of a run its own alone."""


def find_offer(session: Session, catalog_uuid: UUID, key: str, now: datetime) -> Offer | None:
    """None when the catalog does not hold the course or run; listed or not makes no difference."""
    return find_offers(session, [(catalog_uuid, key)], now).get((catalog_uuid, key))


def find_offers(session: Session, pairs: Sequence[Pair], now: datetime) -> dict[Pair, Offer]:
    """The offers by catalog and key; what a catalog does not hold is left out.

    Two statements for every 500 pairs, and a third where courses have restricted runs. Such a run
    is not offered, nor a course by it, unless the filter of the catalog allows it.
    """
    # No key has NUL, and PostgreSQL refuses to look for it.
    wanted = list(dict.fromkeys(pair for pair in pairs if "\x00" not in pair[1]))
    offers: dict[Pair, Offer] = {}
    for batch in batched(wanted, PAIRS_AT_ONCE):
        offers.update(_offers(session, batch, now))
    return offers


def search_courses(connection: Connection, catalog_uuid: UUID, text: str, limit: int) -> list[str]:
    """The keys of courses that the catalog holds, by title, whose title or key holds the text.

    Whether anybody can enroll in them is another question, which `find_offers` answers.
    """
    item, member, catalog = ContentItem.__table__, QueryMember.__table__, Catalog.__table__
    found = (
        select(item.c.key)
        .select_from(
            catalog.join(member, member.c.query_uuid == catalog.c.query_uuid).join(
                item, item.c.id == member.c.content_id
            )
        )
        .where(
            catalog.c.uuid == catalog_uuid,
            member.c.removed_at.is_(None),
            item.c.content_type == ContentType.COURSE.value,
            or_(contains_in_any_case(item.c.title, text), contains_in_any_case(item.c.key, text)),
        )
        .order_by(item.c.title, item.c.key)
        .limit(limit)
    )
    return list(connection.scalars(found))


def enrollment_link(
    lms_public_url: str, enterprise_uuid: UUID, slug: str, catalog_uuid: UUID, key: str
) -> str:
    """What the documents of the catalog carry as `enrollment_url`.

    Raises ValueError when the key is none.
    """
    links = Links(lms_public_url, enterprise_uuid, catalog_uuid, slug)
    template = parse_document({"key": key}, ContentType.COURSE).body
    link: str = msgspec.json.decode(fill_in(template, links, Shown.ITEM))["enrollment_url"]
    return link


def _holders() -> Select[Any]:
    """The documents that answer for a key in a catalog: its own document before a course that holds
    the run, and a course before a run."""
    item, member, catalog = ContentItem.__table__, QueryMember.__table__, Catalog.__table__
    nested = NestedRun.__table__
    keys: BindParameter[str] = bindparam("keys", expanding=True)
    types = [ContentType.COURSE.value, ContentType.COURSE_RUN.value]
    own = select(
        item.c.id,
        item.c.key.label("run_key"),
        literal(0).label("rank"),
        # The filter itself decides whether the document of a restricted run is a member.
        false().label("is_restricted"),
    ).where(item.c.key.in_(keys), item.c.content_type.in_(types))
    within = select(nested.c.course_id, nested.c.run_key, literal(1), nested.c.is_restricted).where(
        nested.c.run_key.in_(keys)
    )
    candidates = own.union_all(within).subquery()
    return (
        select(catalog.c.uuid, candidates.c.run_key, item.c.id)
        .select_from(
            candidates.join(item, item.c.id == candidates.c.id)
            .join(member, member.c.content_id == item.c.id)
            .join(catalog, catalog.c.query_uuid == member.c.query_uuid)
        )
        .where(
            item.c.content_type.in_(types),
            catalog.c.uuid.in_(bindparam("catalogs", expanding=True)),
            member.c.removed_at.is_(None),
            is_shown(candidates, member.c.query_uuid),
        )
        .order_by(candidates.c.rank, item.c.content_type, item.c.id)
    )


def _documents() -> Select[Any]:
    """These documents; for the own document of a run also those of the courses that hold it, whose
    entitlements pay for the run too."""
    item, nested = ContentItem.__table__, NestedRun.__table__
    ids: BindParameter[int] = bindparam("ids", expanding=True)
    columns = [item.c[name] for name in ("id", "content_type", "key", "family_key", "title")]
    run = item.alias("run")
    holding = (
        select(nested.c.course_id)
        .join_from(run, nested, nested.c.run_key == run.c.key)
        .where(run.c.id.in_(ids))
    )
    return (
        select(*columns, item.c.body)
        .where(or_(item.c.id.in_(ids), item.c.id.in_(holding)))
        .order_by(item.c.id)
    )


def _allowed_runs() -> Select[Any]:
    """The restricted runs that catalogs show all the same."""
    allowed, catalog = AllowedRun.__table__, Catalog.__table__
    return (
        select(catalog.c.uuid, allowed.c.run_key)
        .join_from(catalog, allowed, allowed.c.query_uuid == catalog.c.query_uuid)
        .where(catalog.c.uuid.in_(bindparam("catalogs", expanding=True)))
    )


_HOLDERS = _holders()
_ALLOWED_RUNS = _allowed_runs()
_DOCUMENTS = _documents()


def _offers(session: Session, pairs: Sequence[Pair], now: datetime) -> Iterator[tuple[Pair, Offer]]:
    holders = _holder_of_each(session, pairs)
    if not holders:
        return
    ids = sorted(set(holders.values()))
    documents = {
        row.id: (row, decode_template(row.body))
        for row in session.execute(_DOCUMENTS, {"ids": ids})
    }
    # When two courses hold one run, the last one decides, as for the facts of runs.
    courses: dict[str, tuple[str | None, Part]] = {
        run_key: (row.key, document)
        for row, document in documents.values()
        if row.content_type == ContentType.COURSE.value
        for run_key in rules.run_keys(document)
    }
    is_any_restricted = any(
        rules.has_restricted_runs(document) for _, document in documents.values()
    )
    allowed = _allowed_by_catalog(session, pairs if is_any_restricted else ())
    for pair, content_id in holders.items():
        key = pair[1]
        row, document = documents[content_id]
        if row.content_type == ContentType.COURSE.value and row.key == key:
            shown = rules.without_hidden_runs(document, allowed[pair[0]])
            yield pair, _offer_of_course(key, row.title, shown, now)
            continue
        if row.content_type == ContentType.COURSE.value:
            run = rules.nested_run(document, key) or {}
            title, within = _title(run) or row.title, (row.key, document)
        else:
            run, title = document, row.title
            within = courses.get(key, (row.family_key, {}))
        yield pair, _offer_of_run(key, title, run, within, now)


def _allowed_by_catalog(session: Session, pairs: Sequence[Pair]) -> defaultdict[UUID, set[str]]:
    found = defaultdict[UUID, set[str]](set)
    if pairs:
        values = {"catalogs": list({catalog_uuid for catalog_uuid, _ in pairs})}
        for catalog_uuid, run_key in session.execute(_ALLOWED_RUNS, values):
            found[catalog_uuid].add(run_key)
    return found


def _holder_of_each(session: Session, pairs: Sequence[Pair]) -> dict[Pair, int]:
    values = {"catalogs": list({pair[0] for pair in pairs}), "keys": list({p[1] for p in pairs})}
    asked = set(pairs)
    holders: dict[Pair, int] = {}
    for catalog_uuid, key, content_id in session.execute(_HOLDERS, values):
        if (catalog_uuid, key) in asked:
            holders.setdefault((catalog_uuid, key), content_id)
    return holders


def _offer_of_course(key: str, title: str, course: Part, now: datetime) -> Offer:
    return Offer(
        key=key,
        title=title,
        course_key=key,
        price_cents=rules.course_price_cents(course, now),
        enrollment_end=rules.latest_enrollment_end(course, now),
        run_key=rules.run_to_enroll_in(course, now),
        closed_since=rules.course_closed_since(course, now),
        late_run_key=rules.run_to_enroll_in_late(course, now),
        late_end=rules.latest_end(course, now),
        run_keys=frozenset(rules.run_keys(course)),
    )


def _offer_of_run(
    key: str, title: str, run: Part, within: tuple[str | None, Part], now: datetime
) -> Offer:
    course_key, course = within
    return Offer(
        key=key,
        title=title,
        course_key=course_key,
        price_cents=run_price_cents(run, course, now),
        enrollment_end=enrollment_deadline(run),
        run_key=key if rules.is_enrollable(run, now) else None,
        closed_since=rules.closed_since(run, now),
        late_run_key=key if rules.is_open_late(run, now) else None,
        late_end=instant(run, "end"),
        run_keys=frozenset({key}),
    )


def _title(run: Part) -> str:
    title = run.get("title")
    return title if isinstance(title, str) else ""
