"""Assignments: courses that budgets are to pay for learners."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Sequence

from bursar_client._sync.pages import Pages
from bursar_client._sync.part import Part
from bursar_client.models.credit import Assignment
from bursar_client.models.jobs import Started
from bursar_client.wire import Identifier, Parameter, Request, get, path, post

ASSIGNMENTS = "/enterprise/v1/assignment-configurations/{}/admin/assignments/"
OF_LEARNER = "/enterprise/v1/assignments"


class Assignments(Part):
    def find(
        self,
        configuration: Identifier,
        *,
        page_size: int | None = None,
        ordering: str | None = None,
        **filters: Parameter,
    ) -> Pages[Assignment]:
        """`filters` are those of the reference: `state`, `learner_email__in`, `search`, ..."""
        where = path(ASSIGNMENTS, configuration)
        request = get(where, page_size=page_size, ordering=ordering, **filters)
        return self._pages(request, Assignment)

    def of_learner(
        self,
        *,
        learner_email: str | None = None,
        lms_user_id: int | None = None,
        enterprise: Identifier | None = None,
    ) -> Pages[Assignment]:
        """Over all budgets of the enterprise."""
        request = get(
            OF_LEARNER,
            enterprise_customer_uuid=self._enterprise(enterprise),
            learner_email=learner_email,
            lms_user_id=lms_user_id,
        )
        return self._pages(request, Assignment)

    def remind(self, configuration: Identifier, assignments: Sequence[Identifier]) -> None:
        self._done(_of(configuration, "remind/", assignments))

    def cancel(self, configuration: Identifier, assignments: Sequence[Identifier]) -> None:
        self._done(_of(configuration, "cancel/", assignments))

    def remind_all(self, configuration: Identifier, **filters: Parameter) -> Started:
        where = path(ASSIGNMENTS + "remind-all/", configuration)
        return self._started(post(where, **filters))

    def cancel_all(self, configuration: Identifier, **filters: Parameter) -> Started:
        """All that the filters select. Wait for a large one with `jobs.wait_for_change`."""
        where = path(ASSIGNMENTS + "cancel-all/", configuration)
        return self._started(post(where, **filters))


def _of(configuration: Identifier, what: str, assignments: Sequence[Identifier]) -> Request:
    body = {"assignment_uuids": [str(one) for one in assignments]}
    return post(path(ASSIGNMENTS + what, configuration), body)
