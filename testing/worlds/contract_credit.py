"""Learner credit of the two enterprises: a budget to assign from, one for all, and assignments."""

from uuid import UUID

from sqlalchemy.orm import Session

from bursar.credit.states import AssignmentState
from testing.worlds import credit, declared
from testing.worlds.contract import ACME, EXAMPLES, GLOBEX, GLOBEX_EXAMPLES, Document, identifier

_NAMES = {ACME: "acme", GLOBEX: "globex"}
_CATALOGS = {ACME: EXAMPLES, GLOBEX: GLOBEX_EXAMPLES}


def named(enterprise: UUID, what: str) -> UUID:
    return identifier(f"{what} of {_NAMES[enterprise]}")


def with_budgets(manifest: Document) -> Document:
    enterprises = [
        enterprise | budgets(UUID(enterprise["uuid"])) for enterprise in manifest["enterprises"]
    ]
    return manifest | {"enterprises": enterprises}


def budgets(enterprise: UUID) -> dict[str, list[Document]]:
    """Parts of a manifest."""
    assigned = _policy(enterprise, "budget", "AssignedLearnerCreditAccessPolicy")
    configuration = {"uuid": str(named(enterprise, "configuration")), "active": True}
    return {
        "subsidies": [declared.subsidy(named(enterprise, "subsidy"), 1_000_000_000)],
        "policies": [
            {**assigned, "assignment_configuration": configuration},
            _policy(enterprise, "budget for all", "PerLearnerSpendCreditAccessPolicy"),
        ],
    }


def _policy(enterprise: UUID, name: str, policy_type: str) -> Document:
    return {
        "uuid": str(named(enterprise, name)),
        "policy_type": policy_type,
        "display_name": name,
        "catalog_uuid": str(_CATALOGS[enterprise]),
        "subsidy_uuid": str(named(enterprise, "subsidy")),
    }


def assign(session: Session, enterprise: UUID) -> None:
    """An assignment in each state that a request can be repeated on."""
    of = credit.Configuration(
        named(enterprise, "configuration"),
        enterprise,
        named(enterprise, "subsidy"),
        named(enterprise, "budget"),
    )
    for kind in credit.KINDS:
        state = kind[0]
        fields = {"uuid": named(enterprise, f"{state} assignment")}
        if state in credit.PAID:
            fields["transaction_uuid"] = named(enterprise, f"{state} transaction")
        is_first = state is not AssignmentState.ALLOCATED or kind == credit.KINDS[0]
        credit.assignment(session, of, kind, **(fields if is_first else {}))
