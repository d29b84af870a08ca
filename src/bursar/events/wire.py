"""An event as readers outside see it."""

from typing import Any

import msgspec

from bursar.database.types import AnyRow
from bursar.events.vocabulary import ALSO_KNOWN_AS


def wire(row: AnyRow, cursor: str) -> dict[str, Any]:
    """The object of a row that `read_log` gave, or of an EventRecord; `cursor` is what follows it.

    `data` is text in the rows of `read_log`, and goes into JSON as it is.
    """
    shown = {
        "id": f"evt_{row.uuid.hex}",
        "type": row.type,
        "timestamp": row.at,
        "enterprise_customer_uuid": row.enterprise_uuid,
        "object": {"type": row.object_type, "uuid": row.object_id, "version": row.version},
        "data": msgspec.Raw(row.data) if isinstance(row.data, str) else row.data,
        "actor": {"kind": row.actor_kind, "id": row.actor},
        "request_id": row.request_id,
        "cursor": cursor,
    }
    if row.type in ALSO_KNOWN_AS:
        shown["also_known_as"] = ALSO_KNOWN_AS[row.type]
    return shown
