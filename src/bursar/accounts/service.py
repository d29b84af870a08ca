"""The front door: invite people to the console, sign them in, with a second factor too, and end
their sessions.

What changes them expects the caller's transaction, except for whatever takes a database: verifying
or making a hash takes tens of milliseconds, and nobody should wait for a lock that is held
meanwhile.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bursar.accounts.codes import is_of_app, tidied
from bursar.accounts.commands import (
    LINK_VALID,
    Browser,
    ConsoleRole,
    Invite,
    OpenLink,
    PersonView,
    SessionView,
    SignedIn,
    TotpView,
)
from bursar.accounts.events import (
    ConsolePasswordChanged,
    ConsoleSessionEnded,
    ConsoleUserInvited,
    ConsoleUserRemoved,
)
from bursar.accounts.models import (
    ConsoleEntrance,
    ConsoleGrant,
    ConsoleLink,
    ConsoleSession,
    ConsoleUser,
)
from bursar.accounts.opening import enter_code, open_or_ask
from bursar.accounts.proving import LIMITS, check_attempts, note_attempt, prove_password
from bursar.accounts.queries import (
    emails_of,
    find_account,
    find_link,
    find_totp,
    list_people,
    list_sessions,
    signed_in,
)
from bursar.accounts.refusals import (
    CodeAsked,
    LastOne,
    LinkGone,
    UnknownPerson,
)
from bursar.accounts.rules import actor_of, check_password, digest_of, form_token
from bursar.accounts.second_factor import (
    begin_totp,
    confirm_totp,
    remove_totp,
    renew_codes,
    reset_totp,
    seal_totp_again,
    take_code,
)
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.emails import checked, normalised
from bursar.events.service import publish
from bursar.identity.sealing import Seal
from bursar.identity.service import get_enterprise, hash_secret

__all__ = [
    "LIMITS",
    "Browser",
    "ConsoleRole",
    "Invite",
    "OpenLink",
    "PersonView",
    "SessionView",
    "SignedIn",
    "TotpView",
    "actor_of",
    "begin_totp",
    "choose_password",
    "confirm",
    "confirm_totp",
    "emails_of",
    "end_session",
    "enter_code",
    "find_link",
    "find_totp",
    "form_token",
    "invite",
    "invite_here",
    "list_people",
    "list_sessions",
    "note_use",
    "prove_password",
    "remove",
    "remove_totp",
    "renew_codes",
    "reset_totp",
    "seal_totp_again",
    "sign_in",
    "sign_out",
    "signed_in",
    "use_link",
]

_USE_KEPT_TO: Final = timedelta(minutes=5)

_session, _link_of = ConsoleSession.__table__.c, ConsoleLink.__table__.c
_entrance = ConsoleEntrance.__table__.c
_grant, _user = ConsoleGrant.__table__.c, ConsoleUser.__table__.c


def invite(session: Session, actor: Actor, command: Invite, *, at: datetime) -> str:
    """Gives a role, and returns the secret of a link that signs the person in once.

    Raises ValueError for what is no address, and UnknownEnterprise.
    """
    return _link(session, _give_role(session, actor, command, at), command, at)


def invite_here(session: Session, actor: Actor, command: Invite, *, at: datetime) -> str | None:
    """As `invite`, by somebody who may act for this enterprise only. None for a person with a role
    elsewhere: a link opens all that its person may do, and whoever invites somebody sees it."""
    user_uuid = _give_role(session, actor, command, at)
    other = _grant.enterprise_uuid.is_(None) | (_grant.enterprise_uuid != command.enterprise_uuid)
    elsewhere = select(_grant.uuid).where(_grant.user_uuid == user_uuid, other).limit(1)
    if session.execute(elsewhere).first() is not None:
        return None
    return _link(session, user_uuid, command, at)


def _give_role(session: Session, actor: Actor, command: Invite, at: datetime) -> UUID:
    email = normalised(checked(command.email))
    if command.enterprise_uuid is not None:
        get_enterprise(session, command.enterprise_uuid)
    user_uuid = _put_user(session, email, at)
    before = _put_grant(session, user_uuid, command, at)
    if before is None:
        # Whoever has seen a link could use it for what the person may do from now on.
        _end_links(session, user_uuid, at)
    session.flush()
    invited = ConsoleUserInvited(
        object_id=user_uuid,
        enterprise_uuid=command.enterprise_uuid,
        changes={"role": (before, command.role.value)},
    )
    publish(session, actor, [invited], at=at)
    return user_uuid


def _link(session: Session, user_uuid: UUID, command: Invite, at: datetime) -> str:
    secret = secrets.token_urlsafe(32)
    session.add(
        ConsoleLink(
            digest=digest_of(secret),
            user_uuid=user_uuid,
            asks_password=command.asks_password,
            created_at=at,
            expires_at=at + LINK_VALID,
            used_at=None,
        )
    )
    session.flush()
    return secret


def _end_links(session: Session, user_uuid: UUID, at: datetime) -> None:
    session.execute(
        update(ConsoleLink)
        .where(_link_of.user_uuid == user_uuid, _link_of.used_at.is_(None))
        .values(used_at=at)
    )


def _put_user(session: Session, email: str, at: datetime) -> UUID:
    found = find_account(session.connection(), email)
    if found is not None:
        return UUID(str(found.uuid))
    user = ConsoleUser(uuid=uuid4(), email=email, password_hash=None, created_at=at, modified_at=at)
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError:
        # Somebody else has invited the same person at the same time.
        return UUID(str(session.execute(select(_user.uuid).where(_user.email == email)).scalar()))
    return user.uuid


def _put_grant(session: Session, user_uuid: UUID, command: Invite, at: datetime) -> str | None:
    """Returns the role that the person had there before."""
    session.execute(select(_user.uuid).where(_user.uuid == user_uuid).with_for_update())
    grant = session.scalars(select(ConsoleGrant).where(*_here(user_uuid, command.enterprise_uuid)))
    known = grant.one_or_none()
    if known is not None:
        before, known.role = known.role, command.role.value
        return before
    session.add(
        ConsoleGrant(
            uuid=uuid4(),
            user_uuid=user_uuid,
            enterprise_uuid=command.enterprise_uuid,
            role=command.role.value,
            created_at=at,
        )
    )
    return None


def _here(user_uuid: UUID, enterprise_uuid: UUID | None) -> tuple[ColumnElement[bool], ...]:
    place = (
        _grant.enterprise_uuid.is_(None)
        if enterprise_uuid is None
        else _grant.enterprise_uuid == enterprise_uuid
    )
    return (_grant.user_uuid == user_uuid, place)


def remove(
    session: Session, actor: Actor, user_uuid: UUID, enterprise_uuid: UUID | None, *, at: datetime
) -> None:
    """Takes a person's role away. Whoever has none left is signed out, and their links are gone.

    Raises UnknownPerson, and LastOne for whoever would remove themselves.
    """
    if actor.name == actor_of(user_uuid).name:
        raise LastOne
    known = session.scalars(
        select(ConsoleGrant).where(*_here(user_uuid, enterprise_uuid)).with_for_update()
    ).one_or_none()
    if known is None:
        raise UnknownPerson
    role = known.role
    session.delete(known)
    session.flush()
    left = session.execute(select(_grant.uuid).where(_grant.user_uuid == user_uuid).limit(1))
    if left.first() is None:
        session.execute(delete(ConsoleUser).where(_user.uuid == user_uuid))
    removed = ConsoleUserRemoved(
        object_id=user_uuid, enterprise_uuid=enterprise_uuid, changes={"role": (role, None)}
    )
    publish(session, actor, [removed], at=at)


def use_link(
    database: Database, secret: str, password: str | None, browser: Browser, *, at: datetime
) -> str:
    """Signs in by a link, once, and returns the cookie. A link stands for the password only.

    Raises LinkGone, WeakPassword, and CodeAsked for somebody with a second factor.
    """
    with database.read() as connection:
        link = find_link(connection, secret, at)
    if link is None:
        raise LinkGone
    hashed = None
    if link.asks_password:
        check_password(password or "", link.email)
        hashed = hash_secret(password or "")
    with database.transaction() as session:
        used = session.execute(
            update(ConsoleLink)
            .where(_link_of.digest == digest_of(secret), _link_of.used_at.is_(None))
            .values(used_at=at)
            .returning(_link_of.user_uuid)
        ).one_or_none()
        if used is None:
            raise LinkGone
        if hashed is not None:
            _set_password(session, link.user_uuid, hashed, at)
        opened = open_or_ask(session, link.user_uuid, browser, at)
    return _cookie(opened)


def sign_in(
    database: Database, email: str, password: str, browser: Browser, *, at: datetime
) -> str:
    """Returns the cookie. Raises WrongCredentials and TooManyAttempts: both in the same time, and
    with the same words, whether or not there is such an account. Raises CodeAsked after the right
    password of somebody with a second factor."""
    user_uuid = prove_password(database, normalised(email), password, browser.address, at)
    with database.transaction() as session:
        opened = open_or_ask(session, user_uuid, browser, at)
    return _cookie(opened)


def _cookie(opened: str | CodeAsked) -> str:
    # Raised after the transaction, which has to keep that a code is awaited.
    if isinstance(opened, CodeAsked):
        raise opened
    return opened


def confirm(
    database: Database, seal: Seal, who: SignedIn, proof: str, address: str, *, at: datetime
) -> None:
    """Lets money and people be changed for a while, for the password or a code of the app. Raises
    as `sign_in` and `enter_code`."""
    if who.has_totp and is_of_app(tidied(proof)):
        check_attempts(database, who.email, address, at)
        _confirm_by_code(database, seal, who, proof, address, at=at)
        return
    prove_password(database, who.email, proof, address, at)
    with database.transaction() as session:
        _confirm(session, who, at)


def _confirm_by_code(
    database: Database, seal: Seal, who: SignedIn, code: str, address: str, *, at: datetime
) -> None:
    with database.transaction() as session:
        refused = take_code(session, seal, who.user_uuid, code, at)
        if refused is None:
            _confirm(session, who, at)
            return
        note_attempt(session, who.email, address, at)
    raise refused


def _confirm(session: Session, who: SignedIn, at: datetime) -> None:
    session.execute(
        update(ConsoleSession).where(_session.uuid == who.session_uuid).values(confirmed_at=at)
    )


def choose_password(
    database: Database, who: SignedIn, password: str, *, request_id: str, at: datetime
) -> None:
    """Every other session of the person ends, and every link. Raises WeakPassword."""
    check_password(password, who.email)
    hashed = hash_secret(password)
    with database.transaction() as session:
        _set_password(session, who.user_uuid, hashed, at, request_id=request_id)
        session.execute(
            delete(ConsoleSession).where(
                _session.user_uuid == who.user_uuid, _session.uuid != who.session_uuid
            )
        )


def _set_password(
    session: Session, user_uuid: UUID, hashed: str, at: datetime, request_id: str | None = None
) -> None:
    session.execute(
        update(ConsoleUser)
        .where(_user.uuid == user_uuid)
        .values(password_hash=hashed, modified_at=at)
    )
    _end_links(session, user_uuid, at)
    # Whoever gave the password before gave another one.
    session.execute(delete(ConsoleEntrance).where(_entrance.user_uuid == user_uuid))
    changed = ConsolePasswordChanged(object_id=user_uuid, enterprise_uuid=None)
    publish(session, actor_of(user_uuid, request_id), [changed], at=at)


def note_use(database: Database, who: SignedIn, *, at: datetime) -> None:
    """That the session is in use: written every few minutes, and not at each request."""
    if at - who.seen_at < _USE_KEPT_TO:
        return
    with database.transaction() as session:
        session.execute(
            update(ConsoleSession).where(_session.uuid == who.session_uuid).values(seen_at=at)
        )


def sign_out(session: Session, who: SignedIn, *, at: datetime) -> None:
    end_session(session, who, who.session_uuid, at=at)


def end_session(session: Session, who: SignedIn, session_uuid: UUID, *, at: datetime) -> bool:
    """Ends one of the person's own sessions. False when they have no such session."""
    ended = session.execute(
        delete(ConsoleSession)
        .where(_session.uuid == session_uuid, _session.user_uuid == who.user_uuid)
        .returning(_session.uuid)
    ).one_or_none()
    if ended is None:
        return False
    told = ConsoleSessionEnded(object_id=who.user_uuid, enterprise_uuid=None)
    publish(session, actor_of(who.user_uuid), [told], at=at)
    return True
