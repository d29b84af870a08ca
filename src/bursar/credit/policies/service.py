"""The front door of subsidies and policies: declare, list and export them.

Everything expects the caller's transaction or connection.
"""

from bursar.credit.ledger.service import lock_enterprise
from bursar.credit.policies.commands import Adjustment, PutSubsidy
from bursar.credit.policies.declared import (
    export_policies,
    export_subsidies,
    get_policy,
    overcommitted,
)
from bursar.credit.policies.ledger_list import (
    LedgerLine,
    SubsidyBalance,
    ledger_page,
    list_subsidies,
)
from bursar.credit.policies.ownership import (
    owners_of_configurations,
    owners_of_ledger_entries,
    owners_of_policies,
    owners_of_subsidies,
)
from bursar.credit.policies.policies import put_policy
from bursar.credit.policies.queries import find_summaries, find_summary, list_policies
from bursar.credit.policies.subsidies import put_subsidy, starting_balance_uuid

__all__ = [
    "Adjustment",
    "LedgerLine",
    "PutSubsidy",
    "SubsidyBalance",
    "export_policies",
    "export_subsidies",
    "find_summaries",
    "find_summary",
    "get_policy",
    "ledger_page",
    "list_policies",
    "list_subsidies",
    "lock_enterprise",
    "overcommitted",
    "owners_of_configurations",
    "owners_of_ledger_entries",
    "owners_of_policies",
    "owners_of_subsidies",
    "put_policy",
    "put_subsidy",
    "starting_balance_uuid",
]
