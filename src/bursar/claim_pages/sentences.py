"""Why something cannot be taken, in sentences. What is to be done about it stands in the templates:
whom to ask."""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from bursar.claims.views import ClaimView, Obstacle
from bursar.languages.texts import Texts


def N_(message: str) -> str:  # noqa: N802 - as gettext's tools know it
    """Marks a message for translation, which is translated where it is shown."""
    return message


_SENTENCES: Final[Mapping[Obstacle, str]] = {
    Obstacle.WITHDRAWN: N_("%(enterprise)s has taken this back."),
    Obstacle.RENEWED: N_("You were given this anew. Open the link in the newest mail about it."),
    Obstacle.EXPIRED: N_("The time to take this ended on %(date)s."),
    Obstacle.FAILED: N_("You could not be enrolled in this course."),
    Obstacle.PAUSED: N_("%(enterprise)s has paused what it offers."),
    Obstacle.BUDGET_CLOSED: N_("The budget that was to pay for this is closed."),
    Obstacle.BUDGET_NOT_STARTED: N_("The budget that is to pay for this is not open yet."),
    Obstacle.BUDGET_ENDED: N_("The budget that was to pay for this ended on %(date)s."),
    Obstacle.COURSE_GONE: N_("The course is no longer offered."),
    Obstacle.COURSE_CLOSED: N_("Nobody can enroll in this course any more."),
    Obstacle.ENROLLED_OTHERWISE: N_("You are enrolled in this course already."),
    Obstacle.PLAN_CLOSED: N_("The subscription is closed."),
    Obstacle.PLAN_NOT_STARTED: N_("The subscription begins on %(date)s. Come back then."),
    Obstacle.PLAN_ENDED: N_("The subscription ended on %(date)s."),
}


def sentence_of(view: ClaimView, texts: Texts) -> Markup:
    """Of a view with an obstacle."""
    assert view.obstacle is not None  # noqa: S101 - the caller has looked
    at = view.obstacle_at or view.until
    is_begin = view.obstacle is Obstacle.PLAN_NOT_STARTED
    date = texts.moment(at) if is_begin else texts.last_moment(at)
    return texts(_SENTENCES[view.obstacle], enterprise=view.enterprise_name, date=date)
