"""Writes an enterprise out in the format that `bursar apply` reads."""

from typing import Any, Final
from uuid import UUID

import yaml
from sqlalchemy.orm import Session

from bursar.catalog.service import CatalogRecord, list_catalogs
from bursar.identity.service import get_enterprise, list_clients

_WIDTH: Final = 100


def export(session: Session, enterprise_uuid: UUID) -> dict[str, Any]:
    """A manifest without secrets and without disabled clients. Raises UnknownEnterprise.

    Applied again it changes nothing.
    """
    enterprise = get_enterprise(session, enterprise_uuid)
    exported = {
        "uuid": str(enterprise.uuid),
        "name": enterprise.name,
        "slug": enterprise.slug,
        "country": enterprise.country,
        "contact_email": enterprise.contact_email,
        "clients": _clients(session, enterprise_uuid),
        "catalogs": [_catalog(record) for record in list_catalogs(session, enterprise_uuid)],
    }
    return {"enterprises": [exported]}


def to_yaml(manifest: dict[str, Any]) -> str:
    text: str = yaml.dump(
        manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Readable text in any script, and still read back character by character."""


def _quoted_where_needed(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML writes these as they are in its other styles, and reads them back as a space.
    style = '"' if any(mark in text for mark in "\r\x85\u2028\u2029\ufeff") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted_where_needed)


def _clients(session: Session, enterprise_uuid: UUID) -> list[dict[str, Any]]:
    return [
        {"client_id": client.client_id, "role": client.roles[enterprise_uuid]}
        for client in list_clients(session, enterprise_uuid)
        if client.disabled_at is None
    ]


def _catalog(record: CatalogRecord) -> dict[str, Any]:
    return {
        "uuid": str(record.uuid),
        "title": record.title,
        "content_filter": record.content_filter,
        "query_title": record.query_title,
        "include_exec_ed_2u_courses": record.include_exec_ed_2u_courses,
    }
