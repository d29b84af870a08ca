"""The front door of explanations."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.credit.policies.service import find_summaries
from bursar.credit.redemption import service as redemption
from bursar.credit.redemption.commands import Asking
from bursar.explanations.credit import cure_of, fact_of
from bursar.explanations.plans import explain_plans
from bursar.explanations.views import Explained, Subject, SubjectType
from bursar.learners.accounts import Person


def explain(connection: Connection, asking: Asking, *, at: datetime) -> list[Explained]:
    """What every rule of every budget and plan of the enterprise says of the learner and the first
    content of the question. Rules that cannot be asked, because nothing is left to ask after one
    that does not hold, are left out. Nothing is changed, and nothing is locked.
    """
    enterprise_uuid, key = asking.enterprise_uuid, asking.content_keys[0]
    with Session(connection) as session:
        person = redemption.find_asked_person(session, asking, at)
        return [
            *_of_budgets(session, enterprise_uuid, person, key, at),
            *explain_plans(session, enterprise_uuid, person, key, at),
        ]


def _of_budgets(
    session: Session, enterprise_uuid: UUID, person: Person | None, key: str, at: datetime
) -> Iterator[Explained]:
    explained = redemption.explain(session, enterprise_uuid, person, key, at=at)
    uuids = [policy_uuid for policy_uuid, _ in explained]
    summaries = find_summaries(session.connection(), enterprise_uuid, uuids, at)
    for policy_uuid, rules in explained:
        name = summaries[policy_uuid].display_name or ""
        subject = Subject(SubjectType.POLICY, policy_uuid, name)
        for asked in rules:
            holds = asked.refusal is None
            yield Explained(subject, asked.rule.value, holds, fact_of(asked), cure_of(asked))
