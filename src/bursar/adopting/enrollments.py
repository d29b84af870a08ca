"""The enrollments of an enterprise, each with what pays for it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from bursar.adopting.edx_enterprise import (
    CONSENT,
    COURSE_ENROLLMENT,
    CREDITED,
    CUSTOMER_USER,
    ENROLLMENT,
    LICENSED,
    PENDING_ENROLLMENT,
    PENDING_USER,
    USER,
    ConsentFields,
    CourseEnrollmentFields,
    CreditedFields,
    EnrollmentFields,
    LicensedFields,
)
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.batches import batched
from bursar.credit.adopted import service as credit
from bursar.credit.adopted.service import PaidTransaction, SeatlessTransaction
from bursar.credit.states import TransactionState
from bursar.declarations import AdoptionOutcome
from bursar.enrollment.adopted import (
    AdoptedEnrollment,
    EnrollmentAdoption,
    paying_transactions,
)
from bursar.enrollment.commands import Payer
from bursar.learners.adopted import adopt_learners
from bursar.learners.commands import DeclaredLearner
from bursar.learners.service import find_learners_by_account
from bursar.subscriptions.adopted import service as subscriptions

BATCH: Final = 5_000
_PAID: Final = "verified"
_UNPAID: Final = "audit"
_JOINED: Final = (
    "SELECT m.learner, "  # noqa: S608 - names of ours
    + ", ".join(f"{one}.pk, {one}.fields, {one}.file, {one}.number" for one in "elcsr")
    + f" FROM {CUSTOMER_USER.table} u JOIN {ENROLLMENT.table} e ON e.parent = u.pk"
    " LEFT JOIN made m ON m.person = u.pk"
    f" LEFT JOIN {LICENSED.table} l ON l.parent = e.pk"
    f" LEFT JOIN {CREDITED.table} c ON c.parent = e.pk"
    f" LEFT JOIN {USER.table} a ON a.pk = u.link"
    f" LEFT JOIN {CONSENT.table} s ON s.key = a.link || ' ' || e.link AND s.parent = u.parent"
    f" LEFT JOIN {COURSE_ENROLLMENT.table} r ON r.key = u.link || ' ' || e.link"
    " WHERE u.parent = ?"
)


@dataclass(frozen=True, slots=True)
class _Enrollment:
    learner_id: int
    dumped: Staged[EnrollmentFields]
    licensed: Staged[LicensedFields] | None
    credited: Staged[CreditedFields] | None
    consent: ConsentFields | None
    in_lms: CourseEnrollmentFields | None


@dataclass(frozen=True, slots=True)
class _Payers:
    """What the enterprise has of what enrollments are said to be paid by."""

    licenses: dict[UUID, bool]
    """Whether each pays by itself."""
    transactions: dict[UUID, PaidTransaction]


def adopt_enrollments(run: EnterpriseRun) -> None:
    door = EnrollmentAdoption(run.session, run.enterprise_uuid, run.at)
    outcomes: Counter[AdoptionOutcome] = Counter()
    doubtful: set[UUID] = set()
    for enrollments in batched(_enrollments(run), BATCH):
        known = _Payers(_known_licenses(run, enrollments), _known_transactions(run, enrollments))
        places = {
            adopted.place: adopted
            for each in reversed(enrollments)
            for adopted in [_adopted(run, each, known)]
        }
        outcomes += door.put(list(places.values()))
        doubtful.update(_unpaying(places.values(), known))
    outcomes += _put_seatless(run, door)
    run.count("enrollments", outcomes)
    _end_unpaid(run, door, doubtful)
    _note_pending(run)


def _unpaying(enrollments: Iterable[AdoptedEnrollment], known: _Payers) -> Iterator[UUID]:
    """The licenses of enrollments that go on, which do not pay by themselves."""
    for each in enrollments:
        uuid = each.license_uuid
        if uuid is not None and each.unenrolled_at is None and not known.licenses[uuid]:
            yield uuid


def _end_unpaid(run: EnterpriseRun, door: EnrollmentAdoption, licenses: set[UUID]) -> None:
    ended = subscriptions.ended_seats(run.session, licenses)
    if ended:
        door.end(ended)
        text = (
            f"{len(ended)} enrollments are ended, because their license was revoked or their plan"
            " is over"
        )
        run.findings.note("enrollment", text)


def _enrollments(run: EnterpriseRun) -> Iterator[_Enrollment]:
    decoded, homeless = run.staging.decoded, 0
    for learner_id, *row in run.staging.rows(_JOINED, (str(run.enterprise_uuid),)):
        if learner_id is None:
            homeless += 1
            continue
        dumped, licensed, credited, consent, in_lms = (
            row[start : start + 4] for start in range(0, 20, 4)
        )
        yield _Enrollment(
            learner_id,
            decoded(ENROLLMENT, dumped),
            None if licensed[0] is None else decoded(LICENSED, licensed),
            None if credited[0] is None else decoded(CREDITED, credited),
            None if consent[0] is None else decoded(CONSENT, consent).fields,
            None if in_lms[0] is None else decoded(COURSE_ENROLLMENT, in_lms).fields,
        )
    if homeless:
        text = f"{homeless} enrollments are left out with their learners"
        run.findings.note("enrollment", text)


def _known_licenses(run: EnterpriseRun, enrollments: list[_Enrollment]) -> dict[UUID, bool]:
    named = [
        run.license_instead.get(
            each.licensed.fields.license_uuid, each.licensed.fields.license_uuid
        )
        for each in enrollments
        if each.licensed is not None
    ]
    return subscriptions.find_licenses(run.session, run.enterprise_uuid, named)


def _known_transactions(
    run: EnterpriseRun, enrollments: list[_Enrollment]
) -> dict[UUID, PaidTransaction]:
    named = [each.credited.fields.transaction_id for each in enrollments if each.credited]
    return credit.find_transactions(run.session, run.enterprise_uuid, named)


def _adopted(run: EnterpriseRun, each: _Enrollment, known: _Payers) -> AdoptedEnrollment:
    payment = _payment(run, each, known)
    mode = _PAID if each.licensed or each.credited else _UNPAID
    fields = each.dumped.fields
    fulfillments = [one.fields for one in (each.licensed, each.credited) if one is not None]
    modified = max(one.modified for one in (fields, *fulfillments))
    ended = fields.unenrolled_at
    if ended is None and (fields.unenrolled or any(one.is_revoked for one in fulfillments)):
        ended = modified
    payer = known.transactions.get(payment["transaction_uuid"]) if each.credited else None
    if payer is not None and payer.state is TransactionState.REVERSED:
        ended = ended or modified
    is_spent = payer is not None and payer.state is TransactionState.COMMITTED
    return AdoptedEnrollment(
        learner_id=each.learner_id,
        courserun_key=fields.course_id,
        mode=mode if each.in_lms is None else each.in_lms.mode,
        **payment,
        enrolled_at=fields.created,
        unenrolled_at=ended,
        is_consent_granted=None if each.consent is None else each.consent.granted,
        is_refunded=False if is_spent and ended is not None else None,
        modified_at=modified,
    )


def _payment(run: EnterpriseRun, each: _Enrollment, known: _Payers) -> dict[str, Any]:
    """Who pays. An enrollment that nothing here pays for counts as told only, whatever its source:
    what clients of Bursar enroll has its own history."""
    if each.licensed is not None:
        said = each.licensed.fields.license_uuid
        license_uuid = run.license_instead.get(said, said)
        if license_uuid in known.licenses:
            return {"payer": Payer.LICENSE, "license_uuid": license_uuid, "transaction_uuid": None}
        text = f"{each.licensed.name}: its license {said} is none of this enterprise"
        run.findings.note("payer", text)
    if each.credited is not None:
        said = each.credited.fields.transaction_id
        found = known.transactions.get(said)
        if found is not None and found.state is not TransactionState.FAILED:
            return {"payer": Payer.CREDIT, "transaction_uuid": said}
        text = f"{each.credited.name}: its transaction {said} is none of this enterprise"
        run.findings.note("payer", text)
    return {"payer": Payer.REPORTED, "transaction_uuid": None}


def _put_seatless(run: EnterpriseRun, door: EnrollmentAdoption) -> Counter[AdoptionOutcome]:
    """What was redeemed without an enrollment in the files: the money was spent for it."""
    paid = paying_transactions(run.session, run.enterprise_uuid)
    seatless = credit.find_seatless(run.session, run.enterprise_uuid, paid)
    outcomes: Counter[AdoptionOutcome] = Counter()
    for transactions in batched(seatless, BATCH):
        learners = _learners_of(run, transactions)
        adopted = [_of_transaction(each, learners[each.uuid]) for each in reversed(transactions)]
        outcomes += door.put(list({each.place: each for each in adopted}.values()))
    if seatless:
        text = f"{len(seatless)} enrollments are in no file; their redemptions tell of them"
        run.findings.note("enrollment", text)
    return outcomes


def _of_transaction(each: SeatlessTransaction, learner_id: int) -> AdoptedEnrollment:
    return AdoptedEnrollment(
        learner_id=learner_id,
        courserun_key=each.courserun_key,
        mode=_PAID,
        payer=Payer.CREDIT,
        transaction_uuid=each.uuid,
        enrolled_at=each.created_at,
        unenrolled_at=None,
        is_consent_granted=None,
        modified_at=each.modified_at,
    )


def _learners_of(
    run: EnterpriseRun, transactions: Sequence[SeatlessTransaction]
) -> dict[UUID, int]:
    accounts = [each.lms_user_id for each in transactions if each.lms_user_id is not None]
    known = find_learners_by_account(run.session, run.enterprise_uuid, accounts)
    unknown = {
        each.learner_email: DeclaredLearner(email=each.learner_email, lms_user_id=each.lms_user_id)
        for each in transactions
        if each.lms_user_id not in known
    }
    put, ids = adopt_learners(run.session, run.actor, run.enterprise_uuid, unknown, at=run.at)
    run.tally.add("learners", "created", put.created)
    return {
        each.uuid: known[each.lms_user_id].id
        if each.lms_user_id is not None and each.lms_user_id in known
        else ids[each.learner_email]
        for each in transactions
    }


def _note_pending(run: EnterpriseRun) -> None:
    waiting = sum(
        1
        for pending in run.staging.of(PENDING_USER, run.enterprise_uuid)
        for _ in run.staging.of(PENDING_ENROLLMENT, pending.pk)
    )
    if waiting:
        text = (
            f"{waiting} enrollments wait for an account and are left out: ask for them again by a"
            " bulk enrollment"
        )
        run.findings.note("enrollment", text)
