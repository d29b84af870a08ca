"""Catalogs and their content."""

from datetime import datetime

import msgspec

from bursar_client.values import Record


class Catalog(Record):
    uuid: str
    title: str
    enterprise_customer: str
    catalog_query_uuid: str | None = None
    content_last_modified: datetime | None = None
    catalog_modified: datetime | None = None
    query_title: str | None = None
    include_exec_ed_2u_courses: bool | None = None


class Document(Record):
    """A course, a course run or a program: `extra` has the other hundred fields."""

    title: str | None = None
    key: str | None = None
    uuid: str | None = None
    content_type: str | None = None
    enrollment_url: str | None = None

    @property
    def identifier(self) -> str:
        """The key of a course or run, the UUID of a program."""
        return self.key or self.uuid or ""


class Removal(Record):
    """A document that a catalog does not list any more."""

    content_type: str | None = None
    key: str | None = None
    uuid: str | None = None
    removed_at: datetime | None = None
    reason: str = "not listed"

    @property
    def identifier(self) -> str:
        return self.key or self.uuid or ""


class Changed(msgspec.Struct, frozen=True):
    """Store this document in place of the one that has its identifier."""

    document: Document

    @property
    def identifier(self) -> str:
        return self.document.identifier


class Removed(msgspec.Struct, frozen=True):
    """Delete the document that has this identifier."""

    removal: Removal

    @property
    def identifier(self) -> str:
        return self.removal.identifier

    @property
    def reason(self) -> str:
        return self.removal.reason


class Containment(Record):
    contains_content_items: bool
    catalog_list: list[str] | None = None
