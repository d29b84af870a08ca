"""Brings the connection of an enterprise to what is declared. It expects the caller's
transaction."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import (
    DeclarationOutcome,
    DeclarationRefused,
    FieldChanges,
    Problem,
    given,
    missing,
    set_fields,
)
from bursar.delivery.service import drop_for_target
from bursar.events.log import register_reader
from bursar.events.service import publish
from bursar.identity.sealing import NothingToSealWith, Seal, SealedText
from bursar.identity.service import lock_enterprise
from bursar.outgoing.settings import settings_of
from bursar.outgoing.urls import checked_url
from bursar.xapi.commands import DeclaredConnection, PutConnection
from bursar.xapi.events import (
    ConnectionChanged,
    ConnectionCreated,
    ConnectionEvent,
    ConnectionRemoved,
)
from bursar.xapi.fanout import READER
from bursar.xapi.models import Identity, Mode, XapiConnection
from bursar.xapi.verbs import Verb

NO_LONGER_DECLARED: Final = "The connection is no longer declared."
_REQUIRED: Final = ("endpoint", "key")
_NEVER_NULL: Final = ("identity", "mode")
_FIELDS: Final = ("endpoint", "key", "identity", "mode", "verbs")
_OTHER_ACCOUNT: Final = "required, because endpoint or key are not what they were"


def put_connection(
    session: Session, actor: Actor, command: PutConnection, *, seal: Seal, at: datetime
) -> DeclarationOutcome:
    """Stores the connection of the enterprise. Raises DeclarationRefused and UnknownEnterprise."""
    lock_enterprise(session, command.enterprise_uuid)
    # What happens from now on is told, whether or not a worker has run before.
    register_reader(session, READER)
    stored = _locked(session, command.enterprise_uuid)
    fields = _fields(command)
    if problems := list(_problems(session, command, fields, stored)):
        raise DeclarationRefused(problems)
    row = stored or _new(command, at)
    changes = set_fields(row, _FIELDS, fields)
    _set_secret(row, command.secret, seal, changes)
    if not changes:
        return "unchanged"
    row.modified_at = at
    # Whoever declares anew has mended what failed.
    row.failing_since = None
    session.add(row)
    session.flush()
    _tell(session, actor, ConnectionChanged if stored else ConnectionCreated, row, changes, at=at)
    return "changed" if stored else "created"


def remove_connection(
    session: Session, actor: Actor, enterprise_uuid: UUID, *, at: datetime
) -> bool:
    """Whether there was one. Nothing more is sent, and what waits is dropped."""
    row = _locked(session, enterprise_uuid)
    if row is None:
        return False
    drop_for_target(session, row.uuid, at, reason=NO_LONGER_DECLARED)
    session.execute(delete(XapiConnection).where(XapiConnection.uuid == row.uuid))
    _tell(session, actor, ConnectionRemoved, row, {"endpoint": (row.endpoint, None)}, at=at)
    return True


def declared_connection(session: Session, enterprise_uuid: UUID) -> DeclaredConnection | None:
    mine = select(XapiConnection).where(XapiConnection.enterprise_uuid == enterprise_uuid)
    row = session.scalars(mine).one_or_none()
    if row is None:
        return None
    verbs = None if row.verbs is None else [Verb(each) for each in row.verbs]
    return DeclaredConnection(row.endpoint, row.key, Identity(row.identity), Mode(row.mode), verbs)


def seal_connections_again(session: Session, seal: Seal) -> None:
    """Seals every secret with the first of BURSAR_SECRET_KEY. Raises SealedText."""
    rows = select(XapiConnection).order_by(XapiConnection.uuid).with_for_update()
    for row in session.scalars(rows):
        row.secret = seal.close_text(seal.open_text(row.secret))


def _locked(session: Session, enterprise_uuid: UUID) -> XapiConnection | None:
    mine = select(XapiConnection).where(XapiConnection.enterprise_uuid == enterprise_uuid)
    locked = mine.with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one_or_none()


def _fields(command: PutConnection) -> dict[str, Any]:
    """As they are stored, without the secret."""
    fields = {name: value for name, value in given(command).items() if name in _FIELDS}
    if isinstance(endpoint := fields.get("endpoint"), str):
        fields["endpoint"] = endpoint.strip().rstrip("/")
    if (verbs := fields.get("verbs")) is not None:
        # In the order of the vocabulary, so that what means the same is stored the same.
        fields["verbs"] = [each.value for each in Verb if each in verbs]
    return fields


def _problems(
    session: Session,
    command: PutConnection,
    fields: Mapping[str, Any],
    stored: XapiConnection | None,
) -> Iterator[Problem]:
    yield from missing(_REQUIRED, fields, is_new=stored is None)
    yield from missing(_NEVER_NULL, fields, is_new=False)
    if fields.get("endpoint"):
        yield from _problems_of_endpoint(session, fields["endpoint"])
    if fields.get("verbs") == []:
        yield "verbs", "name at least one, or null for all"
    if command.secret:
        return
    if stored is None:
        yield "secret", "required"
    elif _is_other_account(fields, stored):
        # What was given for one account is never shown to another.
        yield "secret", _OTHER_ACCOUNT


def _is_other_account(fields: Mapping[str, Any], stored: XapiConnection) -> bool:
    known = {name: getattr(stored, name) for name in _REQUIRED}
    return any(fields.get(name, value) != value for name, value in known.items())


def _problems_of_endpoint(session: Session, endpoint: str) -> Iterator[Problem]:
    if "?" in endpoint:
        yield "endpoint", "leave out what begins with ?: /statements is put behind the path"
        return
    try:
        checked_url(endpoint, settings_of(session).permitted)
    except ValueError as error:
        yield "endpoint", str(error)


def _new(command: PutConnection, at: datetime) -> XapiConnection:
    return XapiConnection(
        uuid=uuid4(),
        enterprise_uuid=command.enterprise_uuid,
        endpoint=None,
        key=None,
        secret=None,
        identity=Identity.MBOX.value,
        mode=Mode.LIVE.value,
        verbs=None,
        succeeded_at=None,
        failing_since=None,
        created_at=at,
        modified_at=at,
    )


def _set_secret(row: XapiConnection, secret: object, seal: Seal, changes: FieldChanges) -> None:
    if not isinstance(secret, str) or not secret or secret == _opened(seal, row.secret):
        return
    try:
        row.secret = seal.close_text(secret)
    except NothingToSealWith as error:
        raise DeclarationRefused([("secret", str(error))]) from error
    changes["secret"] = (None, "changed")


def _opened(seal: Seal, sealed: str | None) -> str | None:
    try:
        return None if sealed is None else seal.open_text(sealed)
    except SealedText:
        return None


def _tell(
    session: Session,
    actor: Actor,
    kind: type[ConnectionEvent],
    row: XapiConnection,
    changes: FieldChanges,
    *,
    at: datetime,
) -> None:
    told = kind(
        object_id=row.uuid,
        enterprise_uuid=row.enterprise_uuid,
        changes={name: (_plain(old), _plain(new)) for name, (old, new) in changes.items()},
        is_first=kind is ConnectionCreated,
    )
    publish(session, actor, [told], at=at)


def _plain(value: Any) -> Any:
    """Changes hold no lists."""
    return ", ".join(value) if isinstance(value, list) else value
