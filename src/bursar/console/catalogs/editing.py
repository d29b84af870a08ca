"""The filter of a catalog is changed; what comes and goes by that is told first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.catalog.catalogs.earlier import earlier_filters
from bursar.catalog.catalogs.filter_changes import ChangeFilter, FilterChange, change_filter
from bursar.catalog.catalogs.sources import catalogs_with_filter
from bursar.catalog.catalogs.warnings import filter_warnings
from bursar.catalog.filters.reading import read_filter
from bursar.catalog.filters.refusals import FilterError
from bursar.catalog.listings.items import CatalogItem, items_of
from bursar.catalog.listings.owned import CATALOG
from bursar.console.audit import names_of
from bursar.console.catalogs.filter_words import as_json, in_words
from bursar.console.catalogs.shared import CATALOG_PATH, KINDS, named, offered_here, path_of
from bursar.console.catalogs.users import users_of
from bursar.console.figures import counted
from bursar.console.screens import Screens
from bursar.console.visits import Goto, Html, Visit

screens: Final = Screens()
PATH: Final = f"{CATALOG_PATH}/filter"
_FIRST: Final = 10
"""Documents that a preview names, of those that come and of those that go."""
_MOST_SHARING: Final = 20
_EARLIER: Final = 10
_MOST_PROBLEMS: Final = 20
_MOST_UNKNOWN: Final = 50
"""Fields whose absence is told: over much content, each costs a look at every document."""
_UNCHANGED: Final = "The catalog has this filter already."


@dataclass(frozen=True, slots=True)
class Preview:
    change: FilterChange
    come: Sequence[CatalogItem]
    gone: Sequence[CatalogItem]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A filter that the catalog had until somebody changed it."""

    until: datetime
    by: str
    text: str


@screens.get(PATH, owned=CATALOG)
def show_filter(visit: Visit, connection: Connection) -> Html:
    return _form(visit, connection)


@screens.post(f"{PATH}/edit", owned=CATALOG, changes_nothing=True)
def edit_again(visit: Visit, session: Session) -> Html:
    """With what was typed, which is too long for an address."""
    return _form(visit, session.connection())


@screens.post(f"{PATH}/preview", owned=CATALOG, changes_nothing=True)
def preview(visit: Visit, session: Session) -> Html:
    """Changes the filter, shows what came of it, and leaves nothing behind: so it is what will
    happen."""
    try:
        change = _change(visit, session)
    except FilterError as refused:
        return _form(visit, session.connection(), _sentences(refused), 422)
    if change.is_unchanged:
        return _form(visit, session.connection(), [_UNCHANGED], 422)
    return _previewed(visit, session, change)


@screens.post(PATH, owned=CATALOG, is_grave=True)
def apply(visit: Visit, session: Session) -> Html | Goto:
    try:
        change = _change(visit, session)
    except FilterError as refused:
        return _form(visit, session.connection(), _sentences(refused), 422)
    if change.is_unchanged:
        return _form(visit, session.connection(), [_UNCHANGED], 409)
    if visit.form.get("change") != change.fingerprint:
        error = "By now another set would come and go than was shown. Nothing was changed."
        return _previewed(visit, session, change, error)
    return Goto(path_of(visit), _said(change))


def _change(visit: Visit, session: Session) -> FilterChange:
    """Raises FilterError."""
    command = ChangeFilter(
        enterprise_uuid=visit.enterprise.uuid,
        catalog_uuid=visit.target.uuid,
        content_filter=read_filter(visit.form.get("filter")),
        may_allow_runs=visit.who.is_operator,
    )
    limit = visit.settings.refresh_inline_limit
    return change_filter(session, visit.actor, command, refresh_inline_limit=limit)


def _said(change: FilterChange) -> str:
    if change.is_pending:
        return "The new filter is being evaluated. Until then the catalog lists what it did."
    came, went = counted(len(change.come), "item"), counted(len(change.gone), "item")
    return f"The filter is changed: {came} came, {went} went."


def _previewed(visit: Visit, session: Session, change: FilterChange, error: str = "") -> Html:
    connection = session.connection()
    given = {
        "title": named(visit.target.title),
        "path": path_of(visit),
        "preview": Preview(
            change,
            items_of(connection, change.come[:_FIRST]),
            items_of(connection, change.gone[:_FIRST]),
            # Over much content, every document would be read for them.
            [] if change.is_pending else _warnings(visit, session),
        ),
        "kinds": KINDS,
        "users": users_of(visit, connection, visit.target.uuid),
        "filter": visit.form.get("filter"),
        "error": error,
    }
    return Html("catalog-filter-preview.html", given, 409 if error else 200)


def _warnings(visit: Visit, session: Session) -> list[str]:
    found = filter_warnings(session, [visit.target.uuid], most_unknown=_MOST_UNKNOWN)
    return [
        f"{each.key}: {each.message}" if each.key else f"The filter {each.message}."
        for each in found
    ]


def _sentences(refused: FilterError) -> list[str]:
    told = [": ".join(filter(None, problem)) for problem in refused.errors[:_MOST_PROBLEMS]]
    more = len(refused.errors) - len(told)
    return [*told, f"{counted(more, 'problem')} more."] if more else told


def _form(
    visit: Visit, connection: Connection, errors: Sequence[str] = (), status: int = 200
) -> Html:
    offered = offered_here(visit, connection)
    wanted = offered.source.wanted_filter
    query = offered.source.wanted_uuid
    sharing = [] if query is None else _sharing(visit, connection, query)
    given = {
        "title": named(visit.target.title),
        "path": path_of(visit),
        "tab": "filter",
        "offered": offered,
        "conditions": in_words(wanted or {}),
        "is_nothing": wanted is None,
        "stored": as_json(wanted),
        "typed": visit.form.get("filter") or as_json(wanted),
        "sharing": sharing,
        "earlier": _earlier(visit, connection),
        "errors": errors,
    }
    return Html("catalog-filter.html", given, status)


def _earlier(visit: Visit, connection: Connection) -> list[Earlier]:
    found = earlier_filters(connection, visit.target.uuid, _EARLIER)
    names = names_of(connection, [each.changed_by for each in found])
    return [
        Earlier(each.until, names[each.changed_by], as_json(each.content_filter)) for each in found
    ]


def _sharing(visit: Visit, connection: Connection, query: UUID) -> list[tuple[str, str]]:
    """Title and path of the other catalogs of the enterprise that have or await this filter."""
    found = catalogs_with_filter(connection, visit.enterprise.uuid, query, _MOST_SHARING)
    return [
        (named(title), f"{visit.base}/catalogs/{uuid}")
        for uuid, title in found
        if uuid != visit.target.uuid
    ]
