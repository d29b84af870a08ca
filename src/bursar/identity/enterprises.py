"""Enterprises. What changes them expects the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bursar import clock
from bursar.actors import Actor
from bursar.batches import batched
from bursar.database.types import AnyRow
from bursar.declarations import DeclarationOutcome, given
from bursar.emails import normalised
from bursar.events.service import publish
from bursar.identity.commands import DeclaredEnterprise
from bursar.identity.events import EnterpriseChanged, EnterpriseCreated
from bursar.identity.models import Enterprise
from bursar.identity.refusals import SandboxIsForGood, SlugTaken, UnknownEnterprise
from bursar.identity.views import EnterpriseView

_BATCH: Final = 1000
"""SQLite allows 32,766 parameters in a statement; far fewer keep it quick to compile."""
_enterprise: Final = Enterprise.__table__.c
_VIEW: Final = select(
    _enterprise.uuid,
    _enterprise.name,
    _enterprise.slug,
    _enterprise.country,
    _enterprise.contact_email,
    _enterprise.created_at,
    _enterprise.modified_at,
    _enterprise.suspended_at,
    _enterprise.is_sandbox,
)


def put_enterprise(
    session: Session, actor: Actor, declared: DeclaredEnterprise, *, at: datetime | None = None
) -> DeclarationOutcome:
    """Creates the enterprise, or brings it to what is declared.

    Raises SlugTaken, SandboxIsForGood, and ValueError for a new enterprise without a name or a
    slug.
    """
    at = at or clock.now()
    wanted = _wanted(declared)
    enterprise = session.get(Enterprise, declared.uuid)
    if enterprise is None:
        if missing := {"name", "slug"} - wanted.keys():
            raise ValueError(f"a new enterprise needs {', '.join(sorted(missing))}")
        values = {"country": None, "contact_email": None, "is_sandbox": False, **wanted}
        enterprise = Enterprise(uuid=declared.uuid, **values, created_at=at, modified_at=at)
        _flush(session, enterprise, {})
        created = EnterpriseCreated(
            object_id=declared.uuid,
            enterprise_uuid=declared.uuid,
            changes={name: (None, value) for name, value in wanted.items()},
            data=_view(enterprise),
            is_first=True,
        )
        publish(session, actor, [created], at=at)
        return "created"
    changes = {
        name: (getattr(enterprise, name), value)
        for name, value in wanted.items()
        if getattr(enterprise, name) != value
    }
    if not changes:
        return "unchanged"
    if "is_sandbox" in changes:
        raise SandboxIsForGood(declared.uuid)
    _flush(session, enterprise, {name: wanted[name] for name in changes} | {"modified_at": at})
    changed = EnterpriseChanged(
        object_id=declared.uuid,
        enterprise_uuid=declared.uuid,
        changes=changes,
        data=_view(enterprise),
    )
    publish(session, actor, [changed], at=at)
    return "changed"


def get_enterprise(session: Session, uuid: UUID) -> EnterpriseView:
    """Raises UnknownEnterprise."""
    enterprise = find_enterprises(session.connection(), [uuid]).get(uuid)
    if enterprise is None:
        raise UnknownEnterprise(uuid)
    return enterprise


def lock_enterprise(session: Session, uuid: UUID) -> None:
    """Until the transaction ends, for what is counted for each enterprise. Rows that refer to it
    can still be written. Raises UnknownEnterprise."""
    lock = select(_enterprise.uuid).where(_enterprise.uuid == uuid)
    if session.execute(lock.with_for_update(key_share=True)).one_or_none() is None:
        raise UnknownEnterprise(uuid)


def find_enterprises(connection: Connection, uuids: Iterable[UUID]) -> dict[UUID, EnterpriseView]:
    """Enterprises by uuid; unknown ones are left out."""
    return {
        row.uuid: _view(row)
        for batch in batched(set(uuids), _BATCH)
        for row in connection.execute(_VIEW.where(_enterprise.uuid.in_(batch)))
    }


def find_enterprise_of_slug(connection: Connection, slug: str) -> EnterpriseView | None:
    # No slug has NUL, and PostgreSQL refuses to look for it.
    if "\x00" in slug:
        return None
    row = connection.execute(_VIEW.where(_enterprise.slug == slug)).one_or_none()
    return None if row is None else _view(row)


def owners_of_slugs(session: Session, slugs: Collection[str]) -> dict[str, UUID]:
    """The uuid of the enterprise that has each slug; free slugs are left out."""
    columns = select(_enterprise.slug, _enterprise.uuid)
    return {
        row.slug: row.uuid
        for batch in batched(slugs, _BATCH)
        for row in session.execute(columns.where(_enterprise.slug.in_(batch)))
    }


def _wanted(declared: DeclaredEnterprise) -> dict[str, Any]:
    wanted = given(declared)
    del wanted["uuid"]
    if isinstance(wanted.get("contact_email"), str):
        wanted["contact_email"] = normalised(wanted["contact_email"])
    return wanted


def _view(enterprise: Enterprise | AnyRow) -> EnterpriseView:
    return EnterpriseView(
        enterprise.uuid,
        enterprise.name,
        enterprise.slug,
        enterprise.country,
        enterprise.contact_email,
        enterprise.created_at,
        enterprise.modified_at,
        enterprise.suspended_at,
        enterprise.is_sandbox,
    )


def _flush(session: Session, enterprise: Enterprise, values: Mapping[str, Any]) -> None:
    """Writes in a savepoint: the constraint decides about the slug, and the transaction survives.

    Raises SlugTaken.
    """
    slug = values.get("slug", enterprise.slug)
    try:
        with session.begin_nested():
            for name, value in values.items():
                setattr(enterprise, name, value)
            session.add(enterprise)
    except IntegrityError as error:
        reason = str(error.orig).lower()
        if "unique" in reason and "slug" in reason:
            raise SlugTaken(slug) from None
        raise
