"""Where learners are: what their own tables hold of a person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table

from bursar.database.holdings import Holding
from bursar.learners.models import FormerAddress, Learner, ScimUser

_LEARNERS: Final = cast("Table", Learner.__table__)
_USERS: Final = cast("Table", ScimUser.__table__)
_FORMER: Final = cast("Table", FormerAddress.__table__)


def _emptied(at: datetime) -> Mapping[str, Any]:
    return {"username": None, "sso_uid": None, "country": None, "modified_at": at}


HOLDINGS: Final = (
    Holding(
        table=_LEARNERS,
        address=_LEARNERS.c.email,
        learner=_LEARNERS.c.id,
        account=_LEARNERS.c.lms_user_id,
        since=_LEARNERS.c.modified_at,
        erased=_emptied,
    ),
    Holding(
        table=_USERS,
        learner=_USERS.c.learner_id,
        since=_USERS.c.modified_at,
        follows_renaming=False,
        is_deleted=True,
    ),
    Holding(
        table=_FORMER,
        address=_FORMER.c.email,
        learner=_FORMER.c.learner_id,
        since=_FORMER.c.until,
        follows_renaming=False,
    ),
)
