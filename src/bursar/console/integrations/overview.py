"""What is connected, and does it work?"""

from typing import Final

from sqlalchemy import Connection

from bursar.console.integrations import words
from bursar.console.integrations.clients import OF_API, OF_SCIM
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.visits import Html, Visit
from bursar.identity.service import page_of_clients
from bursar.pages import PageRequest
from bursar.scheduled_reports.service import last_runs, page_of_reports
from bursar.webhooks.service import page_of_endpoints
from bursar.xapi.service import find_connection

screens: Final = Screens()
SHOWN: Final = 10
"""Of each kind; the rest has a page of its own."""


@screens.get(f"{OF_ENTERPRISE}/integrations")
def show_integrations(visit: Visit, connection: Connection) -> Html:
    mine, first = visit.enterprise.uuid, PageRequest(SHOWN)
    clients, of_api = page_of_clients(connection, mine, first, OF_API)
    providers, of_scim = page_of_clients(connection, mine, first, OF_SCIM)
    hooks, endpoints = page_of_endpoints(connection, mine, first)
    planned, reports = page_of_reports(connection, mine, first)
    given = {
        "words": words,
        "clients": of_api,
        "client_count": clients.count,
        "providers": of_scim,
        "provider_count": providers.count,
        "endpoints": endpoints,
        "endpoint_count": hooks.count,
        "store": find_connection(connection, mine),
        "reports": reports,
        "report_count": planned.count,
        "runs": last_runs(connection, [each.uuid for each in reports]),
        "shown": SHOWN,
    }
    return Html("integrations.html", given)
