"""An event as readers outside see it."""

from typing import Any

from bursar.database.types import AnyRow
from bursar.events.vocabulary import ALSO_KNOWN_AS


def wire(row: AnyRow, cursor: str) -> dict[str, Any]:
    """The object of a row that `read_log` gave; `cursor` is what follows it."""
    shown = {
        "id": f"evt_{row.uuid.hex}",
        "type": row.type,
        "timestamp": row.at,
        "enterprise_customer_uuid": row.enterprise_uuid,
        "object": {"type": row.object_type, "uuid": row.object_id, "version": row.version},
        "data": row.data,
        "actor": {"kind": row.actor_kind, "id": row.actor},
        "request_id": row.request_id,
        "cursor": cursor,
    }
    if row.type in ALSO_KNOWN_AS:
        shown["also_known_as"] = ALSO_KNOWN_AS[row.type]
    return shown
