"""Events are stored with the change, numbered by object, and told to those who subscribed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bursar.actors import Actor, ActorKind
from bursar.audit.models import AuditEntry
from bursar.audit.service import Wanted, entries
from bursar.database.engine import Database
from bursar.database.pipelines import in_one_go
from bursar.events.event import Event, News, Subscription
from bursar.events.models import EventRecord
from bursar.events.service import publish
from testing.databases.statements import statements_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTERPRISE = uuid4()
ACTOR = Actor("acme-integration", "request-1", ActorKind.CLIENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingPainted(Event):
    type: ClassVar[str] = "thing.painted"
    object_type: ClassVar[str] = "thing"
    is_public: ClassVar[bool] = True

    color: str = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingBroken(Event):
    type: ClassVar[str] = "thing.broken"
    object_type: ClassVar[str] = "thing"
    is_public: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingDusted(Event):
    """Nobody outside is told."""

    type: ClassVar[str] = "thing.dusted"
    object_type: ClassVar[str] = "thing"


def painted(uuid: UUID, *, is_first: bool = False) -> ThingPainted:
    return ThingPainted(
        object_id=uuid,
        enterprise_uuid=ENTERPRISE,
        changes={"color": (None, "red")},
        data={"uuid": str(uuid), "color": "red"},
        is_first=is_first,
    )


def stored(database: Database) -> Sequence[EventRecord]:
    with database.transaction() as session:
        return session.scalars(select(EventRecord).order_by(EventRecord.id)).all()


def test_an_event_is_stored_with_who_and_what(database: Database) -> None:
    uuid = uuid4()
    with database.transaction() as session:
        publish(session, ACTOR, [painted(uuid)], at=NOW)
    (event,) = stored(database)
    assert (event.type, event.object_type, event.object_id) == ("thing.painted", "thing", str(uuid))
    assert (event.actor, event.actor_kind, event.request_id) == (
        "acme-integration",
        "client",
        "request-1",
    )
    assert (event.enterprise_uuid, event.at, event.version) == (ENTERPRISE, NOW, 1)
    assert event.changes == {"color": [None, "red"]}
    assert event.data == {"uuid": str(uuid), "color": "red"}


@pytest.mark.parametrize("number", [2, 120])
@pytest.mark.parametrize("is_first", [True, False])
def test_events_of_an_object_are_numbered_on(
    database: Database, number: int, is_first: bool
) -> None:
    uuids = [uuid4() for _ in range(number)]
    for times in (1, 2):
        with database.transaction() as session, in_one_go(session, number):
            events = [painted(uuid, is_first=is_first and times == 1) for uuid in uuids]
            publish(session, ACTOR, events, at=NOW)
    with database.transaction() as session:
        twice = [painted(uuids[0]), ThingBroken(object_id=uuids[0], enterprise_uuid=None)]
        publish(session, ACTOR, twice, at=NOW)
    versions: dict[str, list[int]] = {}
    for event in stored(database):
        versions.setdefault(event.object_id, []).append(event.version)
    assert versions.pop(str(uuids[0])) == [1, 2, 3, 4]
    assert set(map(tuple, versions.values())) == {(1, 2)}


def test_a_thousand_events_of_a_change_are_one_statement(database: Database) -> None:
    uuids = [uuid4() for _ in range(1_000)]
    for is_first in (True, False):
        with database.transaction() as session:
            session.connection()
            with statements_of(database) as seen:
                events = [painted(uuid, is_first=is_first) for uuid in uuids]
                publish(session, ACTOR, events, at=NOW)
        # On SQLite the last version of each object is asked for; PostgreSQL finds it while it
        # inserts.
        assert len(seen) == (1 if is_first or not database.is_sqlite else 2)
    assert len(stored(database)) == 2_000


def test_public_events_are_counted_for_themselves(database: Database) -> None:
    uuid = uuid4()
    inside = ThingDusted(object_id=uuid, enterprise_uuid=ENTERPRISE)
    for _ in range(2):
        with database.transaction() as session:
            publish(session, ACTOR, [painted(uuid), inside, inside, painted(uuid)], at=NOW)
    versions = {
        kind: [each.version for each in stored(database) if each.is_public is kind]
        for kind in (True, False)
    }
    assert versions == {True: [1, 2, 3, 4], False: [1, 2, 3, 4]}


def test_subscribers_are_told_once_a_kind_in_the_transaction(database: Database) -> None:
    told: list[tuple[str, list[str]]] = []

    def hear(session: Session, actor: Actor, events: Sequence[Event], at: datetime) -> None:
        assert (actor, at) == (ACTOR, NOW)
        told.append((events[0].type, [str(event.object_id) for event in events]))

    def refuse(session: Session, actor: Actor, events: Sequence[Event], at: datetime) -> None:
        raise RuntimeError("not so")

    database.info[News.KEY] = News(
        [
            Subscription(ThingPainted, (hear,)),
            Subscription(ThingBroken, (hear, refuse)),
        ]
    )
    one, two = uuid4(), uuid4()
    with database.transaction() as session:
        publish(session, ACTOR, [painted(one), painted(two)], at=NOW)
    assert told == [("thing.painted", [str(one), str(two)])]
    broken = ThingBroken(object_id=one, enterprise_uuid=ENTERPRISE)
    with pytest.raises(RuntimeError, match="not so"), database.transaction() as session:
        publish(session, ACTOR, [painted(two), broken], at=NOW)
    assert [kind for kind, _ in told[1:]] == ["thing.painted", "thing.broken"]
    assert len(stored(database)) == 2


def test_a_session_without_news_is_a_defect(database: Database) -> None:
    database.info.clear()
    with pytest.raises(RuntimeError, match="composition"), database.transaction() as session:
        publish(session, ACTOR, [painted(uuid4())], at=NOW)


@pytest.mark.parametrize(
    "statement",
    [
        update(EventRecord).values(actor="somebody else"),
        delete(EventRecord),
        text("TRUNCATE events"),
    ],
)
def test_the_log_is_append_only(database: Database, statement: object) -> None:
    with database.transaction() as session:
        publish(session, ACTOR, [painted(uuid4())], at=NOW)
    with pytest.raises(DBAPIError), database.transaction() as session:
        session.execute(statement)  # type: ignore[call-overload]
    assert len(stored(database)) == 1


def test_a_row_says_which_transaction_wrote_it(database: Database) -> None:
    """On PostgreSQL, so that a reader waits for transactions that began before and end later."""
    with database.transaction() as session:
        publish(session, ACTOR, [painted(uuid4()), painted(uuid4())], at=NOW)
        own = None
        if not database.is_sqlite:
            own = session.scalar(text("SELECT pg_current_xact_id()::text::bigint"))
    assert [event.transaction_id for event in stored(database)] == [own, own]


def test_the_audit_trail_reads_events_and_what_was_written_before_them(database: Database) -> None:
    with database.transaction() as session:
        session.execute(
            insert(AuditEntry).values(
                enterprise_uuid=ENTERPRISE,
                at=datetime(2026, 1, 1, tzinfo=UTC),
                actor="tester",
                action="thing.made",
                object_type="thing",
                object_id="1",
                details={"size": 3},
            )
        )
        publish(session, ACTOR, [painted(uuid4())], at=datetime(2100, 1, 1, tzinfo=UTC))
        publish(session, ACTOR, [painted(uuid4())], at=datetime(2000, 1, 1, tzinfo=UTC))
    with database.read() as connection:
        found = list(entries(connection, Wanted(enterprise_uuid=ENTERPRISE)))
        everywhere = list(entries(connection, Wanted()))
        foreign = list(entries(connection, Wanted(enterprise_uuid=uuid4())))
    assert [entry.action for entry in found] == ["thing.painted", "thing.made", "thing.painted"]
    assert (found[1].details, found[1].changes) == ({"size": 3}, {})
    assert (found[0].details, found[0].changes) == ({}, {"color": (None, "red")})
    assert everywhere == found
    assert foreign == []


def test_the_audit_trail_is_narrowed_by_object_actor_action_and_time(database: Database) -> None:
    old = {
        "enterprise_uuid": ENTERPRISE,
        "at": NOW,
        "actor": "tester",
        "action": "thing.made",
        "object_type": "thing",
        "object_id": "1",
        "details": {},
    }
    one = uuid4()
    with database.transaction() as session:
        session.execute(insert(AuditEntry).values(**old))
        publish(session, ACTOR, [painted(one)], at=NOW + timedelta(days=1))
        other = Actor("someone", kind=ActorKind.USER)
        broken = ThingBroken(object_id=one, enterprise_uuid=None)
        publish(session, other, [broken, painted(uuid4())], at=NOW + timedelta(days=2))

    def actions(**wanted: Any) -> list[str]:
        with database.read() as connection:
            return [entry.action.split(".")[1] for entry in entries(connection, Wanted(**wanted))]

    assert actions() == ["made", "painted", "broken", "painted"]
    assert actions(object_id="1") == ["made"]
    assert actions(object_id=str(one)) == ["painted", "broken"]
    assert actions(actor="someone") == ["broken", "painted"]
    assert actions(action="thing.painted", since=NOW + timedelta(days=2)) == ["painted"]
    assert actions(action="thing.*") == actions()
    assert actions(action="thin.*") == actions(action="thing.p%") == []
    assert actions(until=NOW + timedelta(days=1)) == ["made"]
    assert actions(enterprise_uuid=ENTERPRISE, actor="someone") == ["painted"]
