"""What is declared of reports, and what their filters mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias
from uuid import UUID

from msgspec import UNSET, UnsetType

from bursar.credit.assignments import commands as assignments
from bursar.credit.assignments.commands import AssignmentFilters
from bursar.credit.redemption.commands import TransactionFilters
from bursar.declarations import DeclarationOutcome
from bursar.reporting import commands as summaries
from bursar.reporting.commands import Filters
from bursar.scheduled_reports.rules import Timetable
from bursar.subscriptions.licenses.commands import LicenseSelection


class ReportKind(StrEnum):
    """What a report holds. Each has the rows of an endpoint, as that endpoint shows them."""

    LEARNER_SUMMARY = "learner-summary"
    LICENSES = "licenses"
    ASSIGNMENTS = "assignments"
    TRANSACTIONS = "transactions"
    CATALOG = "catalog"


class ReportFormat(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class SummariesWanted:
    filters: Filters = summaries.NO_FILTERS
    ordering: summaries.Ordering = summaries.DEFAULT_ORDERING


@dataclass(frozen=True, slots=True)
class LicensesWanted:
    """Of one plan, or of every plan of the enterprise."""

    selection: LicenseSelection = field(default_factory=LicenseSelection)
    subscription_plan_uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class AssignmentsWanted:
    """Of one configuration, or of every one of the enterprise."""

    filters: AssignmentFilters = field(default_factory=AssignmentFilters)
    ordering: assignments.Ordering = assignments.DEFAULT_ORDERING
    assignment_configuration_uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class TransactionsWanted:
    filters: TransactionFilters = field(default_factory=TransactionFilters)


@dataclass(frozen=True, slots=True)
class ContentWanted:
    """What one catalog lists, or every catalog of the enterprise."""

    catalog_uuid: UUID | None = None


Wanted: TypeAlias = (
    SummariesWanted | LicensesWanted | AssignmentsWanted | TransactionsWanted | ContentWanted
)
WANTED: Final[Mapping[ReportKind, type[Wanted]]] = {
    ReportKind.LEARNER_SUMMARY: SummariesWanted,
    ReportKind.LICENSES: LicensesWanted,
    ReportKind.ASSIGNMENTS: AssignmentsWanted,
    ReportKind.TRANSACTIONS: TransactionsWanted,
    ReportKind.CATALOG: ContentWanted,
}


@dataclass(frozen=True, slots=True)
class MailTo:
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SftpTo:
    """A folder on a server. `host_key` is the server's public key, in OpenSSH's form."""

    host: str
    user: str
    host_key: str
    path: str = "."
    port: int = 22
    password: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    """A private key, in OpenSSH's or PEM's form."""

    @property
    def account(self) -> tuple[str, int, str]:
        """Whom a password or a key was given for."""
        return self.host, self.port, self.user


Destination: TypeAlias = MailTo | SftpTo


@dataclass(frozen=True, slots=True)
class PutReport:
    """Declares a report. What is UNSET stays as it is stored; of a new report it is the default.

    `to` without a password and without a key keeps the stored one, as long as the account is the
    same.
    """

    name: str
    what: ReportKind
    timetable: Timetable
    to: Destination
    format: ReportFormat | UnsetType = UNSET
    filters: Mapping[str, Any] | UnsetType = UNSET
    """As they were declared."""
    wanted: Wanted | UnsetType = UNSET
    """What the filters mean; set when they are."""
    pgp_public_key: str | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True)
class DeclaredReport:
    """A report as it is stored, without its secret."""

    uuid: UUID
    name: str
    what: ReportKind
    format: ReportFormat
    timetable: Timetable
    filters: Mapping[str, Any]
    to: Destination
    pgp_public_key: str | None


@dataclass(frozen=True, slots=True)
class Declarations:
    """What came of the reports of an enterprise, by their names, in the order of the manifest."""

    outcomes: Mapping[str, DeclarationOutcome]
    removed: tuple[str, ...]
