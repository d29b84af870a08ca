"""Reads people, their links and their sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, func, select

from bursar.accounts.commands import (
    IDLE,
    ConsoleRole,
    OpenLink,
    PersonView,
    SessionView,
    SignedIn,
    TotpView,
)
from bursar.accounts.models import (
    ConsoleEntrance,
    ConsoleGrant,
    ConsoleLink,
    ConsoleRecoveryCode,
    ConsoleSession,
    ConsoleTotp,
    ConsoleUser,
)
from bursar.accounts.rules import digest_of
from bursar.database.types import AnyRow

_user, _grant = ConsoleUser.__table__.c, ConsoleGrant.__table__.c
_session, _link = ConsoleSession.__table__.c, ConsoleLink.__table__.c
_totp, _code = ConsoleTotp.__table__.c, ConsoleRecoveryCode.__table__.c
_entrance = ConsoleEntrance.__table__.c

_SIGNED_IN: Final[Select[Any]] = (
    select(
        _session.uuid.label("session_uuid"),
        _session.confirmed_at,
        _session.seen_at,
        _user.uuid,
        _user.email,
        _user.password_hash.is_not(None).label("has_password"),
        _totp.confirmed_at.is_not(None).label("has_totp"),
        _grant.enterprise_uuid,
        _grant.role,
    )
    .select_from(ConsoleSession.__table__)
    .join(ConsoleUser.__table__, _user.uuid == _session.user_uuid)
    .outerjoin(ConsoleGrant.__table__, _grant.user_uuid == _user.uuid)
    .outerjoin(ConsoleTotp.__table__, _totp.user_uuid == _user.uuid)
    .where(
        _session.digest == bindparam("digest"),
        _session.expires_at > bindparam("at", type_=_session.expires_at.type),
        _session.seen_at > bindparam("idle_since", type_=_session.seen_at.type),
    )
)


def signed_in(connection: Connection, cookie: str, at: datetime) -> SignedIn | None:
    """Who has this session, with one statement. None when it ended, or never was."""
    values = {"digest": digest_of(cookie), "at": at, "idle_since": at - IDLE}
    rows = connection.execute(_SIGNED_IN, values).all()
    if not rows:
        return None
    first = rows[0]
    return SignedIn(
        user_uuid=first.uuid,
        email=first.email,
        session_uuid=first.session_uuid,
        confirmed_at=first.confirmed_at,
        seen_at=first.seen_at,
        has_password=first.has_password,
        has_totp=first.has_totp,
        is_operator=any(row.role == ConsoleRole.OPERATOR for row in rows),
        roles={row.enterprise_uuid: ConsoleRole(row.role) for row in rows if row.enterprise_uuid},
    )


def find_link(connection: Connection, secret: str, at: datetime) -> OpenLink | None:
    """None when it was used, is too old, or never was."""
    row = connection.execute(
        select(_user.uuid, _user.email, _link.asks_password)
        .select_from(ConsoleLink.__table__)
        .join(ConsoleUser.__table__, _user.uuid == _link.user_uuid)
        .where(_link.digest == digest_of(secret), _link.used_at.is_(None), _link.expires_at > at)
    ).one_or_none()
    return None if row is None else OpenLink(row.uuid, row.email, row.asks_password)


def find_entrance(connection: Connection, entrance: str, at: datetime) -> AnyRow | None:
    """Who has given the password, as long as the code may follow."""
    return connection.execute(
        select(_user.uuid, _user.email)
        .select_from(ConsoleEntrance.__table__)
        .join(ConsoleUser.__table__, _user.uuid == _entrance.user_uuid)
        .where(_entrance.digest == digest_of(entrance), _entrance.expires_at > at)
    ).one_or_none()


def find_totp(connection: Connection, user_uuid: UUID) -> TotpView | None:
    """None for somebody whom nothing asks for a code."""
    left = (
        select(func.count())
        .where(_code.user_uuid == user_uuid, _code.used_at.is_(None))
        .scalar_subquery()
    )
    row = connection.execute(
        select(_totp.confirmed_at, left.label("left")).where(
            _totp.user_uuid == user_uuid, _totp.confirmed_at.is_not(None)
        )
    ).one_or_none()
    return None if row is None else TotpView(row.confirmed_at, row.left)


def find_account(connection: Connection, email: str) -> AnyRow | None:
    # No address has NUL, and PostgreSQL refuses to look for it.
    if "\x00" in email:
        return None
    statement = select(_user.uuid, _user.email, _user.password_hash).where(_user.email == email)
    return connection.execute(statement).one_or_none()


def emails_of(
    connection: Connection, uuids: Sequence[UUID] = (), *, addresses: Sequence[str] = ()
) -> dict[UUID, str]:
    """The addresses of people who still may sign in somewhere, of these or with these."""
    if not uuids and not addresses:
        return {}
    wanted = _user.uuid.in_(set(uuids)) | _user.email.in_(
        [each for each in addresses if "\x00" not in each]
    )
    rows = connection.execute(select(_user.uuid, _user.email).where(wanted))
    return {row.uuid: row.email for row in rows}


def list_sessions(connection: Connection, user_uuid: UUID, at: datetime) -> Sequence[SessionView]:
    """Those that have not ended, the one used last first."""
    rows = connection.execute(
        select(*_session)
        .where(
            _session.user_uuid == user_uuid,
            _session.expires_at > at,
            _session.seen_at > at - IDLE,
        )
        .order_by(_session.seen_at.desc(), _session.uuid)
    )
    return [
        SessionView(row.uuid, row.created_at, row.seen_at, row.expires_at, row.address, row.browser)
        for row in rows
    ]


def list_people(connection: Connection, enterprise_uuid: UUID | None) -> Sequence[PersonView]:
    """Those with a role in the enterprise, or the operators, in the order of their addresses."""
    seen = (
        select(_session.user_uuid, func.max(_session.seen_at).label("seen_at"))
        .group_by(_session.user_uuid)
        .subquery()
    )
    here = (
        _grant.enterprise_uuid.is_(None)
        if enterprise_uuid is None
        else _grant.enterprise_uuid == enterprise_uuid
    )
    used = select(_link.user_uuid).where(_link.used_at.is_not(None))
    rows = connection.execute(
        select(
            _user.uuid,
            _user.email,
            _grant.role,
            _grant.created_at,
            seen.c.seen_at,
            (_user.password_hash.is_not(None) | _user.uuid.in_(used)).label("has_signed_in"),
            _totp.confirmed_at.is_not(None).label("has_totp"),
        )
        .select_from(ConsoleGrant.__table__)
        .join(ConsoleUser.__table__, _user.uuid == _grant.user_uuid)
        .outerjoin(seen, seen.c.user_uuid == _user.uuid)
        .outerjoin(ConsoleTotp.__table__, _totp.user_uuid == _user.uuid)
        .where(here)
        .order_by(_user.email)
    )
    return [
        PersonView(
            row.uuid,
            row.email,
            ConsoleRole(row.role),
            bool(row.has_signed_in),
            row.seen_at,
            row.created_at,
            bool(row.has_totp),
        )
        for row in rows
    ]
