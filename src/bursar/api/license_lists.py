"""Lists of licenses over HTTP: of a plan, counted, as a file, and of one learner over all plans."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection

from bursar.api.license_queries import (
    LicenseFilterQuery,
    LicenseListQuery,
    LicensesOfPersonQuery,
)
from bursar.pages import Page, PageRequest
from bursar.subscriptions.licenses import service
from bursar.subscriptions.licenses.views import LicenseItem, StatusCount
from bursar.subscriptions.plans.owned import PLAN, PlanTarget
from bursar.web.call import Answer
from bursar.web.negotiation import Format
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes

LICENSES: Final = "/enterprise/v1/subscriptions/{subscription_plan_uuid:uuid}/licenses"
routes: Final = Routes("subscriptions", from_standby=True)
OwnedPlan: TypeAlias = Annotated[PlanTarget, PLAN]


class LicenseList(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[LicenseItem]


LICENSE_EXAMPLE: Final[dict[str, Any]] = {
    "uuid": "30824248-e671-449f-8bf7-02715478abce",
    "status": "assigned",
    "user_email": "abc@example.com",
    "lms_user_id": 501,
    "user_sfid": None,
    "subscription_plan_uuid": "104b1785-1d3a-1000-148d-1ae7a56e6355",
    "assigned_date": "2023-01-02T00:00:00Z",
    "activation_date": None,
    "revoked_date": None,
}
_LIST_EXAMPLE: Final[dict[str, Any]] = {
    "count": 1,
    "next": None,
    "previous": None,
    "results": [LICENSE_EXAMPLE],
}


@routes.get(LICENSES, example=_LIST_EXAMPLE, statuses=(404,))
def list_licenses(
    plan: OwnedPlan, query: LicenseListQuery, request: HttpRequest, connection: Connection
) -> LicenseList:
    """List the licenses of a plan

    By e-mail; those that nobody holds come last. Beyond the reference.
    """
    wanted = PageRequest(query.page_size, query.page)
    page, found = service.list_licenses(connection, plan, query.selection(), wanted)
    return _list(request, page, found)


@routes.get(f"{LICENSES}/overview", example=[{"status": "assigned", "count": 12}])
def count_licenses(
    plan: OwnedPlan, query: LicenseFilterQuery, connection: Connection
) -> list[StatusCount]:
    """Count the licenses of a plan

    How many of the licenses that the filters select are in which status, the most frequent first.
    Beyond the reference.
    """
    return service.count_by_status(connection, plan, query.selection())


@routes.get(
    f"{LICENSES}/csv",
    schema={"type": "string"},
    formats=(Format.CSV,),
    ignores_accept=True,
)
def download_licenses(
    plan: OwnedPlan, query: LicenseFilterQuery, _connection: Connection
) -> Answer[bytes]:
    """Download the licenses of a plan

    All that the filters select, as a CSV file, whatever `Accept` says. What a spreadsheet would
    take for a formula has an apostrophe in front. Beyond the reference.
    """

    def chunks(connection: Connection) -> Iterator[bytes]:
        return service.csv_file(connection, plan, query.selection())

    headers = {"Content-Disposition": f'attachment; filename="licenses-{plan.uuid}.csv"'}
    return Answer(stream=chunks, headers=headers)


@routes.get("/enterprise/v1/licenses", example=_LIST_EXAMPLE, statuses=(404,))
def list_licenses_of_person(
    query: LicensesOfPersonQuery, caller: Caller, request: HttpRequest, connection: Connection
) -> LicenseList:
    """List the licenses of a learner

    Over all plans of an enterprise, in whatever status, the license that was assigned last first.
    Beyond the reference.
    """
    wanted = PageRequest(query.page_size, query.page)
    if not caller.acts_for(query.enterprise_customer_uuid):
        # An enterprise that is not the client's is answered as one that is unknown.
        return _list(request, wanted.within(0), [])
    page, found = service.licenses_of_person(connection, query.selection(), wanted)
    return _list(request, page, found)


def _list(request: HttpRequest, page: Page, found: list[LicenseItem]) -> LicenseList:
    return LicenseList(page.count, request.next_link(page), request.previous_link(page), found)
