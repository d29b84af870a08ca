"""Small content for the catalog tests."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT, PutCatalog
from bursar.catalog.catalogs.models import Catalog
from bursar.catalog.catalogs.service import put_catalog
from bursar.catalog.content.documents import parse_document
from bursar.catalog.content.models import ContentItem
from bursar.catalog.imports.service import store_documents
from bursar.catalog.membership.models import QueryMember
from bursar.identity.service import DeclaredEnterprise, put_enterprise
from bursar.importing.records import Tally

ACTOR = Actor("test")
START = datetime(2026, 11, 24, tzinfo=UTC)
ENTERPRISE = UUID("66b5922b-a22b-4a7b-b587-d4af0378bd6f")
CATALOG = UUID("101989c0-5dfa-4e0b-91dc-01f590148c6f")


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def course(name: str, **fields: Any) -> dict[str, Any]:
    run = {"key": f"course-v1:edX+{name}+1", "status": "published"}
    return {"key": f"edX+{name}", "title": name, "course_runs": [run], **fields}


def run_of(name: str, number: str, **fields: Any) -> dict[str, Any]:
    key = f"course-v1:edX+{name}+{number}"
    return {"key": key, "course": f"edX+{name}", "status": "published", **fields}


def program(number: int, **fields: Any) -> dict[str, Any]:
    return {"uuid": f"00000000-0000-4000-8000-{number:012}", "title": "P", "courses": [], **fields}


def store(session: Session, documents: Iterable[dict[str, Any]], now: datetime = START) -> Tally:
    parsed = [parse_document(document) for document in documents]
    return store_documents(session, ACTOR, parsed, now).tally


def put(
    session: Session,
    content_filter: dict[str, Any] | None,
    now: datetime = START,
    uuid: UUID = CATALOG,
    limit: int = REFRESH_INLINE_LIMIT,
) -> str:
    put_enterprise(session, ACTOR, DeclaredEnterprise(uuid=ENTERPRISE, name="A", slug="a"), at=now)
    command = PutCatalog(
        enterprise_uuid=ENTERPRISE, catalog_uuid=uuid, title="T", content_filter=content_filter
    )
    return put_catalog(session, ACTOR, command, refresh_inline_limit=limit, at=now)


def members(session: Session, uuid: UUID = CATALOG) -> list[str]:
    """Keys of what a catalog holds, in listing order."""
    statement = (
        select(ContentItem.key)
        .join(QueryMember, QueryMember.content_id == ContentItem.id)
        .join(Catalog, Catalog.query_uuid == QueryMember.query_uuid)
        .where(Catalog.uuid == uuid, QueryMember.removed_at.is_(None))
        .order_by(QueryMember.sort_key)
    )
    return list(session.scalars(statement))
