"""The front door: one person is shown, exported, renamed or erased. Every function expects the
caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.database.doors import Door, opened
from bursar.database.holdings import Holding
from bursar.delivery.service import forget_answers_to, redirect_pending
from bursar.emails import normalised
from bursar.enrollment.progress.hook_news import forget_news
from bursar.identity.service import find_enterprises
from bursar.jobs.forgetting import rewrite_jobs
from bursar.learners.renaming import tell_erased, tell_renamed, withdraw_consents
from bursar.learners.service import (
    LearnerRecord,
    get_learners,
    lock_known_learners,
    lock_learners,
)
from bursar.people import changing
from bursar.people.deactivation import lock_what_is_given
from bursar.people.finding import (
    Person,
    address_as_stored,
    find_person,
    find_person_by,
    is_held,
    rows_of,
)
from bursar.people.hashing import remember_erased
from bursar.people.holdings import HOLDINGS
from bursar.people.naming import new_tombstone
from bursar.people.refusals import AddressTaken, IsContact, PersonIsBusy, SameAddress
from bursar.web.idempotency import rewrite_answers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    enterprise_customer_uuid: UUID
    email: str
    other_addresses: Sequence[str]
    """Further addresses of the same account, and former ones."""
    lms_user_ids: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSummary(_Identity):
    rows: Mapping[str, int]
    """How many rows are about the person, by table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData(_Identity):
    tables: Mapping[str, Sequence[Mapping[str, object]]]
    """The rows about the person, as they are stored, by table."""


@dataclass(frozen=True, slots=True)
class Erased:
    tombstones: tuple[str, ...]
    """The addresses that stand in the places of the person's."""
    rows: Mapping[str, int]
    """How many rows were about the person, by table."""


def summarize_person(session: Session, enterprise_uuid: UUID, email: str) -> PersonSummary:
    """Who the person is, and how many rows each table has about the person. Raises
    UnknownPerson."""
    person = find_person(session, enterprise_uuid, email)
    counts = {
        str(holding.table.name): sum(1 for _ in rows_of(session, holding, person))
        for holding in HOLDINGS
    }
    return PersonSummary(**_identity(person), rows=counts)


def export_person(session: Session, enterprise_uuid: UUID, email: str) -> PersonalData:
    """All that the enterprise's data hold about a person: the rows by table, as they are stored,
    without the addresses of other people. Raises UnknownPerson."""
    person = find_person(session, enterprise_uuid, email)
    tables = {str(holding.table.name): _exported(session, holding, person) for holding in HOLDINGS}
    return PersonalData(**_identity(person), tables=tables)


def change_email(
    session: Session, actor: Actor, enterprise_uuid: UUID, email: str, new: str, *, at: datetime
) -> Mapping[str, int]:
    """Gives a person another address, and returns how many rows got it, by table. What was sent and
    what happened keeps the old one.

    Raises UnknownPerson, SameAddress, AddressTaken and PersonIsBusy.
    """
    new = normalised(new)
    # No assignment, redemption or license gets the address while it is replaced.
    lock_what_is_given(session, enterprise_uuid)
    # An older version may have stored it in another form: this is what mends that.
    old = address_as_stored(session, enterprise_uuid, email)
    person = find_person_by(session, enterprise_uuid, old)
    if old == new:
        raise SameAddress
    _refuse_taken(session, enterprise_uuid, new)
    _refuse_busy(session, person)
    learner = _learner_with(session, person, old, at)
    rows = {
        str(holding.table.name): changing.rename(session, holding, person, old, new)
        for holding in HOLDINGS
        if holding.follows_renaming and holding.address is not None
    }
    rows["deliveries"] = redirect_pending(session, enterprise_uuid, old, new)
    tell_renamed(session, actor, learner, new, at)
    return rows


def erase_person(
    session: Session, actor: Actor, enterprise_uuid: UUID, email: str, at: datetime
) -> Erased:
    """Takes a person out of the data of an enterprise, and leaves a tombstone for each address.
    Money, seats and counts stay as they are.

    Raises UnknownPerson, PersonIsBusy and IsContact.
    """
    # No assignment, redemption or license gets the address while it is replaced.
    lock_what_is_given(session, enterprise_uuid)
    person = find_person(session, enterprise_uuid, email)
    _refuse_contact(session, person)
    _refuse_busy(session, person)
    learners = _learners(session, person, at)
    known = [learner.email for learner in learners]
    withdraw_consents(session, actor, enterprise_uuid, known, at)
    # Also about the learner that is a row only now, and the events of these changes.
    person = find_person(session, enterprise_uuid, email)
    tombstones = {address: new_tombstone() for address in person.addresses}
    with opened(session, Door.ERASURE):
        rows = {
            str(holding.table.name): changing.erase(session, holding, person, tombstones, at)
            for holding in HOLDINGS
        }
    forget_answers_to(session, enterprise_uuid, tombstones.values())
    _erase_elsewhere(session, person, tombstones)
    remember_erased(session, enterprise_uuid, tombstones, at)
    ids = [(learner.id, tombstones[learner.email]) for learner in learners]
    tell_erased(session, actor, enterprise_uuid, ids, at)
    return Erased(tuple(tombstones.values()), rows)


def _identity(person: Person) -> dict[str, Any]:
    return {
        "enterprise_customer_uuid": person.enterprise_uuid,
        "email": person.addresses[0],
        "other_addresses": person.addresses[1:],
        "lms_user_ids": person.accounts,
    }


def _exported(session: Session, holding: Holding, person: Person) -> list[dict[str, Any]]:
    documents = {column.name for column in holding.documents}
    return [
        {
            # The names are of a kind of string of SQLAlchemy's own, which is no key of JSON.
            str(name): person.names.own(value) if name in documents else value
            for name, value in row._asdict().items()
        }
        for row in rows_of(session, holding, person)
    ]


def _learners(session: Session, person: Person, at: datetime) -> list[LearnerRecord]:
    """The learners that the person is, locked; somebody who was none yet becomes one, so that there
    is an object to tell of."""
    known = get_learners(session, person.learner_ids).values()
    emails = [learner.email for learner in known] or list(person.addresses[:1])
    return list(lock_learners(session, person.enterprise_uuid, emails, at).values())


def _learner_with(session: Session, person: Person, address: str, at: datetime) -> LearnerRecord:
    """The learner with exactly this address, locked. An older version may have stored the address
    in another form than it is looked up by."""
    known = lock_known_learners(session, person.learner_ids).values()
    for learner in known:
        if learner.email == address:
            return learner
    wanted = normalised(address)
    return lock_learners(session, person.enterprise_uuid, [wanted], at)[wanted]


def _refuse_contact(session: Session, person: Person) -> None:
    found = find_enterprises(session.connection(), [person.enterprise_uuid])
    for enterprise in found.values():
        if person.names.are_in(enterprise.contact_email):
            raise IsContact


def _refuse_busy(session: Session, person: Person) -> None:
    for holding in HOLDINGS:
        if holding.busy is not None and any(rows_of(session, holding, person, holding.busy)):
            raise PersonIsBusy(holding.busy_with)


def _refuse_taken(session: Session, enterprise_uuid: UUID, address: str) -> None:
    for holding in HOLDINGS:
        if holding.address is None or not holding.follows_renaming or holding.once_in:
            continue
        if session.scalar(select(exists().where(is_held(holding, enterprise_uuid, address)))):
            raise AddressTaken


def _erase_elsewhere(session: Session, person: Person, tombstones: Mapping[str, str]) -> None:
    """In what is kept for a short time and names no enterprise: answers that can be replayed, what
    jobs were given and reported, and what an LMS has told that no worker has taken yet."""
    rewrite_answers(session, person.addresses, lambda value: person.names.erased(value, tombstones))
    rewrite_jobs(session, person.addresses, lambda text: person.names.replaced(text, tombstones))
    forget_news(session, person.enterprise_uuid, person.addresses, person.accounts)
