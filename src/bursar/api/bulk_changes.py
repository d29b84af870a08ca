"""Changes that go on in the background, over HTTP: how they are answered, and how far they are."""

from typing import Annotated, Any, Final, TypeAlias

from sqlalchemy import Connection

from bursar.bulk_changes.commands import SelectedChange
from bursar.bulk_changes.owned import CHANGE, ChangeTarget
from bursar.bulk_changes.views import BulkChangeView, view_of
from bursar.web.call import Answer
from bursar.web.errors import NotFound
from bursar.web.request import HttpRequest
from bursar.web.routes import Routes

PATH: Final = "/enterprise/v1/bulk-changes"

routes: Final = Routes("bulk-changes")
OwnedChange: TypeAlias = Annotated[ChangeTarget, CHANGE]

_EXAMPLE: Final[dict[str, Any]] = {
    "job_id": "5a1c9e0e-6a5d-4a0f-8d0f-6a9d6a5b7c11",
    "kind": "licenses.revoke",
    "state": "running",
    "total": 25000,
    "done": 4000,
    "error": None,
    "created": "2026-02-24T09:30:00Z",
    "finished": None,
}


@routes.get(f"{PATH}/{{job_id:uuid}}", example=_EXAMPLE)
def get_bulk_change(change: OwnedChange, _connection: Connection) -> BulkChangeView:
    """Get the status of a bulk change

    How many of the licenses or assignments that were selected are changed. A change that failed
    says why the rest is not. Beyond the reference.
    """
    return view_of(change)


def answer_of_change(done: SelectedChange, request: HttpRequest, *, status: int) -> Answer[None]:
    """Raises NotFound when nothing was selected."""
    if not done.number:
        raise NotFound
    if done.job_uuid is None:
        return Answer(status=status)
    return Answer(status=status, headers={"Location": f"{request.root}{PATH}/{done.job_uuid}"})
