"""The learners of an enterprise, to find one."""

from typing import Final

from sqlalchemy import Connection

from bursar.console.rendering import ROWS
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Html, Visit
from bursar.learners.listing import COUNTED_TO, count_learners, learners_after

screens: Final = Screens()
_LONGEST: Final = 254


@screens.get(f"{OF_ENTERPRISE}/learners")
def show_learners(visit: Visit, connection: Connection) -> Html:
    search, after = _asked(visit, "search").strip(), _asked(visit, "after")
    found = learners_after(connection, visit.enterprise.uuid, search, after=after, limit=ROWS + 1)
    given = {
        "learners": found[:ROWS],
        "count": count_learners(connection, visit.enterprise.uuid, search),
        "most": COUNTED_TO,
        "search": search,
        "next": visit.with_query(after=found[ROWS - 1].email) if len(found) > ROWS else None,
        "first": visit.with_query(after=None) if after else None,
    }
    return Html("learners.html", given)


def _asked(visit: Visit, name: str) -> str:
    return (visit.query.get(name) or "").replace("\x00", "")[:_LONGEST]
