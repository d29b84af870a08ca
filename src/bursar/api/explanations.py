"""Why a learner can take a course, or cannot, over HTTP."""

from typing import Annotated, Any, Final, TypeAlias

from sqlalchemy import Connection

from bursar.api.people import ACCOUNT, ADDRESS, OfEnterpriseQuery, just_one
from bursar.api.redeemability import content_key_of
from bursar.credit.redemption.commands import Asking
from bursar.explanations.service import explain
from bursar.explanations.views import Explained
from bursar.identity.owned import NAMED_ENTERPRISE, NamedEnterprise
from bursar.web.query import Errors, Parameter
from bursar.web.request import HttpRequest
from bursar.web.routes import Routes

routes: Final = Routes("explanations")
OwnedEnterprise: TypeAlias = Annotated[NamedEnterprise, NAMED_ENTERPRISE]


class ExplainQuery(OfEnterpriseQuery, frozen=True, kw_only=True):
    content_key: Annotated[str, Parameter(content_key_of), "A course or a course run."]
    email: Annotated[str | None, ADDRESS, "The learner; or lms_user_id."] = None
    lms_user_id: Annotated[int | None, ACCOUNT, "The learner's account; or email."] = None

    def problems(self) -> Errors:
        return just_one(self.email, self.lms_user_id)


_POLICY: Final = {
    "type": "policy",
    "uuid": "7d1e1e1e-3c1b-4f4e-9a26-0d1c5e5b8c55",
    "name": "Learner credit of 2026",
}
_EXAMPLE: Final[list[dict[str, Any]]] = [
    {
        "subject": _POLICY,
        "rule": "budget_in_use",
        "holds": True,
        "fact": "The budget is active.",
        "cure": None,
    },
    {
        "subject": _POLICY,
        "rule": "content_in_catalog",
        "holds": False,
        "fact": "The catalog of the budget does not hold the course.",
        "cure": "Extend the filter of the budget's catalog, or choose another course.",
    },
]


@routes.get("/enterprise/v1/explain", example=_EXAMPLE)
def explain_course(
    enterprise: OwnedEnterprise,
    query: ExplainQuery,
    request: HttpRequest,
    connection: Connection,
) -> list[Explained]:
    """Explain whether a learner can take a course

    For every policy and every subscription plan of the enterprise each rule in the order in which
    it is asked: whether it holds, what it has looked at, and what can be done about it. These are
    the rules of the redemption itself. Those that cannot be asked after one that does not hold are
    left out. Nothing is changed. Beyond the reference.
    """
    asking = Asking(
        enterprise.enterprise_uuid, (query.content_key,), query.email, query.lms_user_id
    )
    return explain(connection, asking, at=request.now)
