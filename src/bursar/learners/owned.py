"""Learners that paths name."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, cast

from bursar.emails import NOBODY
from bursar.learners.models import Learner
from bursar.tenancy import Owned

_learner: Final = Learner.__table__


@dataclass(frozen=True, slots=True)
class NamedLearner:
    enterprise_uuid: UUID
    id: int
    email: str


LEARNER: Final = Owned(
    NamedLearner,
    source=_learner,
    enterprise=_learner.c.enterprise_uuid,
    # Nobody is there any more once a person is erased.
    condition=(_learner.c.id == cast(bindparam("learner_id", type_=BigInteger), BigInteger))
    & _learner.c.email.not_like(f"%{NOBODY}"),
    columns=(_learner.c.id, _learner.c.email),
)
