"""The learners of an enterprise: those with an account, and those who are awaited."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from bursar.adopting.edx_enterprise import CUSTOMER_USER, PENDING_USER, USER, pending_key
from bursar.adopting.run import EnterpriseRun
from bursar.batches import batched
from bursar.emails import checked, normalised
from bursar.learners.adopted import adopt_learners
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import find_learner

BATCH: Final = 5_000
_JOINED: Final = (
    "SELECT t.pk, t.fields, t.file, t.number, a.pk, a.fields, a.file, a.number"  # noqa: S608
    f" FROM {CUSTOMER_USER.table} t LEFT JOIN {USER.table} a ON a.pk = t.link WHERE t.parent = ?"
)


class _Person(NamedTuple):
    key: str
    """By which the enrollments of the person find the learner."""
    learner: DeclaredLearner


def adopt_people(run: EnterpriseRun) -> None:
    # Those with an account come first: who is awaited at the address of one is that one.
    for people in batched(_with_account(run), BATCH):
        _put(run, people)
    for people in batched(_awaited(run), BATCH):
        _put(run, people)


def _put(run: EnterpriseRun, people: list[_Person]) -> None:
    by_address: dict[str, DeclaredLearner] = {}
    for person in people:
        address = normalised(person.learner.email)
        if run.tombstone_of(address) is not None:
            continue
        known = by_address.setdefault(address, person.learner)
        if known is not person.learner:
            text = f"{address}: two accounts have this address; the first one counts"
            run.findings.note("learner", text)
    put, ids = adopt_learners(run.session, run.actor, run.enterprise_uuid, by_address, at=run.at)
    run.tally.add("learners", "created", put.created)
    run.tally.add("learners", "changed", put.changed)
    run.tally.add("learners", "unchanged", put.unchanged)
    run.staging.note_learners(list(_found(run, people, ids)))


def _found(
    run: EnterpriseRun, people: list[_Person], ids: dict[str, int]
) -> Iterator[tuple[str, int]]:
    """Each person with the learner; of those who were erased here, the one without a name."""
    for person in people:
        address = normalised(person.learner.email)
        tombstone = run.tombstone_of(address)
        if tombstone is None:
            yield person.key, ids[address]
            continue
        run.findings.note("learner", "somebody who was erased here stays erased")
        erased = find_learner(run.session, run.enterprise_uuid, email=tombstone)
        if erased is not None:
            yield person.key, erased.id


def _with_account(run: EnterpriseRun) -> Iterator[_Person]:
    for row in run.staging.rows(_JOINED, (str(run.enterprise_uuid),)):
        member = run.staging.decoded(CUSTOMER_USER, row[:4])
        account = None if row[4] is None else run.staging.decoded(USER, row[4:])
        address = None if account is None else _address(account.fields.email)
        if account is None or address is None:
            text = f"{member.name}: no address of the account {member.fields.user_id} is known"
            hint = "" if account else ": dump auth.User too"
            run.findings.decide("learner_without_address", member.fields.user_id, text + hint)
            continue
        yield _Person(
            member.pk,
            DeclaredLearner(
                email=address,
                lms_user_id=member.fields.user_id,
                username=account.fields.username,
                created=account.fields.date_joined,
            ),
        )


def _awaited(run: EnterpriseRun) -> Iterator[_Person]:
    for pending in run.staging.of(PENDING_USER, run.enterprise_uuid):
        address = _address(pending.fields.user_email)
        if address is None:
            text = f"{pending.name}: {pending.fields.user_email!r} is no address"
            run.findings.decide("learner_without_address", pending.pk, text)
            continue
        yield _Person(pending_key(pending.pk), DeclaredLearner(email=address))


def _address(text: str) -> str | None:
    try:
        return checked(text)
    except ValueError:
        return None
