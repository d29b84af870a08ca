"""The licenses that a list shows, as files."""

from collections.abc import Iterator
from typing import Final

import msgspec
from sqlalchemy import Connection

from bursar.console.files import CSV, NDJSON, csv_file, ndjson_file
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.seats.plans import read_selection
from bursar.console.visits import File, Visit
from bursar.database.engine import snapshot_on
from bursar.subscriptions.licenses.service import all_licenses
from bursar.subscriptions.licenses.views import LicenseItem
from bursar.subscriptions.plans.owned import PLAN

screens: Final = Screens()
_PATH: Final = f"{OF_ENTERPRISE}/subscriptions/{{subscription_plan_uuid:uuid}}/licenses"


@screens.get(f"{_PATH}.{CSV}", owned=PLAN)
def export_csv(visit: Visit, connection: Connection) -> File:
    rows = (msgspec.structs.astuple(item) for item in _items(visit, connection))
    return csv_file(f"licenses-{visit.target.uuid}", LicenseItem.__struct_fields__, rows)


@screens.get(f"{_PATH}.{NDJSON}", owned=PLAN)
def export_ndjson(visit: Visit, connection: Connection) -> File:
    return ndjson_file(f"licenses-{visit.target.uuid}", _items(visit, connection))


def _items(visit: Visit, connection: Connection) -> Iterator[LicenseItem]:
    """Raises Refused."""
    _, selection = read_selection(visit)
    with snapshot_on(connection):
        for items in all_licenses(connection, visit.target.uuid, selection):
            yield from items
