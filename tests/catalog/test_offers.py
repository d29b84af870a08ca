"""What credit, subscriptions and bulk enrollment ask of a catalog."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.catalog.content.models import ContentItem
from bursar.catalog.content.templates import Links, Shown, fill_in
from bursar.catalog.offers.service import (
    PAIRS_AT_ONCE,
    Offer,
    enrollment_link,
    find_offer,
    find_offers,
)
from bursar.database.engine import Database
from testing.databases.statements import statements_of
from testing.worlds.catalog import (
    CATALOG,
    ENTERPRISE,
    START,
    at,
    course,
    program,
    put,
    run_of,
    store,
)

OTHER = UUID("00000000-0000-4000-8000-0000000000aa")
RUN = "course-v1:edX+A+1"


def run(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"key": f"course-v1:edX+A+{number}", "status": "published", **fields}


def find(session: Session, key: str) -> Offer | None:
    return find_offer(session, CATALOG, key, START)


def shown(session: Session, key: str) -> Offer | None:
    """Without what matters only after a deadline, and without the runs."""
    offer = find(session, key)
    assert offer is not None
    return replace(offer, closed_since=None, late_run_key=None, late_end=None, run_keys=frozenset())


def test_a_course_is_offered_with_its_advertised_run(database: Database) -> None:
    advertised = run(
        2,
        uuid="u2",
        first_enrollable_paid_seat_price=199,
        enrollment_end=at(60).isoformat(),
        start=at(90).isoformat(),
    )
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        runs = [run(1, enrollment_end=at(30).isoformat()), advertised]
        store(session, [course("A", course_runs=runs, advertised_course_run_uuid="u2")])
        assert shown(session, "edX+A") == Offer(
            key="edX+A",
            title="A",
            course_key="edX+A",
            price_cents=19900,
            enrollment_end=at(60),
            run_key="course-v1:edX+A+2",
        )


def test_a_run_is_found_in_its_course(database: Database) -> None:
    held = run(title="A, spring", first_enrollable_paid_seat_price=10.5)
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [course("A", course_runs=[held])])
        assert shown(session, RUN) == Offer(RUN, "A, spring", "edX+A", 1050, None, RUN)


def test_a_run_without_a_title_has_its_course_s(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [course("A")])
        offer = find(session, RUN)
        assert offer is not None
        assert offer.title == "A"


def test_the_document_of_a_run_itself_comes_first(database: Database) -> None:
    own = run_of("A", "1", title="own", first_enrollable_paid_seat_price=7)
    with database.transaction() as session:
        put(session, {})
        held = run(title="nested", first_enrollable_paid_seat_price=8)
        store(session, [course("A", course_runs=[held]), own])
        assert shown(session, RUN) == Offer(RUN, "own", "edX+A", 700, None, RUN)


def test_a_run_that_takes_nobody_keeps_its_price_and_its_deadline(database: Database) -> None:
    closed = run(title="T", first_enrollable_paid_seat_price=5, enrollment_end=at(-1).isoformat())
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [course("A", course_runs=[closed])])
        assert shown(session, RUN) == Offer(RUN, "T", "edX+A", 500, at(-1), None)


def test_a_course_that_is_not_listed_any_more_is_still_held(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [course("A", course_runs=[run(status="archived")])])
        assert shown(session, "edX+A") == Offer("edX+A", "A", "edX+A", None, None, None)


def test_a_run_is_offered_late_until_it_ends(database: Database) -> None:
    closed = run(1, enrollment_end=at(-5).isoformat(), end=at(60).isoformat())
    ended = run(2, enrollment_end=at(-9).isoformat(), end=at(-1).isoformat())
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [course("A", course_runs=[closed, ended])])
        for key in ("edX+A", RUN):
            offer = find(session, key)
            assert offer is not None
            assert (offer.run_key, offer.closed_since) == (None, at(-5))
            assert (offer.late_run_key, offer.late_end) == (RUN, at(60))
        over = find(session, "course-v1:edX+A+2")
        assert over is not None
        assert (over.closed_since, over.late_run_key) == (at(-9), None)


def test_a_run_is_of_the_course_whose_document_holds_it(database: Database) -> None:
    key = "course-v1:edX+Other+1"
    sold = {"mode": "verified", "price": "75.00", "expires": None}
    holding = course("A", course_runs=[{"key": key, "status": "published"}], entitlements=[sold])
    with database.transaction() as session:
        put(session, {})
        store(session, [holding])
        nested = find(session, key)
        assert nested is not None
        assert (nested.course_key, nested.price_cents) == ("edX+A", 7500)
        store(session, [{"key": key, "status": "published", "title": "own"}])
        own = find(session, key)
        assert own is not None
        assert (own.title, own.course_key, own.price_cents) == ("own", "edX+A", 7500)
        of_course = find(session, "edX+A")
        assert of_course is not None
        assert of_course.run_keys == {key}


def test_a_program_is_never_offered(database: Database) -> None:
    with database.transaction() as session:
        put(session, {})
        store(session, [program(1), program(2, content_type="program", course_runs=[run()])])
        assert find(session, program(1)["uuid"]) is None
        assert find(session, RUN) is None


@pytest.mark.parametrize("key", ["edX+B", "course-v1:edX+B+1", "", "edX+A\x00", "a" * 9000])
def test_what_the_catalog_does_not_hold_is_not_offered(database: Database, key: str) -> None:
    with database.transaction() as session:
        put(session, {"key": "edX+A"})
        store(session, [course("A"), course("B")])
        assert find(session, key) is None
        assert find(session, "edX+A") is not None


def test_a_course_that_left_the_catalog_is_not_offered(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"level_type": "Advanced"})
        store(session, [course("A", level_type="Advanced")])
        store(session, [course("A", level_type="Introductory")], at(1))
        assert find(session, "edX+A") is None
        assert find(session, RUN) is None


def test_a_catalog_without_a_filter_and_an_unknown_one_offer_nothing(database: Database) -> None:
    with database.transaction() as session:
        put(session, None)
        store(session, [course("A")])
        assert find_offers(session, [(CATALOG, "edX+A"), (OTHER, "edX+A")], START) == {}


def test_a_document_that_makes_no_sense_is_offered_without_what_it_does_not_say(
    database: Database,
) -> None:
    odd = course(
        "A",
        course_runs=[run(start=7, uuid=3, first_enrollable_paid_seat_price="?", title=[])],
        entitlements={"price": 1},
        advertised_course_run_uuid=3,
    )
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [odd])
        assert shown(session, "edX+A") == Offer("edX+A", "A", "edX+A", None, None, RUN)
        assert shown(session, RUN) == Offer(RUN, "A", "edX+A", None, None, RUN)


def test_each_pair_is_answered_for_its_own_catalog(database: Database) -> None:
    pairs = [(CATALOG, "edX+A"), (CATALOG, "edX+B"), (OTHER, "edX+B"), (OTHER, RUN)]
    with database.transaction() as session:
        put(session, {"key": "edX+A"})
        put(session, {"key": "edX+B"}, uuid=OTHER)
        store(session, [course("A"), course("B")])
        found = find_offers(session, [*pairs, pairs[0]], START)
    assert list(found) == [(CATALOG, "edX+A"), (OTHER, "edX+B")]
    assert found[OTHER, "edX+B"].title == "B"


def test_one_offer_and_hundreds_take_two_statements(database: Database) -> None:
    names = [f"C{number}" for number in range(PAIRS_AT_ONCE)]
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [course(name) for name in names])
    with database.transaction() as session, statements_of(database) as seen:
        assert find(session, "edX+C1") is not None
        assert len(seen) == 2
        found = find_offers(session, [(CATALOG, f"edX+{name}") for name in names], START)
        assert (len(found), len(seen)) == (PAIRS_AT_ONCE, 4)


def test_more_pairs_than_fit_together_are_all_answered(database: Database) -> None:
    pairs = [(CATALOG, f"course-v1:edX+A+{n}") for n in range(2 * PAIRS_AT_ONCE + 1)]
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        store(session, [course("A", course_runs=[run(n) for n in range(2 * PAIRS_AT_ONCE + 1)])])
        assert len(find_offers(session, pairs, START)) == len(pairs)


def test_nothing_asked_takes_no_statement(database: Database) -> None:
    with database.transaction() as session, statements_of(database) as seen:
        assert find_offers(session, [], START) == {}
        assert find(session, "\x00") is None
        assert seen == []


@pytest.mark.parametrize("key", ["edX+A", "edX+Ä b/?&"])
def test_the_link_is_the_one_that_the_documents_carry(database: Database, key: str) -> None:
    with database.transaction() as session:
        store(session, [course("A", key=key)])
        body = session.scalars(select(ContentItem.body)).one()
    served = fill_in(body, Links("https://lms.example", ENTERPRISE, CATALOG, "a"), Shown.ITEM)
    document = msgspec.json.decode(served)
    link = enrollment_link("https://lms.example", ENTERPRISE, "a", CATALOG, key)
    assert link == document["enrollment_url"]
    link = enrollment_link("https://lms.example", ENTERPRISE, "a", CATALOG, RUN)
    assert link == document["course_runs"][0]["enrollment_url"]


def test_there_is_no_link_for_what_is_no_key() -> None:
    with pytest.raises(ValueError, match="key"):
        enrollment_link("https://lms.example", ENTERPRISE, "a", CATALOG, " ")


SECRET = "course-v1:edX+A+9"


def with_restricted_run(session: Session, **allowing: Any) -> None:
    """A course whose advertised run is for some customers only, and cheap."""
    put(session, {"content_type": "course", **allowing})
    hidden = run(
        9,
        uuid="u9",
        restriction_type="custom-b2b-enterprise",
        first_enrollable_paid_seat_price=1,
        enrollment_end=at(10).isoformat(),
    )
    public = run(1, first_enrollable_paid_seat_price=100, enrollment_end=at(30).isoformat())
    runs = [hidden, public]
    store(session, [course("A", course_runs=runs, advertised_course_run_uuid="u9")])


def test_a_restricted_run_is_not_offered_nor_its_course_by_it(database: Database) -> None:
    with database.transaction() as session:
        with_restricted_run(session)
        assert find(session, SECRET) is None
        offer = find(session, "edX+A")
        assert offer is not None
        assert (offer.run_key, offer.price_cents, offer.enrollment_end) == (RUN, 10_000, at(30))
        assert offer.run_keys == {RUN}


def test_a_course_that_has_only_restricted_runs_offers_no_run(database: Database) -> None:
    with database.transaction() as session:
        put(session, {"content_type": "course"})
        hidden = run(9, restriction_type="custom", first_enrollable_paid_seat_price=1)
        store(session, [course("A", course_runs=[hidden])])
        offer = find(session, "edX+A")
        assert offer is not None
        assert (offer.run_key, offer.price_cents, offer.run_keys) == (None, None, frozenset())


def test_a_restricted_run_is_offered_where_the_filter_allows_it(database: Database) -> None:
    with database.transaction() as session:
        with_restricted_run(session, restricted_runs_allowed={"course:edX+A": [SECRET]})
        put(session, {"content_type": "course"}, uuid=OTHER)
        offer = find(session, SECRET)
        assert offer is not None
        assert (offer.run_key, offer.price_cents) == (SECRET, 100)
        pairs = [(CATALOG, "edX+A"), (OTHER, "edX+A"), (OTHER, SECRET)]
        found = find_offers(session, pairs, START)
        assert {pair: each.run_key for pair, each in found.items()} == {
            (CATALOG, "edX+A"): SECRET,
            (OTHER, "edX+A"): RUN,
        }
