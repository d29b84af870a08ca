"""A reader of the log on a standby that really streams sees every event once, in its order."""

import random
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest

from bursar.database.engine import Database
from bursar.events.log import read_log
from bursar.events.service import publish
from testing.databases.composed import composed
from testing.databases.migrated import migrate
from testing.databases.standby import Primary, Standby
from testing.waiting import let_pass, wait_until
from tests.events.test_log import placed
from tests.events.test_publish import ACTOR, NOW, painted

pytestmark = pytest.mark.slow

WRITERS, EACH = 4, 25


@pytest.fixture
def both() -> Iterator[tuple[Database, Database]]:
    """The primary and its standby."""
    with ExitStack() as stack:
        primary = stack.enter_context(Primary())
        url = primary.create_database("bursar")
        migrate(url)
        standby = stack.enter_context(Standby(primary))
        databases = composed(url), composed(standby.address.url("bursar"))
        for each in databases:
            stack.callback(each.dispose)
        yield databases


def write(database: Database, thing: UUID, seed: int) -> None:
    """Transactions of different lengths, some of which are undone."""
    chance = random.Random(seed)
    for _ in range(EACH):
        with database.transaction() as session:
            publish(session, ACTOR, [painted(thing)], at=NOW)
            let_pass(chance.choice([0.0, 0.0, 0.01, 0.05]))
        with database.transaction() as session:
            publish(session, ACTOR, [painted(uuid4())], at=NOW)
            session.rollback()


def test_a_reader_on_a_standby_sees_every_event_once(both: tuple[Database, Database]) -> None:
    primary, standby = both
    things = [uuid4() for _ in range(WRITERS)]
    seen: defaultdict[str, list[int]] = defaultdict(list)
    after: int | None = None

    def look() -> int:
        nonlocal after
        placed(primary)
        with standby.read() as connection:
            page = read_log(connection, after=after, limit=7)
        after = page.after
        for row in page.events:
            seen[row.object_id].append(row.version)
        return sum(map(len, seen.values()))

    with ThreadPoolExecutor(WRITERS) as threads:
        writing = [threads.submit(write, primary, each, seed) for seed, each in enumerate(things)]
        wait_until(lambda: look() == WRITERS * EACH, "all are seen")
        for each in writing:
            each.result()
    for _ in range(3):
        assert look() == WRITERS * EACH
    assert seen == {str(each): list(range(1, EACH + 1)) for each in things}
