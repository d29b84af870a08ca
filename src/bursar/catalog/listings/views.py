"""Objects of a listing as the API spells them."""

import msgspec


class RemovedItem(msgspec.Struct, frozen=True):
    """A course or a course run that the catalog does not list any more."""

    key: str
    content_type: str
    removed: bool
    removed_at: str
    reason: str
    """`filtered`, `deleted`, `unpublished` or `closed`."""


class RemovedProgram(msgspec.Struct, frozen=True):
    uuid: str
    content_type: str
    removed: bool
    removed_at: str
    reason: str
