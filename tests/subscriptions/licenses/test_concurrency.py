"""Many at once on one plan: no seat twice, none lost, and nobody is told to come back."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from bursar.database.engine import Database
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.commands import ActivateLicenses
from bursar.subscriptions.licenses.refusals import NoLiveLicense, NotEnoughLicenses
from testing.databases.composed import composed
from testing.together import at_once
from testing.worlds.subscriptions import (
    ACTOR,
    ENTERPRISE,
    NOW,
    PLAN,
    activate,
    assign,
    change,
    counts,
    emails,
    licenses_of,
    revoke,
)

Result = TypeVar("Result")


def each_connected(works: Sequence[Callable[[Database], Result]], url: str) -> list[Result]:
    """Each with a connection of its own, all beginning together."""
    with ExitStack() as stack:
        jobs = []
        for work in works:
            database = composed(url, pool_size=1)
            stack.callback(database.dispose)
            jobs.append(partial(work, database))
        return at_once(jobs)


def test_sixteen_who_assign_never_share_a_seat(acme: Database, database_url: str) -> None:
    with acme.transaction() as session:
        change(session, num_licenses=1000)

    def work(name: str) -> Callable[[Database], list[object]]:
        def assign_some(database: Database) -> list[object]:
            given: list[object] = []
            for number in range(5):
                with database.transaction() as session:
                    done = assign(session, emails(10, f"{name}-{number}-"))
                assert len(done.licenses) == 10
                given += [uuid for _, uuid in done.licenses]
            return given

        return assign_some

    given = each_connected([work(f"t{number}") for number in range(16)], database_url)
    uuids = [uuid for some in given for uuid in some]
    assert len(uuids) == len(set(uuids)) == 800
    with acme.transaction() as session:
        assert counts(session) == (200, 800, 0, 0)


def test_the_last_seats_go_to_exactly_as_many(acme: Database, database_url: str) -> None:
    def work(name: str) -> Callable[[Database], int]:
        def assign_ten(database: Database) -> int:
            try:
                with database.transaction() as session:
                    return len(assign(session, emails(10, name)).licenses)
            except NotEnoughLicenses:
                return 0

        return assign_ten

    with acme.transaction() as session:
        change(session, num_licenses=55)
    done = each_connected([work(f"t{number}-") for number in range(16)], database_url)
    assert Counter(done) == {10: 5, 0: 11}
    with acme.transaction() as session:
        assert counts(session) == (5, 50, 0, 0)


def test_the_same_learners_get_one_license_each(acme: Database, database_url: str) -> None:
    def work(database: Database) -> int:
        with database.transaction() as session:
            return len(assign(session, emails(20)).licenses)

    assert sorted(each_connected([work] * 8, database_url)) == [0] * 7 + [20]
    with acme.transaction() as session:
        assert counts(session) == (80, 20, 0, 0)


def test_one_of_eight_revokes_a_license(acme: Database, database_url: str) -> None:
    with acme.transaction() as session:
        assign(session, emails(1))
        activate(session, emails(1))

    def work(database: Database) -> int:
        try:
            with database.transaction() as session:
                return revoke(session, emails(1))
        except NoLiveLicense:
            return 0

    assert sorted(each_connected([work] * 8, database_url)) == [0] * 7 + [1]
    with acme.transaction() as session:
        assert counts(session) == (100, 0, 0, 1)


def test_a_mixture_keeps_every_seat(acme: Database, database_url: str) -> None:
    def assigner(name: str) -> Callable[[Database], None]:
        def work(database: Database) -> None:
            for _ in range(5):
                with database.transaction() as session:
                    assign(session, emails(4, name))
                with database.transaction() as session:
                    revoke(session, emails(2, name))

        return work

    def activator(database: Database) -> None:
        for _ in range(10):
            with database.transaction() as session:
                uuids = [each.uuid for each in licenses_of(session, PLAN, "assigned")]
                service.activate_several(
                    session, ACTOR, ActivateLicenses(ENTERPRISE, uuids), at=NOW
                )

    works = [assigner(f"t{number}-") for number in range(6)] + [activator] * 2
    each_connected(works, database_url)
    with acme.transaction() as session:
        unassigned, assigned, activated, revoked = counts(session)
        assert unassigned + assigned + activated == 100
        assert (assigned + activated, revoked) == (12, 60)
