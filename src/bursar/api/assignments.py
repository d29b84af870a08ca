"""Assignments over HTTP: the list of a configuration, reminders and cancellation."""

from typing import Annotated, Any, Final, TypeAlias

import msgspec
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.api.assignment_filters import (
    AssignmentFilterQuery,
    AssignmentListQuery,
    AssignmentsOfLearnerQuery,
)
from bursar.api.budget_refusals import REFUSALS
from bursar.api.bulk_changes import answer_of_change
from bursar.credit.assignments import service
from bursar.credit.assignments.commands import (
    CancelAssignments,
    CancelSelected,
    RemindAssignments,
    RemindSelected,
    StateCounts,
)
from bursar.credit.assignments.owned import (
    CONFIGURATION,
    LISTED_CONFIGURATION,
    ListedConfiguration,
    NamedConfiguration,
)
from bursar.credit.assignments.views import AssignmentListItem
from bursar.credit.states import LearnerState
from bursar.pages import PageRequest
from bursar.web.call import Answer
from bursar.web.fields import Identifiers
from bursar.web.request import Caller, HttpRequest
from bursar.web.routes import Routes
from bursar.web.validation import Body

routes: Final = Routes("assignment-configurations", REFUSALS)
listing: Final = Routes("assignment-configurations", from_standby=True)
OwnedConfiguration: TypeAlias = Annotated[NamedConfiguration, CONFIGURATION]
OwnedList: TypeAlias = Annotated[ListedConfiguration, LISTED_CONFIGURATION]

_ASSIGNMENTS: Final = (
    "/enterprise/v1/assignment-configurations/{assignment_configuration_uuid:uuid}"
    "/admin/assignments"
)

ASSIGNMENTS_EXAMPLE: Final[dict[str, Any]] = {
    "count": 123,
    "page_count": 3,
    "page_size": 50,
    "current_page": 1,
    "next": "http://example.com",
    "previous": "http://example.com",
    "results": [
        {
            "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
            "assignment_configuration": "fd456a98-653b-41e9-94d1-94d7b136832a",
            "learner_email": "user@example.com",
            "lms_user_id": 0,
            "content_key": "string",
            "content_title": "string",
            "content_quantity": 0,
            "state": "allocated",
            "transaction_uuid": "3a6bcbed-b7dc-4791-84fe-b20f12be4001",
            "actions": [
                {
                    "created": "2019-08-24T14:15:22Z",
                    "modified": "2019-08-24T14:15:22Z",
                    "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
                    "action_type": "learner_linked",
                    "completed_at": "2019-08-24T14:15:22Z",
                    "error_reason": "email_error",
                }
            ],
            "earliest_possible_expiration": {
                "date": "2019-08-24T14:15:22Z",
                "reason": "string",
            },
            "recent_action": {
                "action_type": "assigned",
                "timestamp": "2019-08-24T14:15:22Z",
            },
            "learner_state": "notifying",
            "error_reason": "string",
        }
    ],
    "learner_state_counts": [{"learner_state": "waiting", "count": 123}],
}


class AssignmentsBody(Body):
    assignment_uuids: Identifiers


class AssignmentsOfLearner(msgspec.Struct, frozen=True):
    count: int
    next: str | None
    previous: str | None
    results: list[AssignmentListItem]


class LearnerStateCount(msgspec.Struct, frozen=True):
    learner_state: LearnerState
    count: int


class AssignmentList(msgspec.Struct, frozen=True):
    count: int
    page_count: int
    page_size: int
    current_page: int
    next: str | None
    previous: str | None
    results: list[AssignmentListItem]
    learner_state_counts: list[LearnerStateCount]


@listing.get(_ASSIGNMENTS, example=ASSIGNMENTS_EXAMPLE)
def list_assignments(
    configuration: OwnedList,
    query: AssignmentListQuery,
    request: HttpRequest,
    connection: Connection,
) -> AssignmentList:
    """List the assignments of a configuration

    Those that every filter lets pass, the latest action first.
    """
    wanted = PageRequest(query.page_size, query.page)
    found = service.list_assignments(
        connection, configuration, query.filters(), query.ordering, wanted
    )
    page = found.page
    return AssignmentList(
        count=page.count,
        page_count=page.pages,
        page_size=page.size,
        current_page=page.number,
        next=request.next_link(page),
        previous=request.previous_link(page),
        results=list(found.items),
        learner_state_counts=_most_frequent_first(found.counts),
    )


def _most_frequent_first(counts: StateCounts) -> list[LearnerStateCount]:
    shown = [
        LearnerStateCount(state, number)
        for state, number in counts.items()
        if state is not None and number
    ]
    return sorted(shown, key=lambda each: (-each.count, each.learner_state))


@listing.get(
    "/enterprise/v1/assignments",
    example={
        "count": 1,
        "next": None,
        "previous": None,
        "results": ASSIGNMENTS_EXAMPLE["results"],
    },
    statuses=(404,),
)
def list_assignments_of_learner(
    query: AssignmentsOfLearnerQuery,
    caller: Caller,
    request: HttpRequest,
    connection: Connection,
) -> AssignmentsOfLearner:
    """List the assignments of a learner

    Over all budgets of an enterprise, in whatever state, the latest action first. Beyond the
    reference.
    """
    wanted = PageRequest(query.page_size, query.page)
    if caller.acts_for(query.enterprise_customer_uuid):
        page, found = service.assignments_of_learner(connection, query.selection(), wanted)
    else:
        # An enterprise that is not the client's is answered as one that is unknown.
        page, found = wanted.within(0), []
    return AssignmentsOfLearner(
        page.count, request.next_link(page), request.previous_link(page), found
    )


@routes.post(f"{_ASSIGNMENTS}/remind")
def remind(
    configuration: OwnedConfiguration,
    body: AssignmentsBody,
    caller: Caller,
    session: Session,
) -> None:
    """Remind learners of assignments

    All or none: when one of them is unknown here or not allocated, 422 names those and nobody is
    reminded.
    """
    command = RemindAssignments(
        configuration.enterprise_uuid,
        configuration.uuid,
        tuple(dict.fromkeys(body.assignment_uuids)),
    )
    service.remind(session, caller.actor, command)


@routes.post(f"{_ASSIGNMENTS}/cancel")
def cancel(
    configuration: OwnedConfiguration,
    body: AssignmentsBody,
    caller: Caller,
    session: Session,
) -> None:
    """Cancel assignments

    All or none, of those that are allocated, errored or cancelled already. The money is free again
    at once.
    """
    command = CancelAssignments(
        configuration.enterprise_uuid,
        configuration.uuid,
        tuple(dict.fromkeys(body.assignment_uuids)),
    )
    service.cancel(session, caller.actor, command)


@routes.post(f"{_ASSIGNMENTS}/remind-all", status=202, has_location=True)
def remind_all(
    configuration: OwnedConfiguration,
    query: AssignmentFilterQuery,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> Answer[None]:
    """Remind every selected learner

    Of the assignments that the filters select, those that are allocated. More than 1,000 are
    reminded by a bulk change, which `Location` names.
    """
    command = RemindSelected(configuration.enterprise_uuid, configuration.uuid, query.filters())
    done = service.remind_selected(session, caller.actor, command)
    return answer_of_change(done, request, status=202)


@routes.post(f"{_ASSIGNMENTS}/cancel-all", status=202, has_location=True)
def cancel_all(
    configuration: OwnedConfiguration,
    query: AssignmentFilterQuery,
    caller: Caller,
    request: HttpRequest,
    session: Session,
) -> Answer[None]:
    """Cancel every selected assignment

    Of the assignments that the filters select, those that are allocated or errored. More than 1,000
    are cancelled by a bulk change, which `Location` names.
    """
    command = CancelSelected(configuration.enterprise_uuid, configuration.uuid, query.filters())
    done = service.cancel_selected(session, caller.actor, command)
    return answer_of_change(done, request, status=202)
