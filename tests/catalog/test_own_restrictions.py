"""A run that its own document restricts is restricted in every document that holds it."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.checks import check_catalogs
from bursar.catalog.catalogs.reevaluation import reevaluate
from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.models import ContentItem, ContentState, NestedRun, RunFacts
from bursar.catalog.imports.completion import delete_missing
from bursar.catalog.imports.service import store_documents
from bursar.catalog.listings.service import runs_held
from bursar.catalog.membership.models import QueryMember
from bursar.catalog.offers.service import find_offer
from bursar.database.engine import Database
from testing.examples import FUZZ_EXAMPLES
from testing.worlds.catalog import (
    ACTOR,
    CATALOG,
    ENTERPRISE,
    START,
    course,
    members,
    program,
    put,
    run_of,
    store,
)

RUNS = [run_of("A", "1"), run_of("A", "2", first_enrollable_paid_seat_price=30)]
KEYS = [run["key"] for run in RUNS]
PRICES = [{"mode": "verified", "price": "70.00"}]
"""Of an entitlement: it pays for every run but the restricted ones."""


def holding(**fields: Any) -> dict[str, Any]:
    return course("A", course_runs=RUNS, entitlements=PRICES, **fields)


def own(number: int, restriction: Any = None, **fields: Any) -> dict[str, Any]:
    return RUNS[number] | {"content_type": "courserun", "restriction_type": restriction} | fields


def shown(session: Session) -> set[str]:
    """Which of the runs the catalog shows in one way or another: all ways agree."""
    connection = session.connection()
    held = runs_held(connection, ENTERPRISE, KEYS).keys()
    offered = {key for key in KEYS if find_offer(session, CATALOG, key, START) is not None}
    of_course = find_offer(session, CATALOG, "edX+A", START)
    assert of_course is not None
    assert held == offered == of_course.run_keys
    return offered


def test_its_copy_in_the_course_is_hidden_whichever_came_first(database: Database) -> None:
    for documents in ([holding(), own(0, "custom")], [own(0, "custom"), holding()]):
        with database.transaction() as session:
            put(session, {"content_type": "course"})
            for document in documents:
                store(session, [document])
            assert shown(session) == {KEYS[1]}
            session.rollback()


def test_a_restriction_can_be_lifted_by_the_run_or_with_its_document(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [holding(), own(0, "custom"), own(1, {"any": "shape\0"})])
        assert shown(session) == set()
        store(session, [own(0)])
        assert shown(session) == {KEYS[0]}
        delete_missing(session, ACTOR, {ContentType.COURSE_RUN: {KEYS[0]}}, START, force=True)
        assert shown(session) == set(KEYS)


def test_it_does_not_keep_its_course_open_but_where_it_is_allowed(database: Database) -> None:
    allowing = {"restricted_runs_allowed": {"edX+A": [KEYS[0]]}}
    with database.transaction() as session:
        put(session, {"content_type": "course"} | allowing)
        store(session, [course("A", course_runs=[RUNS[0]], entitlements=PRICES)])
        store(session, [own(0, "custom")])
        offer = find_offer(session, CATALOG, "edX+A", START)
        assert offer is not None
        assert (offer.run_keys, offer.run_key, offer.price_cents) == (
            frozenset({KEYS[0]}),
            KEYS[0],
            None,
        )
        put(session, {"content_type": "course"})
        offer = find_offer(session, CATALOG, "edX+A", START)
        assert offer is not None
        assert (offer.run_keys, offer.run_key, offer.price_cents) == (frozenset(), None, 7000)


def test_a_thinner_document_of_the_course_does_not_learn_it(database: Database) -> None:
    """What a copy takes over is none of its own keys, that a merge would keep."""
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [own(0, "custom"), holding()])
        thin = [parse_document({"key": "edX+A", "level_type": "x", "course_runs": []})]
        store_documents(session, ACTOR, thin, START, merge=True)
        assert shown(session) == {KEYS[1]}
        store(session, [own(0)])
        assert shown(session) == set(KEYS)


def test_reports_tell_the_price_of_a_restricted_run_alone(database: Database) -> None:
    def told(session: Session) -> float | None:
        return session.scalars(select(RunFacts.list_price).where(RunFacts.run_key == KEYS[0])).one()

    for documents in ([holding(), own(0, "custom")], [own(0, "custom"), holding()]):
        with database.transaction() as session:
            for document in documents:
                store(session, [document])
            assert told(session) is None
            store(session, [own(0)])
            assert told(session) == 70
            session.rollback()


# --- any history leaves what its last documents would have left by themselves ---

Identity: TypeAlias = tuple[str, str]

RESTRICTIONS = st.sampled_from([None, "custom"])
COURSES = st.builds(
    lambda told, level: course(
        "A",
        level_type=level,
        entitlements=PRICES,
        course_runs=[run | {"restriction_type": one} for run, one in zip(RUNS, told, strict=True)],
    ),
    st.tuples(RESTRICTIONS, RESTRICTIONS),
    st.sampled_from("ab"),
)
OTHER_COURSES = st.builds(
    lambda level: course("B", course_runs=RUNS[:1], level_type=level), st.sampled_from("ab")
)
OWN_RUNS = st.builds(own, st.integers(0, 1), RESTRICTIONS)
PROGRAMS = st.builds(
    lambda runs: program(1, type="X", courses=[{"key": "edX+A", "course_runs": runs}]),
    st.lists(st.sampled_from(RUNS), unique_by=lambda run: run["key"]),
)
DOCUMENTS = st.one_of(COURSES, OTHER_COURSES, OWN_RUNS, PROGRAMS)
STEPS = st.lists(
    st.one_of(
        st.lists(DOCUMENTS, min_size=1, max_size=3),
        st.sampled_from(["edX+A", "edX+B", *KEYS]),  # deletes it
    ),
    min_size=1,
    max_size=8,
)


def identity(document: dict[str, Any]) -> Identity:
    parsed = parse_document(document)
    return parsed.content_type.value, parsed.key


def play(session: Session, steps: Sequence[list[dict[str, Any]] | str]) -> list[dict[str, Any]]:
    """Returns the documents that are left."""
    left: dict[Identity, dict[str, Any]] = {}
    for step in steps:
        if isinstance(step, list):
            store(session, step)
            left |= {identity(document): document for document in step}
            continue
        gone = [key for key in left if key[1] == step]
        for kind, _ in gone:
            kept = {key for other, key in left if other == kind and key != step}
            delete_missing(session, ACTOR, {ContentType(kind): kept}, START, force=True)
            del left[kind, step]
    return list(left.values())


def everything(session: Session) -> tuple[Any, ...]:
    items = session.execute(select(ContentItem).where(ContentItem.deleted_at.is_(None))).scalars()
    stored = {(item.content_type, item.key): (item.body, item.active_until) for item in items}
    keys = {row.id: row.key for row in session.scalars(select(ContentItem))}
    nested = {
        (row.run_key, keys[row.course_id]): row.is_restricted
        for row in session.scalars(select(NestedRun))
    }
    # Reports tell of the past too: what was known of a run without documents stays.
    present = {key for kind, key in stored if kind == "courserun"} | {key for key, _ in nested}
    facts = {
        row.run_key: row.own_restriction
        for row in session.scalars(select(RunFacts))
        if row.run_key in present
    }
    listed = {
        keys[row.content_id]: row.active_until
        for row in session.scalars(select(QueryMember).where(QueryMember.removed_at.is_(None)))
    }
    return stored, nested, facts, listed, list(check_catalogs(session))


def test_the_order_of_imports_makes_no_difference(database: Database, dialect: str) -> None:
    @settings(max_examples=FUZZ_EXAMPLES if dialect == "sqlite" else FUZZ_EXAMPLES // 8)
    @given(STEPS, st.randoms(use_true_random=False))
    def check(steps: list[list[dict[str, Any]] | str], random: Any) -> None:
        with database.transaction() as session:
            left = play(session, steps)
            after_history = everything(session)
            session.rollback()
        random.shuffle(left)
        with database.transaction() as session:
            for document in left:
                store(session, [document])
            assert everything(session) == after_history
            session.rollback()

    with database.transaction() as session:
        put(session, {"level_type": "a"})
    check()


@pytest.mark.parametrize("is_own_first", [True, False])
def test_what_an_older_release_stored_is_brought_along(
    database: Database, *, is_own_first: bool
) -> None:
    documents = [holding(), own(0, "custom")]
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        for document in reversed(documents) if is_own_first else documents:
            store(session, [document])
        wanted = everything(session)
        as_it_was = parse_document(holding())
        session.execute(
            update(ContentItem)
            .values(body=as_it_was.body, body_hash=as_it_was.body_hash)
            .where(ContentItem.key == "edX+A")
        )
        session.execute(update(NestedRun).values(is_restricted=False))
        session.execute(update(RunFacts).values(own_restriction=None, list_price=70))
        session.execute(update(ContentState).values(evaluated_by="3:edx"))
        assert everything(session) != wanted
    reevaluate(database)
    with database.transaction() as session:
        assert everything(session) == wanted
        assert members(session) == ["edX+A"]
