"""The lines of a dump: a header, sections of rows, and an end by which a cut file is recognised.

{"bursar_dump": 1, "schema": "0044", ...}
{"section": "shared", "enterprise_uuid": null}
{"table": "content_items", "row": {...}}
{"section": "enterprise", "enterprise_uuid": "66b5922b-..."}
{"table": "enterprises", "row": {...}}
{"end": {"rows": 123, "sha256": "..."}}
"""

from typing import Final
from uuid import UUID

import msgspec

VERSION: Final = 1
SHARED: Final = "shared"
ENTERPRISE: Final = "enterprise"
OF_NOBODY: Final = "installation"


class Log(msgspec.Struct, frozen=True):
    """How far the log of events was. Places in it are what clients keep as cursors."""

    last_position: int
    forgotten_to: int


class Header(msgspec.Struct, frozen=True):
    bursar_dump: int
    bursar: str
    """The version that wrote it."""
    schema: str
    """The newest migration of the database."""
    made_at: str
    enterprise_uuid: UUID | None
    """None: everything."""
    counts: dict[str, int]
    """Rows by table."""
    highest: dict[str, int]
    """The highest generated id by table, of the whole installation."""
    log: Log


class Section(msgspec.Struct, frozen=True):
    section: str
    enterprise_uuid: UUID | None


class RowLine(msgspec.Struct, frozen=True):
    table: str
    row: dict[str, object]
    event_uuid: UUID | None = None
    """Of a place in the log: whose it is."""


class Totals(msgspec.Struct, frozen=True):
    rows: int
    sha256: str


class EndLine(msgspec.Struct, frozen=True):
    end: Totals
