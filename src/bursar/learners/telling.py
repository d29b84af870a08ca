"""Subscribers of learner events, made from what other domains do with a learner's news."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.events.event import Event, Subscriber
from bursar.learners.events import LearnerConsentChanged, LearnerLinked

Link: TypeAlias = Callable[[Session, Actor, UUID, Sequence[tuple[str, int]], datetime], object]
"""Given an enterprise, and pairs of a normalised e-mail and its lms_user_id."""
Refresh: TypeAlias = Callable[[Session, UUID, Sequence[int], datetime], object]
"""Given an enterprise and the ids of its learners."""


E = TypeVar("E", bound=Event)


def telling_accounts(link: Link) -> Subscriber[LearnerLinked]:
    def tell(session: Session, actor: Actor, events: Sequence[LearnerLinked], at: datetime) -> None:
        for enterprise_uuid, some in _by_enterprise(events):
            link(session, actor, enterprise_uuid, [(e.email, e.lms_user_id) for e in some], at)

    return tell


def telling_consent(refresh: Refresh) -> Subscriber[LearnerConsentChanged]:
    def tell(
        session: Session, _actor: Actor, events: Sequence[LearnerConsentChanged], at: datetime
    ) -> None:
        for enterprise_uuid, some in _by_enterprise(events):
            refresh(session, enterprise_uuid, [event.learner_id for event in some], at)

    return tell


def _by_enterprise(events: Sequence[E]) -> list[tuple[UUID, list[E]]]:
    grouped: dict[UUID, list[E]] = {}
    for event in events:
        if event.enterprise_uuid is not None:
            grouped.setdefault(event.enterprise_uuid, []).append(event)
    return list(grouped.items())
