"""The rules by which a license pays for a course, asked of every plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.catalog.offers.service import Offer, find_offers
from bursar.clock import format_instant, last_moment
from bursar.enrollment.service import find_payer
from bursar.explanations.views import Explained, Subject, SubjectType
from bursar.explanations.words import HAS_THE_SEAT, IS_FREE, is_paid, would_be_enrolled
from bursar.learners.accounts import Person
from bursar.pages import PageRequest
from bursar.subscriptions.licenses.commands import PersonSelection
from bursar.subscriptions.licenses.service import licenses_of_person
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.plans.refusals import Unusable
from bursar.subscriptions.plans.service import PlanUse, plan_uses

_MOST: Final = 1_000
"""Licenses of one address: a person has one live license in a plan."""
_LIVE: Final = (LicenseStatus.ASSIGNED, LicenseStatus.ACTIVATED)
_CURES_OF_PLAN: Final[Mapping[Unusable, str]] = {
    Unusable.INACTIVE: "Declare the plan as active.",
    Unusable.NOT_STARTED: "Wait until the plan starts, or declare an earlier start.",
    Unusable.EXPIRED: "Renew the plan, or use another one.",
}


def explain_plans(
    session: Session, enterprise_uuid: UUID, person: Person | None, key: str, at: datetime
) -> Iterator[Explained]:
    """What each rule of each plan says, the latest start first."""
    connection = session.connection()
    plans = plan_uses(connection, enterprise_uuid, at)
    held = {} if person is None else _held(connection, enterprise_uuid, person)
    pairs = [(catalog, key) for catalog in dict.fromkeys(plan.catalog_uuid for plan in plans)]
    offers = find_offers(session, pairs, at)
    for plan in plans:
        offer = offers.get((plan.catalog_uuid, key))
        yield from _Asked(session, plan, person, held.get(plan.uuid), offer).rules()


def _held(
    connection: Connection, enterprise_uuid: UUID, person: Person
) -> dict[UUID, LicenseStatus]:
    """The person's live licenses by plan. Under two addresses of one account, the activated."""
    found: dict[UUID, LicenseStatus] = {}
    for address in person.addresses:
        selection = PersonSelection(enterprise_uuid, address)
        _, licenses = licenses_of_person(connection, selection, PageRequest(_MOST))
        for each in licenses:
            if each.status in _LIVE and found.get(each.subscription_plan_uuid) != _LIVE[1]:
                found[each.subscription_plan_uuid] = each.status
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    session: Session
    plan: PlanUse
    person: Person | None
    license: LicenseStatus | None
    offer: Offer | None

    def rules(self) -> Iterator[Explained]:
        """Those after a rule that leaves nothing to ask are left out."""
        yield self._usable()
        yield self._has_license()
        if self.license is not None:
            yield self._activated()
        yield self._in_catalog()
        if self.offer is not None:
            yield self._open(self.offer)
            if self.person is not None and self.offer.run_key is not None:
                yield self._seat(self.person, self.offer.run_key)

    def _usable(self) -> Explained:
        begin, end = format_instant(self.plan.starts_at), last_moment(self.plan.expires_at)
        fact = f"The plan runs from {begin} until {end}."
        if self.plan.unusable is Unusable.INACTIVE:
            fact = "The plan is not active."
        cure = None if self.plan.unusable is None else _CURES_OF_PLAN[self.plan.unusable]
        return self._told("plan_usable", fact, cure)

    def _has_license(self) -> Explained:
        if self.license is None:
            fact = "The learner has no license of the plan."
            return self._told("has_license", fact, "Assign a license to the learner.")
        return self._told("has_license", "The learner has a license of the plan.")

    def _activated(self) -> Explained:
        if self.license is LicenseStatus.ACTIVATED:
            return self._told("license_activated", "The license is activated.")
        cure = "The learner activates it by the link in the mail: remind them."
        return self._told("license_activated", "The license waits to be activated.", cure)

    def _in_catalog(self) -> Explained:
        if self.offer is None:
            fact = "The catalog of the plan does not hold the course."
            cure = "Extend the filter of the plan's catalog, or choose another course."
            return self._told("content_in_catalog", fact, cure)
        return self._told("content_in_catalog", "The course is in the catalog of the plan.")

    def _open(self, offer: Offer) -> Explained:
        if offer.run_key is None:
            fact = "No run of the course takes anybody now."
            return self._told("enrollment_open", fact, "Choose a course or run that is open.")
        return self._told("enrollment_open", would_be_enrolled(offer.run_key))

    def _seat(self, person: Person, run_key: str) -> Explained:
        payer = find_payer(self.session, person.learner, run_key)
        if payer is None:
            return self._told("seat_not_paid", IS_FREE)
        return self._told("seat_not_paid", is_paid(run_key, payer.value), HAS_THE_SEAT)

    def _told(self, rule: str, fact: str, cure: str | None = None) -> Explained:
        subject = Subject(SubjectType.SUBSCRIPTION_PLAN, self.plan.uuid, self.plan.title)
        return Explained(subject, rule, cure is None, fact, cure)
