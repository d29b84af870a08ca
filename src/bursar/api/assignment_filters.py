"""The query parameters that select assignments, and those of their list."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias, TypeVar

from bursar.api.people import ACCOUNT, ADDRESS, OfEnterpriseQuery, one_is_required
from bursar.credit.assignments.commands import (
    DEFAULT_ORDERING,
    ORDERED_BY,
    AssignmentFilters,
    LearnerSelection,
    Ordering,
)
from bursar.credit.states import AssignmentState, LearnerState
from bursar.web.parameters import pattern_of_several, plus_meant
from bursar.web.query import (
    SEARCH,
    Errors,
    PageNumber,
    Parameter,
    Query,
    Repeatable,
    WrongValue,
    one_of,
    size_of_page,
    visible,
)

MAX_VALUES: Final = 1000
_SEVERAL: Final = "One of these; separated by commas, or repeated."

Value = TypeVar("Value", str, int, AssignmentState, LearnerState)


def _content_key(text: str) -> str:
    return visible(plus_meant(text.strip()))


def _ordering(text: str) -> Ordering:
    """One name or several, each with a minus sign to descend. Raises ValueError for another."""
    descends: dict[str, bool] = {}
    for given in (part.strip() for part in text.split(",")):
        name = given.removeprefix("-")
        if name not in ORDERED_BY:
            raise ValueError(name)
        descends.setdefault(name, given.startswith("-"))
    return tuple(descends.items())


def _several(one: Parameter) -> Repeatable:
    """As one of them, separated by commas or repeated; None when nothing is between the commas."""

    def parse(given: Sequence[str]) -> frozenset[object] | None:
        texts = [part for text in given for part in text.split(",") if part]
        if len(texts) > MAX_VALUES:
            raise WrongValue(f"Ensure this field has no more than {MAX_VALUES} elements.")
        return frozenset(one.parse(text.strip()) for text in texts) or None

    return Repeatable(parse, one.message, {"type": "array", "items": one.schema})


_KEY: Final = Parameter(_content_key)
_LEARNER_STATE: Final = one_of(LearnerState)
_STATE: Final = one_of(AssignmentState)
_ORDERING: Final = Parameter(
    _ordering,
    f"Must be one of: {', '.join(ORDERED_BY)}.",
    {"type": "string", "pattern": pattern_of_several(ORDERED_BY)},
)

Texts: TypeAlias = frozenset[str] | None


class AssignmentFilterQuery(Query, frozen=True, kw_only=True):
    content_key: Annotated[str | None, _KEY, "Only this course or course run."] = None
    content_key__in: Annotated[Texts, _several(_KEY), _SEVERAL] = None
    learner_email: Annotated[str | None, ADDRESS, "Only this learner."] = None
    learner_email__in: Annotated[Texts, _several(ADDRESS), _SEVERAL] = None
    learner_state: Annotated[
        LearnerState | None, _LEARNER_STATE, "Only this state of the learner."
    ] = None
    learner_state__in: Annotated[
        frozenset[LearnerState] | None, _several(_LEARNER_STATE), _SEVERAL
    ] = None
    lms_user_id: Annotated[int | None, ACCOUNT, "Only this learner."] = None
    lms_user_id__in: Annotated[frozenset[int] | None, _several(ACCOUNT), _SEVERAL] = None
    state: Annotated[AssignmentState | None, _STATE, "Only this state."] = None
    state__in: Annotated[frozenset[AssignmentState] | None, _several(_STATE), _SEVERAL] = None
    search: Annotated[
        str | None, SEARCH, "Part of the content's title or of the learner's e-mail."
    ] = None

    def filters(self) -> AssignmentFilters:
        return AssignmentFilters(
            content_keys=_both(self.content_key, self.content_key__in),
            learner_emails=_both(self.learner_email, self.learner_email__in),
            learner_states=_both(self.learner_state, self.learner_state__in),
            lms_user_ids=_both(self.lms_user_id, self.lms_user_id__in),
            states=_both(self.state, self.state__in),
            search=self.search,
        )


def _both(one: Value | None, several: frozenset[Value] | None) -> frozenset[Value] | None:
    """What both let pass; None when neither is given."""
    if one is None:
        return several
    return frozenset((one,)) if several is None else several & {one}


class AssignmentListQuery(AssignmentFilterQuery, frozen=True, kw_only=True):
    ordering: Annotated[
        Ordering,
        _ORDERING,
        "`recent_action_time`, `learner_state_sort_order` or `content_quantity`, or several "
        "separated by commas; with `-` in front one descends.",
    ] = DEFAULT_ORDERING
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=50, maximum=500), "Assignments on a page, up to 500."
    ] = 50


class AssignmentsOfLearnerQuery(OfEnterpriseQuery, frozen=True, kw_only=True):
    learner_email: Annotated[str | None, ADDRESS, "The learner; or lms_user_id."] = None
    lms_user_id: Annotated[int | None, ACCOUNT, "The learner's account; or learner_email."] = None
    page: PageNumber = 1
    page_size: Annotated[
        int, size_of_page(default=50, maximum=500), "Assignments on a page, up to 500."
    ] = 50

    def problems(self) -> Errors:
        return one_is_required("learner_email", self.learner_email, self.lms_user_id)

    def selection(self) -> LearnerSelection:
        return LearnerSelection(self.enterprise_customer_uuid, self.learner_email, self.lms_user_id)
