"""Assignments over HTTP: the list of a configuration, allocation, reminders and cancellation."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.api.assignment_examples import ALLOCATION_EXAMPLE, ASSIGNMENTS_EXAMPLE
from bursar.api.assignment_filters import (
    FILTER_PARAMETERS,
    LIST_PARAMETERS,
    ORDERED_BY,
    read_filters,
)
from bursar.credit.assignments import allocation, changes, owned, queries
from bursar.credit.assignments.filters import AssignmentFilters
from bursar.credit.assignments.mail import LinkTo
from bursar.credit.assignments.queries import DEFAULT_ORDERING, Ordering, StateCounts
from bursar.credit.assignments.views import (
    AssignmentItem,
    AssignmentListItem,
    assignment_item,
    assignment_list_item,
)
from bursar.credit.policies.owned import POLICY
from bursar.credit.states import LearnerState
from bursar.web.call import Answer, Call
from bursar.web.endpoint import Documentation, Endpoint
from bursar.web.errors import NotFound
from bursar.web.fields import (
    Cents,
    EmailAddresses,
    Identifiers,
    Text,
)
from bursar.web.pagination import next_link, page_size, previous_link, select_page
from bursar.web.parameters import ParameterReader
from bursar.web.validation import Body


def endpoints() -> list[Endpoint]:
    return [_list_assignments(), _allocate(), *_of_assignments()]


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


class AllocationAnswer(msgspec.Struct, frozen=True):
    updated: list[AssignmentItem]
    created: list[AssignmentItem]
    no_change: list[AssignmentItem]


class AllocateBody(Body):
    learner_emails: EmailAddresses
    content_key: Text
    content_price_cents: Cents


class AssignmentsBody(Body):
    assignment_uuids: Identifiers


def _actor(call: Call) -> Actor:
    return Actor(call.principal.client_id, call.request_id)


def _link(call: Call) -> LinkTo:
    row = call.found
    return LinkTo(call.settings.lms_public_url, row.enterprise_uuid, row.slug, row.catalog_uuid)


def allocate(call: Call, session: Session, body: Any) -> Answer:
    asked: AllocateBody = body
    row = call.found
    place = allocation.Place(
        row.enterprise_uuid,
        row.uuid,
        row.catalog_uuid,
        row.configuration_uuid,
        row.configuration_active,
        _link(call),
    )
    wish = allocation.Wish(
        tuple(dict.fromkeys(asked.learner_emails)), asked.content_key, asked.content_price_cents
    )
    done = allocation.allocate(
        session,
        _actor(call),
        place,
        wish,
        tolerance_percent=call.settings.price_tolerance_percent,
        now=call.now,
    )
    content = AllocationAnswer(
        *(
            [assignment_item(each, done.actions.get(each.uuid, ())) for each in rows]
            for rows in (done.updated, done.created, done.no_change)
        )
    )
    return Answer(content, status=202)


def remind(call: Call, session: Session, body: Any) -> Answer:
    asked: AssignmentsBody = body
    uuids = list(dict.fromkeys(asked.assignment_uuids))
    changes.remind(
        session,
        _actor(call),
        configuration_uuid=call.found.uuid,
        link=_link(call),
        uuids=uuids,
        now=call.now,
    )
    return Answer()


def cancel(call: Call, session: Session, body: Any) -> Answer:
    asked: AssignmentsBody = body
    changes.cancel(
        session,
        _actor(call),
        enterprise_uuid=call.found.enterprise_uuid,
        policy_uuid=call.found.policy_uuid,
        configuration_uuid=call.found.uuid,
        uuids=list(dict.fromkeys(asked.assignment_uuids)),
        now=call.now,
    )
    return Answer()


def remind_all(call: Call, session: Session, _body: Any) -> Answer:
    filters: AssignmentFilters = call.parameters
    conditions = filters.conditions(call.found.uuid)
    if not changes.remind_all(session, _actor(call), _link(call), conditions, call.now):
        raise NotFound
    return Answer(status=202)


def cancel_all(call: Call, session: Session, _body: Any) -> Answer:
    filters: AssignmentFilters = call.parameters
    cancelled = changes.cancel_all(
        session,
        _actor(call),
        enterprise_uuid=call.found.enterprise_uuid,
        policy_uuid=call.found.policy_uuid,
        conditions=filters.conditions(call.found.uuid),
        now=call.now,
    )
    if not cancelled:
        raise NotFound
    return Answer(status=202)


@dataclass(frozen=True, slots=True)
class AssignmentParameters:
    filters: AssignmentFilters
    ordering: Ordering
    size: int


def read_assignment_parameters(reader: ParameterReader) -> AssignmentParameters:
    ordering = reader.read("ordering", _ordering, f"Must be one of: {', '.join(ORDERED_BY)}.")
    return AssignmentParameters(
        read_filters(reader),
        ordering or DEFAULT_ORDERING,
        page_size(reader.query, ("page_size",), default=50, maximum=500),
    )


def _ordering(text: str) -> Ordering:
    """One name or several, each with a minus sign to descend. Raises ValueError for another."""
    directions: dict[str, bool] = {}
    for name in (part.strip() for part in text.split(",")):
        column = ORDERED_BY.get(name.removeprefix("-"))
        if column is None:
            raise ValueError(name)
        directions.setdefault(column, name.startswith("-"))
    return tuple(directions.items())


def list_assignments(call: Call, connection: Connection) -> Answer:
    wanted: AssignmentParameters = call.parameters
    counts = queries.state_counts(connection, call.found, wanted.filters)
    page = select_page(call.query, count=counts.total(), size=wanted.size)
    rows = queries.assignments_page(
        connection, call.found.uuid, wanted.filters, wanted.ordering, page
    )
    actions = queries.actions_of_page(connection, [row.uuid for row in rows])
    content = AssignmentList(
        count=page.count,
        page_count=page.pages,
        page_size=page.size,
        current_page=page.number,
        next=next_link(call.url, call.query, page),
        previous=previous_link(call.url, call.query, page),
        results=[assignment_list_item(row, actions[row.uuid]) for row in rows],
        learner_state_counts=_most_frequent_first(counts),
    )
    return Answer(content)


def _most_frequent_first(counts: StateCounts) -> list[LearnerStateCount]:
    shown = [
        LearnerStateCount(state, number)
        for state, number in counts.items()
        if state is not None and number
    ]
    return sorted(shown, key=lambda each: (-each.count, each.learner_state))


def _list_assignments() -> Endpoint:
    return Endpoint(
        "GET",
        "/enterprise/v1/assignment-configurations/{assignment_configuration_uuid:uuid}"
        "/admin/assignments",
        Documentation(
            "List the assignments of a configuration",
            "Those that every filter lets pass, the latest action first.",
            "assignment-configurations",
            (*FILTER_PARAMETERS, *LIST_PARAMETERS),
            AssignmentList,
            ASSIGNMENTS_EXAMPLE,
        ),
        owned=queries.CONFIGURATION,
        read=list_assignments,
        parameters=read_assignment_parameters,
    )


_ALLOCATION: Final = "policy-allocation"
_ASSIGNMENTS: Final = "assignment-configurations"
_OF_CONFIGURATION: Final = (
    "/enterprise/v1/assignment-configurations/{assignment_configuration_uuid:uuid}"
    "/admin/assignments"
)


def _allocate() -> Endpoint:
    return Endpoint(
        "POST",
        "/enterprise/v1/policy-allocation/{policy_uuid:uuid}/allocate",
        Documentation(
            "Allocate a course to learners",
            "Reserves the price for every learner who is new to it, and mails them. Learners who "
            "have the course allocated already cost nothing and keep their price. All or none: "
            "422 names the reason.",
            _ALLOCATION,
            response=AllocationAnswer,
            example=ALLOCATION_EXAMPLE,
            status=202,
        ),
        owned=POLICY,
        write=allocate,
        body=AllocateBody,
    )


def _of_assignments() -> list[Endpoint]:
    return [
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/remind",
            Documentation(
                "Remind learners of assignments",
                "All or none: when one of them is unknown here or not allocated, 422 names those "
                "and nobody is reminded.",
                _ASSIGNMENTS,
            ),
            owned=owned.CONFIGURATION,
            write=remind,
            body=AssignmentsBody,
        ),
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/cancel",
            Documentation(
                "Cancel assignments",
                "All or none, of those that are allocated, errored or cancelled already. The "
                "money is free again at once.",
                _ASSIGNMENTS,
            ),
            owned=owned.CONFIGURATION,
            write=cancel,
            body=AssignmentsBody,
        ),
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/remind-all",
            Documentation(
                "Remind every selected learner",
                "Of the assignments that the filters select, those that are allocated.",
                _ASSIGNMENTS,
                FILTER_PARAMETERS,
                status=202,
            ),
            owned=owned.CONFIGURATION,
            write=remind_all,
            parameters=read_filters,
        ),
        Endpoint(
            "POST",
            f"{_OF_CONFIGURATION}/cancel-all",
            Documentation(
                "Cancel every selected assignment",
                "Of the assignments that the filters select, those that are allocated or errored.",
                _ASSIGNMENTS,
                FILTER_PARAMETERS,
                status=202,
            ),
            owned=owned.CONFIGURATION,
            write=cancel_all,
            parameters=read_filters,
        ),
    ]
