"""What a wish changes in what stands. Pure decisions."""

from dataclasses import dataclass, replace
from typing import Final

from bursar.enrollment.commands import Payer
from bursar.enrollment.direct.commands import Answered, Outcome, Wish, WishState

_OTHERS: Final = frozenset({Payer.LICENSE, Payer.CREDIT})


@dataclass(frozen=True, slots=True)
class Standing:
    """The last wish for a learner and a course run, and how far it is."""

    mode: str
    cohort: str | None
    notify: bool
    is_active: bool
    state: WishState
    in_lms: bool

    @property
    def is_under_way(self) -> bool:
        return self.state in (WishState.QUEUED, WishState.WAITING)


def is_paid_by_others(payer: Payer | None) -> bool:
    """Whether a license or credit pays for the seat, which then is theirs to begin and to end."""
    return payer in _OTHERS


def decide(
    standing: Standing | None,
    wish: Wish,
    payer: Payer | None,
    *,
    has_account: bool,
    asks_lms: bool,
) -> tuple[Standing | None, Answered]:
    """What stands after the wish: the same object when it changes nothing.

    `payer` is who pays for the seat now. `asks_lms` says that there is an LMS, which may know an
    account that Bursar does not know.
    """
    if not wish.is_active:
        return _without(standing, payer)
    answered = Answered(Outcome.SUCCESS if has_account else Outcome.PENDING)
    if is_paid_by_others(payer):
        return standing, Answered(Outcome.SUCCESS)
    if standing is not None and _is_fulfilled(standing, wish, payer):
        if standing.cohort != wish.cohort:
            standing = replace(standing, cohort=wish.cohort)
        return standing, answered
    is_known_to_lms = payer is Payer.REPORTED or (standing is not None and standing.in_lms)
    state = WishState.QUEUED if has_account or asks_lms else WishState.WAITING
    return (
        Standing(
            mode=wish.mode.value,
            cohort=wish.cohort,
            notify=wish.notify,
            is_active=True,
            state=state,
            in_lms=is_known_to_lms,
        ),
        answered,
    )


def _is_fulfilled(standing: Standing, wish: Wish, payer: Payer | None) -> bool:
    """Whether what stands is this very wish, and is under way or done. A seat that was ended since,
    by a report for example, is wished for anew."""
    if not standing.is_active or standing.mode != wish.mode.value:
        return False
    return standing.is_under_way or (standing.state is WishState.DONE and payer is Payer.API)


def _without(standing: Standing | None, payer: Payer | None) -> tuple[Standing | None, Answered]:
    """The learner is to leave the run."""
    done = Answered(Outcome.SUCCESS)
    if is_paid_by_others(payer):
        if standing is None or not standing.is_under_way or not standing.is_active:
            return standing, Answered(Outcome.PAID_OTHERWISE, payer)
        # What was wished for here is taken back; what others pay for stays.
        return replace(standing, is_active=False, state=WishState.QUEUED), done
    if standing is not None and not standing.is_active and (payer is None or standing.is_under_way):
        return standing, done
    if standing is None and payer is None:
        return None, done
    mode = "verified" if standing is None else standing.mode
    cohort = None if standing is None else standing.cohort
    is_in_lms = payer is not None or (standing is not None and standing.in_lms)
    is_begun = is_in_lms or (standing is not None and standing.state is WishState.QUEUED)
    state = WishState.QUEUED if is_begun else WishState.DONE
    ended = Standing(
        mode=mode, cohort=cohort, notify=False, is_active=False, state=state, in_lms=is_in_lms
    )
    return ended, done
