"""Sessions begin: at once, or with a code after the password."""

import secrets
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bursar.accounts.commands import CODE_AWAITED, LONGEST, Browser
from bursar.accounts.events import ConsoleUserSignedIn
from bursar.accounts.models import ConsoleEntrance, ConsoleSession
from bursar.accounts.proving import check_attempts, note_attempt
from bursar.accounts.queries import find_entrance, find_totp
from bursar.accounts.refusals import CodeAsked, EntranceGone
from bursar.accounts.rules import actor_of, digest_of
from bursar.accounts.second_factor import take_code
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.identity.sealing import Seal

_LONGEST_NAME: Final = 200
_entrance = ConsoleEntrance.__table__.c


def open_or_ask(
    session: Session, user_uuid: UUID, browser: Browser, at: datetime
) -> str | CodeAsked:
    """The cookie of a session, or what asks for a code first."""
    if find_totp(session.connection(), user_uuid) is None:
        return _open(session, user_uuid, browser, at)
    entrance = secrets.token_urlsafe(32)
    session.add(
        ConsoleEntrance(
            digest=digest_of(entrance),
            user_uuid=user_uuid,
            created_at=at,
            expires_at=at + CODE_AWAITED,
        )
    )
    session.flush()
    return CodeAsked(entrance)


def enter_code(
    database: Database, seal: Seal, entrance: str, code: str, browser: Browser, *, at: datetime
) -> str:
    """The cookie of a session, for whoever has given the password before.

    Raises EntranceGone, WrongCode, TooManyAttempts and KeyClosed.
    """
    with database.read() as connection:
        found = find_entrance(connection, entrance, at)
    if found is None:
        raise EntranceGone
    check_attempts(database, found.email, browser.address, at)
    with database.transaction() as session:
        refused = take_code(session, seal, found.uuid, code, at)
        if refused is None:
            _end(session, entrance)
            return _open(session, found.uuid, browser, at)
        note_attempt(session, found.email, browser.address, at)
    raise refused


def _end(session: Session, entrance: str) -> None:
    """Raises EntranceGone when somebody else was quicker."""
    ended = session.execute(
        delete(ConsoleEntrance)
        .where(_entrance.digest == digest_of(entrance))
        .returning(_entrance.digest)
    ).one_or_none()
    if ended is None:
        raise EntranceGone


def _open(session: Session, user_uuid: UUID, browser: Browser, at: datetime) -> str:
    """A session with a cookie that nobody had before, whoever sent the request."""
    cookie = secrets.token_urlsafe(32)
    session.add(
        ConsoleSession(
            digest=digest_of(cookie),
            uuid=uuid4(),
            user_uuid=user_uuid,
            created_at=at,
            seen_at=at,
            confirmed_at=at,
            expires_at=at + LONGEST,
            address=browser.address[:_LONGEST_NAME],
            browser=browser.name[:_LONGEST_NAME],
        )
    )
    session.flush()
    told = ConsoleUserSignedIn(object_id=user_uuid, enterprise_uuid=None)
    publish(session, actor_of(user_uuid), [told], at=at)
    return cookie
