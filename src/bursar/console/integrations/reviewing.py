"""A page that says what an action means, and has the button that does it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bursar.console.visits import Html, NotThere, Visit
from bursar.webhooks.service import UnknownEndpoint


@dataclass(frozen=True, slots=True)
class Review:
    """The form is sent to the path of the page itself."""

    title: str
    trail: Sequence[tuple[str, str]]
    told: Sequence[str]
    """The consequences; empty sentences are left out."""
    button: str
    keep: str
    """What the link back says, which does nothing."""
    is_dangerous: bool = False
    is_possible: bool = True


def reviewed(review: Review, error: str = "", status: int = 200) -> Html:
    return Html("integration-review.html", {"review": review, "error": error}, status)


@contextmanager
def still_there() -> Iterator[None]:
    """For a form about an endpoint, which somebody may delete while the form waits for its lock."""
    try:
        yield
    except UnknownEndpoint:
        raise NotThere from None


def trail_of(visit: Visit, *further: tuple[str, str]) -> list[tuple[str, str]]:
    """What stands above a page of an integration."""
    return [("Integrations", f"{visit.base}/integrations"), *further]
