"""What an LMS tells: kept at once by a small insert, and taken later, many at a time."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.bulk import is_any_of
from bursar.database.engine import DATABASE_AWAY, Database
from bursar.database.retries import with_retries
from bursar.database.types import AnyRow
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.progress.hooks import FoundHook
from bursar.enrollment.progress.lms_facts import LmsFact
from bursar.enrollment.progress.lms_taking import Taken, take_facts
from bursar.enrollment.progress.models import LmsHook, LmsNews
from bursar.learners.appearing import LmsAccount, note_accounts
from bursar.learners.models import Learner

ACTOR: Final = Actor("task:lms-hooks", kind=ActorKind.TASK)
AT_ONCE: Final = 500
ATTEMPTS: Final = 3

_hooks, _news = LmsHook.__table__.c, LmsNews.__table__.c
_learners: Final = Learner.__table__.c
_log = structlog.get_logger(__name__)


class ToldAccount(msgspec.Struct, frozen=True):
    email: str
    lms_user_id: int
    username: str


class ToldNews(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a payload."""

    fact: LmsFact | None = None
    account: ToldAccount | None = None


def keep_news(session: Session, hook: FoundHook, news: ToldNews, at: datetime) -> None:
    """One small insert."""
    told = msgspec.to_builtins(news)
    session.execute(insert(LmsNews).values(hook_uuid=hook.uuid, told=told, received_at=at))


def count_waiting(connection: Connection, hook_uuid: UUID, most: int) -> int:
    """How much of a hook waits for a worker, counted up to `most`."""
    some = select(_news.id).where(_news.hook_uuid == hook_uuid).limit(most).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: int
    hook_uuid: UUID
    enterprise_uuid: UUID | None
    news: ToldNews

    @classmethod
    def of(cls, row: AnyRow) -> "_Waiting":
        news = msgspec.convert(row.told, ToldNews)
        return cls(row.id, row.hook_uuid, row.enterprise_uuid, news)


def take_news(database: Database) -> int:
    """Takes the oldest of what waits, and returns how much it was.

    It is gone in the transaction that has taken it, so that a worker that is killed loses nothing.
    Of what cannot be taken together, each is tried by itself, so that one does not keep the others
    waiting.
    """
    with database.read() as connection:
        waiting = _oldest(connection)
    if not waiting:
        return 0
    _note_accounts(database, waiting)
    try:
        return _take(database, waiting)
    except DATABASE_AWAY:
        raise
    except Exception:  # noqa: BLE001 - each is tried by itself
        _log.exception("news of the LMS cannot be taken together")
    return sum(_take_alone(database, each) for each in waiting)


def _oldest(connection: Connection) -> list[_Waiting]:
    statement = (
        select(_news.id, _news.hook_uuid, _news.told, _hooks.enterprise_uuid)
        .join_from(LmsNews.__table__, LmsHook.__table__, _hooks.uuid == _news.hook_uuid)
        .order_by(_news.id)
        .limit(AT_ONCE)
    )
    return [_Waiting.of(row) for row in connection.execute(statement)]


def _take_alone(database: Database, waiting: _Waiting) -> int:
    try:
        return _take(database, [waiting])
    except DATABASE_AWAY:
        raise
    except Exception:  # noqa: BLE001 - a defect: it would keep the others waiting for ever
        _log.exception("news of the LMS was left aside", hook=str(waiting.hook_uuid))
        with database.transaction() as session:
            _delete(session, [waiting.id])
    return 1


def _take(database: Database, waiting: Sequence[_Waiting]) -> int:
    by_hook: defaultdict[tuple[UUID, UUID | None], list[_Waiting]] = defaultdict(list)
    for each in waiting:
        by_hook[each.hook_uuid, each.enterprise_uuid].append(each)

    def take() -> None:
        now = clock.now()
        with database.transaction() as session:
            mine = _delete(session, [each.id for each in waiting])
            for (hook_uuid, enterprise_uuid), some in sorted(by_hook.items(), key=str):
                facts = [each.news.fact for each in some if each.id in mine and each.news.fact]
                taken = take_facts(
                    session,
                    ACTOR,
                    facts,
                    source=ReportSource.PUSH,
                    enterprise_uuid=enterprise_uuid,
                    at=now,
                )
                _count(session, hook_uuid, sum(each.id in mine for each in some), taken, now)

    with_retries(take, ATTEMPTS)
    return len(waiting)


def forget_news(
    session: Session,
    enterprise_uuid: UUID,
    emails: Collection[str],
    accounts: Collection[int],
) -> int:
    """Deletes what waits about an erased person, and returns how much it was. `emails` are in the
    form of emails.normalised.

    What a hook of all enterprises tells of somebody whom another one knows too stays: it is theirs.
    A worker takes it within seconds, and finds no learner of this enterprise for it.
    """
    theirs = select(_learners.email).where(
        _learners.enterprise_uuid != enterprise_uuid, _learners.email.in_(emails)
    )
    shared = set(session.execute(theirs).scalars())
    waiting = select(_news.id, _news.told, _hooks.enterprise_uuid).join_from(
        LmsNews.__table__, LmsHook.__table__, _hooks.uuid == _news.hook_uuid
    )
    found = [
        row.id
        for row in session.execute(waiting, execution_options={"yield_per": AT_ONCE})
        if row.enterprise_uuid == enterprise_uuid or (row.enterprise_uuid is None and not shared)
        if _is_about(msgspec.convert(row.told, ToldNews), emails, accounts)
    ]
    return len(_delete(session, found))


def _is_about(news: ToldNews, emails: Collection[str], accounts: Collection[int]) -> bool:
    return any(
        told is not None and (told.email in emails or told.lms_user_id in accounts)
        for told in (news.fact, news.account)
    )


def _delete(session: Session, ids: Sequence[int]) -> set[int]:
    """Those that no other worker has taken."""
    statement = delete(LmsNews).where(is_any_of(session, LmsNews.id, ids)).returning(_news.id)
    return set(session.execute(statement).scalars())


def _count(session: Session, hook_uuid: UUID, told: int, taken: Taken, now: datetime) -> None:
    if not told:
        return
    session.execute(
        update(LmsHook)
        .where(_hooks.uuid == hook_uuid)
        .values(
            told=_hooks.told + told,
            unknown_people=_hooks.unknown_people + taken.unknown_people,
            unknown_runs=_hooks.unknown_runs + taken.unknown_runs,
            told_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def _note_accounts(database: Database, waiting: Iterable[_Waiting]) -> None:
    """Before the facts: they can name the account only. In a transaction for each enterprise,
    because what waits for the accounts takes locks."""
    by_scope: defaultdict[UUID | None, dict[str, ToldAccount]] = defaultdict(dict)
    for each in waiting:
        if each.news.account is not None:
            by_scope[each.enterprise_uuid][each.news.account.email] = each.news.account
    for scope, accounts in by_scope.items():
        with database.read() as connection, Session(connection) as session:
            found = _without_account(session, list(accounts), scope)
        for enterprise_uuid, addresses in sorted(found.items()):
            _note(database, enterprise_uuid, [accounts[each] for each in addresses])


def _note(database: Database, enterprise_uuid: UUID, told: Sequence[ToldAccount]) -> None:
    accounts = [LmsAccount(each.email, each.lms_user_id, each.username) for each in told]

    def note() -> None:
        with database.transaction() as session:
            note_accounts(session, ACTOR, enterprise_uuid, accounts, at=clock.now())

    with_retries(note, ATTEMPTS)


def _without_account(
    session: Session, addresses: Sequence[str], scope: UUID | None
) -> dict[UUID, list[str]]:
    """The learners of one enterprise, or of all, whose account is not known. One that is known is
    never replaced by what was told: the LMS is asked about it by the next pull."""
    statement = select(_learners.enterprise_uuid, _learners.email).where(
        is_any_of(session, Learner.email, addresses), _learners.lms_user_id.is_(None)
    )
    if scope is not None:
        statement = statement.where(_learners.enterprise_uuid == scope)
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for enterprise_uuid, email in session.execute(statement):
        found[enterprise_uuid].append(email)
    return found
