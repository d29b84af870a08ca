"""The query parameters that select licenses, and those of their lists."""

from collections.abc import Sequence
from typing import Annotated, Final

from bursar.api.people import ACCOUNT, ADDRESS, OfEnterpriseQuery, one_is_required
from bursar.subscriptions.licenses.commands import LicenseSelection, PersonSelection
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.web.query import (
    FLAG,
    SEARCH,
    Errors,
    PageNumber,
    Query,
    Repeatable,
    WrongValue,
    size_of_page,
)

PAGE_SIZE: Final = 100
LARGEST_PAGE: Final = 1000


def _statuses(texts: Sequence[str]) -> frozenset[LicenseStatus]:
    """Several, by comma or by saying `status` again; none at all stands for every status."""
    names = {part.strip() for text in texts for part in text.split(",")} - {""}
    if names - set(LicenseStatus):
        raise WrongValue(f"Must be one of: {', '.join(LicenseStatus)}.")
    return frozenset(map(LicenseStatus, names or LicenseStatus))


_STATUS: Final = Repeatable(
    _statuses,
    schema={
        "type": "array",
        "items": {"type": "string", "enum": [status.value for status in LicenseStatus]},
    },
)


_PAGE_SIZE: Final = size_of_page(default=PAGE_SIZE, maximum=LARGEST_PAGE)


class LicenseFilterQuery(Query, frozen=True, kw_only=True):
    status: Annotated[
        frozenset[LicenseStatus], _STATUS, "One of these; separated by commas, or repeated."
    ] = frozenset(LicenseStatus)
    user_email: Annotated[str | None, ADDRESS, "Only this learner."] = None
    search: Annotated[str | None, SEARCH, "Part of the learner's e-mail."] = None

    def selection(self) -> LicenseSelection:
        return LicenseSelection(self.status, self.user_email, self.search)


class LicenseListQuery(LicenseFilterQuery, frozen=True, kw_only=True):
    page: PageNumber = 1
    page_size: Annotated[int, _PAGE_SIZE, "Licenses on a page, up to 1,000."] = PAGE_SIZE


class LicensesOfPersonQuery(OfEnterpriseQuery, frozen=True, kw_only=True):
    user_email: Annotated[str | None, ADDRESS, "The learner; or lms_user_id."] = None
    lms_user_id: Annotated[int | None, ACCOUNT, "The learner's account; or user_email."] = None
    page: PageNumber = 1
    page_size: Annotated[int, _PAGE_SIZE, "Licenses on a page, up to 1,000."] = PAGE_SIZE

    def problems(self) -> Errors:
        return one_is_required("user_email", self.user_email, self.lms_user_id)

    def selection(self) -> PersonSelection:
        return PersonSelection(self.enterprise_customer_uuid, self.user_email, self.lms_user_id)


class RevokeQuery(Query, frozen=True, kw_only=True):
    best_effort: Annotated[
        bool, FLAG, "With `true`, what can be revoked is, and the answer says what could not."
    ] = False
