"""The assignments of one learner over all budgets of an enterprise: two or three statements."""

from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select

from bursar.credit.assignments.commands import LearnerSelection
from bursar.credit.assignments.queries import ITEM_COLUMNS, actions_of_page
from bursar.credit.assignments.views import AssignmentListItem, assignment_list_item
from bursar.credit.models import Assignment, AssignmentConfiguration
from bursar.pages import Page, PageRequest

_assignments: Final = Assignment.__table__
_configurations: Final = AssignmentConfiguration.__table__
_BY_EMAIL: Final = (
    _assignments.c.enterprise_uuid == bindparam("of_enterprise"),
    _assignments.c.learner_email == bindparam("email"),
)
# Through the configurations: no index knows the accounts of a whole enterprise.
_BY_ACCOUNT: Final = (
    _configurations.c.enterprise_uuid == bindparam("of_enterprise"),
    _assignments.c.lms_user_id == bindparam("account"),
)


def _selected(selection: LearnerSelection) -> Select[Any]:
    every = select(*(_assignments.c[name] for name in ITEM_COLUMNS))
    if selection.lms_user_id is None:
        return every.where(*_BY_EMAIL)
    of_account = every.join_from(
        _configurations,
        _assignments,
        _assignments.c.configuration_uuid == _configurations.c.uuid,
    ).where(*_BY_ACCOUNT)
    if selection.learner_email is None:
        return of_account
    if selection.is_either_enough:
        # Each half has an index of its own, and the union holds no assignment twice.
        return select(every.where(*_BY_EMAIL).union(of_account).subquery())
    return of_account.where(_BY_EMAIL[1])


def assignments_of_learner(
    connection: Connection, selection: LearnerSelection, wanted: PageRequest
) -> tuple[Page, list[AssignmentListItem]]:
    """In whatever state, the latest action first. Raises PageOutOfRange."""
    values = {
        "of_enterprise": selection.enterprise_uuid,
        "email": selection.learner_email,
        "account": selection.lms_user_id,
    }
    statement = _selected(selection)
    columns = statement.selected_columns
    counting = select(func.count()).select_from(statement.subquery())
    page = wanted.within(connection.execute(counting, values).scalar_one())
    rows = connection.execute(
        statement.order_by(columns.recent_action_at.desc(), columns.uuid)
        .offset(page.start)
        .limit(page.size),
        values,
    ).all()
    actions = actions_of_page(connection, [row.uuid for row in rows])
    return page, [assignment_list_item(row, actions[row.uuid]) for row in rows]
