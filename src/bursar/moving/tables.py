"""Which rows travel, in which section of a dump, and by what a row is recognised elsewhere.

Every table is here or has rows of enterprises, by its column `enterprise_uuid` or by a key to a
table that has it. A test finds a table of which neither is true.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, Table, and_, false, or_, select, true

from bursar.database.base import Base

ENTERPRISES: Final = "enterprises"
CLIENT_KEYS: Final = {
    "api_clients": "uuid",
    "client_secrets": "client_uuid",
    "client_tokens": "client_uuid",
}
"""By table: the column that names the client."""
CLIENTS: Final = tuple(CLIENT_KEYS)
"""They travel with the enterprises that they act for."""
CONTENT: Final = (
    "content_state",
    "content_items",
    "nested_runs",
    "run_facts",
    "catalog_queries",
    "query_allowed_runs",
    "query_members",
)
"""What all enterprises share: documents, and which filters select them."""
KEYS: Final = ("erasure_keys",)
PEOPLE: Final = "console_users"
"""They can have roles in several enterprises, and are recognised by their addresses."""
SHARED: Final = (*KEYS, PEOPLE, *CONTENT)
OF_NOBODY: Final = (
    "audit_entries",
    "events",
    "event_positions",
    "console_grants",
    "lms_hooks",
)
"""Their rows without an enterprise are of the installation; they travel when everything does."""
WITHHELD: Final = (PEOPLE, "password_hash")
"""Not in the dump of one enterprise: a person may have roles in others, and passwords can be
guessed."""
OF_THE_INSTALLATION: Final = ("idempotency_records", "event_readers")
"""They travel when everything does."""
STAYS: Final[Mapping[str, str]] = {
    "client_writes": "places in the write-ahead log of this server",
    "console_entrances": "they hold for minutes",
    "console_links": "they hold for hours; people are invited again",
    "console_recovery_codes": "they belong to a second factor, which stays",
    "console_sessions": "browsers keep cookies by host; people sign in again",
    "console_totp": "sealed with a secret of this installation; people set up another one",
    "content_imports": "places in files of this machine",
    "content_sync_pages": "pages of a sweep of this installation",
    "content_sync_runs": "the first sweep of the other installation is a full one",
    "enrollment_imports": "places in files of this machine",
    "event_sequence": "the header of a dump has what is needed of it",
    "lms_runs": "how far this installation has read its LMS; the other one begins anew",
    "open_doors": "empty outside of transactions",
    "running_processes": "the processes of this installation",
    "signing_keys": "each installation signs tokens with its own keys; clients ask for new tokens",
    "task_runs": "what the workers of this installation have done",
    "token_failures": "forgotten within minutes",
}
"""Tables that are not dumped, and why."""
_NOT_DUMPED: Final = frozenset({("events", "transaction_id")})
"""Columns that the database fills in by itself."""


@dataclass(frozen=True)
class Recognised:
    """How a row with a generated id is found in another database."""

    look: tuple[str, ...]
    """The columns by which candidates are found."""
    same: tuple[str, ...] | None = None
    """The columns that must agree; None: all but the id."""


RECOGNISED: Final[Mapping[str, Recognised]] = {
    "assignment_actions": Recognised(("uuid",), ("uuid",)),
    "audit_entries": Recognised(("at",)),
    "catalog_changes": Recognised(("catalog_uuid", "content_id")),
    "content_items": Recognised(("key", "content_type"), ("key", "content_type")),
    "deliveries": Recognised(("uuid",), ("uuid",)),
    "direct_enrollments": Recognised(("uuid",), ("uuid",)),
    "enrollments": Recognised(("learner_id", "courserun_key"), ("learner_id", "courserun_key")),
    "events": Recognised(("uuid",), ("uuid",)),
    "former_addresses": Recognised(("learner_id",)),
    "learners": Recognised(("enterprise_uuid", "email"), ("enterprise_uuid", "email")),
    "lms_news": Recognised(("received_at",)),
}
"""Of tables whose ids are generated."""
SHOWN_IDS: Final = ("enrollments",)
"""Of these the API shows the ids."""


def table(name: str) -> Table:
    return Base.metadata.tables[name]


@cache
def columns_of(name: str) -> tuple[Column[Any], ...]:
    return tuple(each for each in table(name).c if (name, each.name) not in _NOT_DUMPED)


@cache
def names_of(name: str) -> tuple[str, ...]:
    """Of the columns, as plain texts."""
    return tuple(str(column.name) for column in columns_of(name))


@cache
def key_of(name: str) -> tuple[str, ...]:
    return tuple(str(column.name) for column in table(name).primary_key.columns)


@cache
def generated_id(name: str) -> str | None:
    """The column, where the database gives ids to rows."""
    column = table(name).autoincrement_column
    return str(column.name) if column is not None and name in RECOGNISED else None


def id_column(name: str) -> Column[Any]:
    """The column of generated ids, of a table of RECOGNISED."""
    return table(name).c[generated_id(name) or "id"]


def tables_of_enterprises() -> tuple[str, ...]:
    """In an order in which no row comes before what it refers to."""
    return tuple(
        str(each.name)
        for each in Base.metadata.sorted_tables
        if each.name not in STAYS
        and each.name not in SHARED
        and _scope(each, UUID(int=0)) is not None
    )


def classified() -> frozenset[str]:
    """Every table of which it is decided what becomes of it."""
    return frozenset({*STAYS, *SHARED, *OF_THE_INSTALLATION, *tables_of_enterprises()})


def rows_with_events(name: str, condition: ColumnElement[bool]) -> Select[Any]:
    """Rows, and of places in the log also the uuids of the events that have them."""
    statement: Select[Any] = select(*columns_of(name)).where(condition)
    if name != "event_positions":
        return statement
    places, events = table(name), table("events")
    joined = statement.join_from(places, events, events.c.id == places.c.event_id)
    return joined.add_columns(events.c.uuid)


def rows_of(name: str, enterprise: UUID) -> ColumnElement[bool]:
    condition = _scope(table(name), enterprise)
    return false() if condition is None else condition


def rows_of_nobody(name: str) -> ColumnElement[bool]:
    """The rows of the installation that belong to no enterprise."""
    found = table(name)
    if name in OF_NOBODY:
        return found.c.enterprise_uuid.is_(None)
    if name == "lms_news":
        hooks = table("lms_hooks").c
        return found.c.hook_uuid.in_(select(hooks.uuid).where(hooks.enterprise_uuid.is_(None)))
    if name == "commit_clocks":
        return found.c.owner.not_in(select(table(ENTERPRISES).c.uuid))
    if name in CLIENTS:
        return found.c[CLIENT_KEYS[name]].not_in(select(table("client_grants").c.client_uuid))
    return true()


TABLES_OF_NOBODY: Final = (
    *CLIENTS,
    *OF_NOBODY,
    "lms_news",
    "commit_clocks",
    *OF_THE_INSTALLATION,
)


def shared_rows(name: str, enterprise: UUID | None) -> ColumnElement[bool]:
    """All, or what the catalogs and the enrollments of an enterprise need."""
    if enterprise is None or name in {*KEYS, "content_state"}:
        return true()
    return dict(_content_of(enterprise))[name]


def _scope(found: Table, enterprise: UUID) -> ColumnElement[bool] | None:
    if found.name == ENTERPRISES:
        return found.c.uuid == enterprise
    if found.name == "commit_clocks":
        return found.c.owner == enterprise
    if found.name in CLIENTS:
        grants = table("client_grants").c
        return found.c[CLIENT_KEYS[found.name]].in_(
            select(grants.client_uuid).where(grants.enterprise_uuid == enterprise)
        )
    if "enterprise_uuid" in found.c:
        return found.c.enterprise_uuid == enterprise
    ways = [
        key.parent.in_(select(key.column).where(key.column.table.c.enterprise_uuid == enterprise))
        for key in found.foreign_keys
        if "enterprise_uuid" in key.column.table.c
    ]
    return and_(*ways) if ways else None


def _content_of(enterprise: UUID) -> Iterator[tuple[str, ColumnElement[bool]]]:
    catalogs, members = table("enterprise_catalogs").c, table("query_members").c
    queries = [
        select(column).where(catalogs.enterprise_uuid == enterprise, column.is_not(None))
        for column in (catalogs.query_uuid, catalogs.pending_query_uuid)
    ]

    def one_of(column: ColumnElement[UUID]) -> ColumnElement[bool]:
        return or_(*(column.in_(query) for query in queries))

    grants = table("console_grants").c
    people = select(grants.user_uuid).where(grants.enterprise_uuid == enterprise)
    yield PEOPLE, table(PEOPLE).c.uuid.in_(people)
    yield "catalog_queries", one_of(table("catalog_queries").c.uuid)
    yield "query_allowed_runs", one_of(table("query_allowed_runs").c.query_uuid)
    yield "query_members", one_of(members.query_uuid)
    documents = _documents_of(
        enterprise, select(members.content_id).where(one_of(members.query_uuid))
    )
    yield "content_items", table("content_items").c.id.in_(documents)
    yield "nested_runs", table("nested_runs").c.course_id.in_(documents)
    facts, enrollments = table("run_facts").c, table("enrollments").c
    enrolled = select(enrollments.courserun_key).where(enrollments.enterprise_uuid == enterprise)
    about = or_(facts.course_id.in_(documents), facts.run_key.in_(enrolled))
    # What is known of a run can come from a document that the enterprise has not.
    yield "run_facts", and_(about, or_(facts.course_id.is_(None), facts.course_id.in_(documents)))


def _documents_of(enterprise: UUID, selected: Select[tuple[int]]) -> Select[tuple[int]]:
    """With the runs of its courses, the courses of its runs, and those of its enrollments."""
    items, changes = table("content_items").c, table("catalog_changes").c
    facts, enrollments = table("run_facts").c, table("enrollments").c
    changed = select(changes.content_id).where(changes.enterprise_uuid == enterprise)
    learned = select(facts.course_id).join_from(
        facts.run_key.table, enrollments.id.table, facts.run_key == enrollments.courserun_key
    )
    learned = learned.where(enrollments.enterprise_uuid == enterprise, facts.course_id.is_not(None))
    known = or_(items.id.in_(selected), items.id.in_(changed), items.id.in_(learned))
    families = select(items.family_key).where(known, items.family_key.is_not(None))
    wanted = table("content_items").alias("wanted").c
    return select(wanted.id).where(
        or_(
            wanted.id.in_(selected),
            wanted.id.in_(changed),
            wanted.id.in_(learned),
            wanted.family_key.in_(families),
        )
    )
