"""The filters of scheduled reports: the query parameters of the endpoints, read by the same code.

Pages are no filters. Beside the parameters there are names for what an endpoint's path names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from bursar.api.assignment_filters import AssignmentListQuery
from bursar.api.learner_summary import LearnerSummaryQuery
from bursar.api.license_queries import LicenseFilterQuery
from bursar.api.people import ADDRESS
from bursar.credit.redemption.commands import TransactionFilters
from bursar.credit.states import TransactionState
from bursar.scheduled_reports.commands import (
    AssignmentsWanted,
    ContentWanted,
    LicensesWanted,
    ReportKind,
    SummariesWanted,
    TransactionsWanted,
    Wanted,
)
from bursar.web.parameters import QueryParameters
from bursar.web.query import (
    IDENTIFIER,
    INSTANT,
    Query,
    Repeatable,
    WrongValue,
    fields_of,
    read_query,
)

_PAGES: Final = frozenset({"page", "page_size"})
_STATES: Final = frozenset(TransactionState)


class WrongFilters(ValueError):
    """What is wrong with filters, by their names."""

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        super().__init__(str(problems))
        self.problems = problems


def _transaction_states(texts: Sequence[str]) -> frozenset[TransactionState] | None:
    names = {part.strip() for text in texts for part in text.split(",")} - {""}
    if names - _STATES:
        raise WrongValue(f"Must be one of: {', '.join(TransactionState)}.")
    return frozenset(map(TransactionState, names)) or None


class LicenseReportQuery(LicenseFilterQuery, frozen=True, kw_only=True):
    subscription_plan_uuid: Annotated[UUID | None, IDENTIFIER, "Only this plan."] = None

    def wanted(self) -> LicensesWanted:
        return LicensesWanted(self.selection(), self.subscription_plan_uuid)


class AssignmentReportQuery(AssignmentListQuery, frozen=True, kw_only=True):
    assignment_configuration_uuid: Annotated[
        UUID | None, IDENTIFIER, "Only this configuration."
    ] = None

    def wanted(self) -> AssignmentsWanted:
        return AssignmentsWanted(self.filters(), self.ordering, self.assignment_configuration_uuid)


class TransactionReportQuery(Query, frozen=True, kw_only=True):
    state: Annotated[
        frozenset[TransactionState] | None,
        Repeatable(_transaction_states),
        "One of these; separated by commas, or several.",
    ] = None
    subsidy_access_policy: Annotated[UUID | None, IDENTIFIER, "Only this policy."] = None
    learner_email: Annotated[str | None, ADDRESS, "Only this learner."] = None
    created_since: Annotated[
        datetime | None, INSTANT, "Only what was created at this instant or later."
    ] = None

    def wanted(self) -> TransactionsWanted:
        return TransactionsWanted(
            TransactionFilters(
                states=self.state,
                policy_uuid=self.subsidy_access_policy,
                learner_email=self.learner_email,
                created_since=self.created_since,
            )
        )


class ContentReportQuery(Query, frozen=True, kw_only=True):
    catalog_uuid: Annotated[UUID | None, IDENTIFIER, "Only this catalog."] = None

    def wanted(self) -> ContentWanted:
        return ContentWanted(self.catalog_uuid)


Model = TypeVar("Model", bound=Query)


@dataclass(frozen=True, slots=True)
class _Reading(Generic[Model]):
    model: type[Model]
    wanted: Callable[[Model], Wanted]

    @property
    def names(self) -> list[str]:
        return [field.name for field in fields_of(self.model) if field.name not in _PAGES]

    def read(self, query: QueryParameters) -> Wanted:
        found, problems = read_query(self.model, query)
        if found is None:
            raise WrongFilters(problems)
        return self.wanted(found)


_READINGS: Final[Mapping[ReportKind, _Reading[Any]]] = {
    ReportKind.LEARNER_SUMMARY: _Reading(
        LearnerSummaryQuery, lambda query: SummariesWanted(query.filters(), query.ordering)
    ),
    ReportKind.LICENSES: _Reading(LicenseReportQuery, LicenseReportQuery.wanted),
    ReportKind.ASSIGNMENTS: _Reading(AssignmentReportQuery, AssignmentReportQuery.wanted),
    ReportKind.TRANSACTIONS: _Reading(TransactionReportQuery, TransactionReportQuery.wanted),
    ReportKind.CATALOG: _Reading(ContentReportQuery, ContentReportQuery.wanted),
}


def filter_names(what: ReportKind) -> list[str]:
    return _READINGS[what].names


def read_filters(what: ReportKind, filters: Mapping[str, Sequence[str]]) -> Wanted:
    """What the texts of filters mean. Raises WrongFilters, for unknown names too."""
    known = filter_names(what)
    if unknown := [name for name in filters if name not in known]:
        why = f"{what} has no such filter; it has: {', '.join(known)}."
        raise WrongFilters({name: [why] for name in unknown})
    pairs = [(name, text) for name, texts in filters.items() for text in texts]
    # A text goes the way of a query string, so that both mean the same.
    return _READINGS[what].read(QueryParameters(urlencode(pairs).encode()))
