"""The second factor: an app that makes codes, and recovery codes for whoever has lost it."""

import hmac
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from bursar.accounts.codes import (
    is_of_app,
    new_key,
    new_recovery_codes,
    recovery_digest,
    seconds_to_wait_for,
    step_of,
    tidied,
)
from bursar.accounts.commands import CODE_AWAITED, SignedIn
from bursar.accounts.events import (
    ConsoleRecoveryCodesMade,
    ConsoleRecoveryCodeUsed,
    ConsoleTotpRemoved,
    ConsoleTotpSetUp,
)
from bursar.accounts.models import (
    ConsoleEntrance,
    ConsoleRecoveryCode,
    ConsoleSession,
    ConsoleTotp,
)
from bursar.accounts.proving import prove_password
from bursar.accounts.queries import find_account
from bursar.accounts.refusals import (
    AccountRefused,
    KeyClosed,
    NothingToSealTheKeyWith,
    NoTotp,
    SetUpGone,
    TooManyAttempts,
    TotpThere,
    UnknownPerson,
    WrongCode,
)
from bursar.accounts.rules import actor_of
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.database.types import AnyRow
from bursar.emails import normalised
from bursar.events.service import publish
from bursar.identity.sealing import NothingToSealWith, Seal, SealedText

_totp, _code = ConsoleTotp.__table__.c, ConsoleRecoveryCode.__table__.c
_session: Final = ConsoleSession.__table__.c
_entrance: Final = ConsoleEntrance.__table__.c


def take_code(
    session: Session, seal: Seal, user_uuid: UUID, typed: str, at: datetime
) -> AccountRefused | None:
    """Takes a code of the app, or a recovery code: each works once. Returns why it is refused,
    because the caller has to keep that it was wrong."""
    code = tidied(typed)
    known = _locked(session, user_uuid)
    if known is None or known.confirmed_at is None:
        return WrongCode()
    if is_of_app(code):
        return _take_of_app(session, seal, known, code, at)
    return _take_recovery(session, user_uuid, code, at)


def _take_of_app(
    session: Session, seal: Seal, known: AnyRow, code: str, at: datetime
) -> AccountRefused | None:
    seconds = seconds_to_wait_for(known.failures, known.failed_at, at)
    if seconds:
        return TooManyAttempts(seconds)
    try:
        step = step_of(seal.open_text(known.sealed), code, at, after=known.last_step)
    except SealedText:
        return KeyClosed()
    if step is None:
        _change(session, known.user_uuid, failures=known.failures + 1, failed_at=at)
        return WrongCode()
    _change(session, known.user_uuid, failures=0, failed_at=None, last_step=step)
    return None


def _take_recovery(
    session: Session, user_uuid: UUID, code: str, at: datetime
) -> AccountRefused | None:
    used = session.execute(
        update(ConsoleRecoveryCode)
        .where(_code.digest == recovery_digest(user_uuid, code), _code.used_at.is_(None))
        .values(used_at=at)
        .returning(_code.digest)
    ).one_or_none()
    if used is None:
        return WrongCode()
    told = ConsoleRecoveryCodeUsed(object_id=user_uuid, enterprise_uuid=None)
    publish(session, actor_of(user_uuid), [told], at=at)
    return None


def begin_totp(
    database: Database, seal: Seal, who: SignedIn, password: str, address: str, *, at: datetime
) -> str:
    """The key that the app has to be given. Nothing asks for a code before the app has shown one.

    Raises as `sign_in`, TotpThere and NothingToSealTheKeyWith.
    """
    prove_password(database, who.email, password, address, at)
    key = new_key()
    try:
        sealed = seal.close_text(key)
    except NothingToSealWith:
        raise NothingToSealTheKeyWith from None
    with database.transaction() as session:
        known = _locked(session, who.user_uuid)
        if known is not None and known.confirmed_at is not None:
            raise TotpThere
        session.execute(delete(ConsoleTotp).where(_totp.user_uuid == who.user_uuid))
        values = {"user_uuid": who.user_uuid, "sealed": sealed, "created_at": at, "failures": 0}
        session.execute(insert(ConsoleTotp).values(values))
    return key


def confirm_totp(
    session: Session, seal: Seal, actor: Actor, who: SignedIn, *, key: str, code: str, at: datetime
) -> list[str]:
    """The recovery codes of a new second factor. Every other session of the person ends, because
    none of them was opened with a code.

    Whoever sends the key and a code once more is shown new recovery codes: a form that was sent
    twice shows what it did last. Raises SetUpGone, WrongCode and KeyClosed.
    """
    known = _locked(session, who.user_uuid)
    if known is None or at - known.created_at >= CODE_AWAITED:
        raise SetUpGone
    if not hmac.compare_digest(_opened(seal, known).encode(), key.encode()):
        raise SetUpGone
    step = step_of(key, tidied(code), at, after=None)
    if step is None:
        raise WrongCode
    if known.confirmed_at is None:
        _change(session, who.user_uuid, confirmed_at=at, last_step=step)
        _end_others(session, who)
        set_up = ConsoleTotpSetUp(object_id=who.user_uuid, enterprise_uuid=None)
        publish(session, actor, [set_up], at=at)
    return _put_codes(session, actor, who.user_uuid, at)


def renew_codes(session: Session, actor: Actor, who: SignedIn, *, at: datetime) -> list[str]:
    """New recovery codes; the earlier ones end. Raises NoTotp."""
    known = _locked(session, who.user_uuid)
    if known is None or known.confirmed_at is None:
        raise NoTotp
    return _put_codes(session, actor, who.user_uuid, at)


def remove_totp(session: Session, actor: Actor, user_uuid: UUID, *, at: datetime) -> None:
    """Raises NoTotp."""
    known = _locked(session, user_uuid)
    if known is None or known.confirmed_at is None:
        raise NoTotp
    session.execute(delete(ConsoleTotp).where(_totp.user_uuid == user_uuid))
    session.execute(delete(ConsoleRecoveryCode).where(_code.user_uuid == user_uuid))
    removed = ConsoleTotpRemoved(object_id=user_uuid, enterprise_uuid=None)
    publish(session, actor, [removed], at=at)


def reset_totp(session: Session, actor: Actor, email: str, *, at: datetime) -> None:
    """For somebody who has lost the app and the recovery codes, and perhaps the telephone: their
    sessions end too. Raises UnknownPerson and NoTotp."""
    account = find_account(session.connection(), normalised(email))
    if account is None:
        raise UnknownPerson
    remove_totp(session, actor, account.uuid, at=at)
    session.execute(delete(ConsoleEntrance).where(_entrance.user_uuid == account.uuid))
    session.execute(delete(ConsoleSession).where(_session.user_uuid == account.uuid))


def seal_totp_again(session: Session, seal: Seal) -> None:
    """Seals every key with the first of BURSAR_SECRET_KEY. Raises SealedText."""
    rows = session.execute(select(_totp.user_uuid, _totp.sealed).with_for_update()).all()
    for user_uuid, sealed in rows:
        _change(session, user_uuid, sealed=seal.close_text(seal.open_text(sealed)))


def _locked(session: Session, user_uuid: UUID) -> AnyRow | None:
    found = select(*_totp).where(_totp.user_uuid == user_uuid).with_for_update()
    return session.execute(found).one_or_none()


def _opened(seal: Seal, known: AnyRow) -> str:
    try:
        return seal.open_text(known.sealed)
    except SealedText:
        raise KeyClosed from None


def _change(session: Session, user_uuid: UUID, **values: Any) -> None:
    session.execute(update(ConsoleTotp).where(_totp.user_uuid == user_uuid).values(values))


def _put_codes(session: Session, actor: Actor, user_uuid: UUID, at: datetime) -> list[str]:
    codes = new_recovery_codes()
    session.execute(delete(ConsoleRecoveryCode).where(_code.user_uuid == user_uuid))
    rows = [
        {"digest": recovery_digest(user_uuid, code), "user_uuid": user_uuid, "created_at": at}
        for code in codes
    ]
    session.execute(insert(ConsoleRecoveryCode), rows)
    made = ConsoleRecoveryCodesMade(object_id=user_uuid, enterprise_uuid=None)
    publish(session, actor, [made], at=at)
    return codes


def _end_others(session: Session, who: SignedIn) -> None:
    session.execute(
        delete(ConsoleSession).where(
            _session.user_uuid == who.user_uuid, _session.uuid != who.session_uuid
        )
    )
