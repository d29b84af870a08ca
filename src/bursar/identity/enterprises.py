"""Enterprises. Every function expects the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.audit.service import Change, record
from bursar.identity.models import Enterprise

Outcome = Literal["created", "changed", "unchanged"]
FIELDS: Final = frozenset({"name", "slug", "country", "contact_email"})


class UnknownEnterprise(LookupError):
    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"no such enterprise: {uuid}")
        self.uuid = uuid


class SlugTaken(ValueError):
    """Another enterprise has the slug; the transaction can go on."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"another enterprise has the slug {slug!r}")
        self.slug = slug


def put_enterprise(
    session: Session, actor: Actor, *, uuid: UUID, fields: Mapping[str, Any], now: datetime
) -> Outcome:
    """An absent key leaves the stored value alone; a new enterprise needs name and slug.

    Raises SlugTaken, and ValueError for another key or a missing one.
    """
    wanted = _clean(fields)
    enterprise = session.get(Enterprise, uuid)
    if enterprise is None:
        enterprise = _new(uuid, wanted, now)
        _flush(session, enterprise)
        _audit(session, actor, "enterprise.created", uuid, wanted)
        return "created"
    changed = {key: value for key, value in wanted.items() if getattr(enterprise, key) != value}
    if not changed:
        return "unchanged"
    _flush(session, enterprise, {**changed, "modified_at": now})
    _audit(session, actor, "enterprise.changed", uuid, changed)
    return "changed"


def find_enterprise(session: Session, uuid: UUID) -> Enterprise | None:
    return session.get(Enterprise, uuid)


def get_enterprise(session: Session, uuid: UUID) -> Enterprise:
    """Raises UnknownEnterprise."""
    enterprise = find_enterprise(session, uuid)
    if enterprise is None:
        raise UnknownEnterprise(uuid)
    return enterprise


def list_enterprises(session: Session) -> list[Enterprise]:
    """Ordered by slug."""
    found = session.scalars(select(Enterprise)).all()
    return sorted(found, key=lambda enterprise: enterprise.slug)


def _clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := fields.keys() - FIELDS:
        raise ValueError(f"an enterprise has no {', '.join(sorted(unknown))}")
    wanted = dict(fields)
    if isinstance(wanted.get("contact_email"), str):
        wanted["contact_email"] = wanted["contact_email"].strip().lower()
    return wanted


def _new(uuid: UUID, wanted: Mapping[str, Any], now: datetime) -> Enterprise:
    if missing := {"name", "slug"} - wanted.keys():
        raise ValueError(f"a new enterprise needs {', '.join(sorted(missing))}")
    values = {"country": None, "contact_email": None, **wanted}
    return Enterprise(uuid=uuid, **values, created_at=now, modified_at=now)


def _flush(
    session: Session, enterprise: Enterprise, changes: Mapping[str, Any] | None = None
) -> None:
    """In a savepoint: the constraint decides about the slug, and the transaction survives it."""
    slug = (changes or {}).get("slug", enterprise.slug)
    try:
        with session.begin_nested():
            for key, value in (changes or {}).items():
                setattr(enterprise, key, value)
            session.add(enterprise)
    except IntegrityError as error:
        reason = str(error.orig).lower()
        if "unique" in reason and "slug" in reason:
            raise SlugTaken(slug) from None
        raise


def _audit(
    session: Session, actor: Actor, action: str, uuid: UUID, fields: Mapping[str, Any]
) -> None:
    details = {"fields": sorted(fields)}
    record(session, actor, [Change(action, "enterprise", str(uuid), uuid, details)])
