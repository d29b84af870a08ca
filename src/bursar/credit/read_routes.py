"""The lists of learner credit: policies, and the assignments of a configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from bursar.credit import queries
from bursar.credit.filters import AssignmentFilters, read_filters
from bursar.credit.queries import DEFAULT_ORDERING, Ordering, PolicySelection, StateCounts
from bursar.credit.rules import POLICY_TYPES
from bursar.credit.schemas import (
    AssignmentList,
    LearnerStateCount,
    PolicyList,
    assignment_list_item,
    policy_summary,
)
from bursar.database.types import AnyRow
from bursar.pages import Page
from bursar.web.call import Answer, Call
from bursar.web.pagination import next_link, page_size, previous_link, select_page
from bursar.web.parameters import ParameterReader


@dataclass(frozen=True, slots=True)
class PolicyParameters:
    selection: PolicySelection
    size: int


def read_policy_parameters(reader: ParameterReader) -> PolicyParameters:
    name = "enterprise_customer_uuid"
    enterprise = reader.uuid(name)
    if enterprise is None:
        reader.errors.setdefault(name, ["This field is required."])
    active = reader.boolean("active")
    policy_type = reader.read(
        "policy_type", _policy_type, f"Must be one of: {', '.join(POLICY_TYPES)}."
    )
    selection = PolicySelection(
        enterprise,
        (False, True) if active is None else (active,),
        POLICY_TYPES if policy_type is None else (policy_type,),
    )
    size = page_size(reader.query, ("page_size",), default=10, maximum=100)
    return PolicyParameters(selection, size)


def _policy_type(text: str) -> str:
    if text not in POLICY_TYPES:
        raise ValueError(text)
    return text


def list_policies(call: Call, connection: Connection) -> Answer:
    page, rows = _policies(call, connection, call.parameters)
    content = PolicyList(
        next=next_link(call.url, call.query, page),
        previous=previous_link(call.url, call.query, page),
        count=page.count,
        num_pages=page.pages,
        current_page=page.number,
        start=page.start,
        results=[policy_summary(row, call.now) for row in rows],
    )
    return Answer(content)


def _policies(
    call: Call, connection: Connection, wanted: PolicyParameters
) -> tuple[Page, Sequence[AnyRow]]:
    """Raises InvalidPage. An enterprise that is not the client's is as one that is unknown."""
    if wanted.selection.enterprise_uuid not in call.principal.roles:
        return select_page(call.query, count=0, size=wanted.size), ()
    offset = 0
    if call.query.get("page") is not None:
        count = queries.policies_count(connection, wanted.selection)
        offset = select_page(call.query, count=count, size=wanted.size).start
    rows = queries.policies_page(connection, wanted.selection, offset, wanted.size)
    return select_page(call.query, count=rows[0].total if rows else 0, size=wanted.size), rows


ORDERED_BY: Final = {
    "recent_action_time": "recent_action_at",
    "learner_state_sort_order": "learner_state_sort_order",
    "content_quantity": "content_quantity",
}


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
