"""The licenses of a plan, each in the state it has."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar.adopting.license_manager import (
    LICENSE,
    LICENSE_SOURCE,
    LIVE,
    STATUSES,
    LicenseFields,
    LicenseSourceFields,
    PlanFields,
)
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.batches import batched
from bursar.emails import normalised, retired_address
from bursar.subscriptions.adopted.service import (
    AdoptedLicense,
    AdoptionRefused,
    LicenseAdoption,
)
from bursar.subscriptions.licenses.states import LicenseStatus

BATCH: Final = 5_000
_SFID_LENGTH: Final = 18
_JOINED: Final = (
    "SELECT t.pk, t.fields, t.file, t.number, b.pk, s.pk, s.fields, s.file, s.number"  # noqa: S608
    f" FROM {LICENSE.table} t LEFT JOIN {LICENSE.table} b ON b.link = t.pk"
    f" LEFT JOIN {LICENSE_SOURCE.table} s ON s.parent = t.pk WHERE t.parent = ?"
)
_OBSTACLE: Final = "license"


class LicenseRun:
    """`theirs` and `by_choice` are complete after `adopt`."""

    def __init__(self, run: EnterpriseRun, plan: Staged[PlanFields], *, is_new: bool) -> None:
        self._run = run
        self._plan = plan
        self._is_new = is_new
        self._door = LicenseAdoption(run.session, run.enterprise_uuid, plan.uuid)
        self._losers: set[str] = set()
        self._surplus = 0
        self.theirs: Counter[str] = Counter()
        self.by_choice: Counter[str] = Counter()

    def adopt(self) -> bool:
        """Whether anything was made or changed."""
        self._settle_duplicates()
        self._settle_size()
        outcomes: Counter[Any] = Counter()
        try:
            if not self._is_new:
                for licenses in batched(self._licenses(), BATCH):
                    self._door.make_room(licenses)
            self._start_counting()
            for licenses in batched(self._licenses(), BATCH):
                outcomes += self._door.put(licenses)
        except AdoptionRefused as error:
            self._run.findings.obstacle(_OBSTACLE, f"{self._plan.name}: {error}")
        self._run.count("licenses", outcomes)
        return bool(outcomes["created"] or outcomes["changed"])

    def _start_counting(self) -> None:
        self.theirs.clear()
        self.by_choice.clear()

    def _settle_duplicates(self) -> None:
        """Which of several live licenses of one address become unassigned."""
        for several in self._run.staging.repeated(LICENSE, self._plan.pk):
            names = ", ".join(each.pk for each in several)
            text = f"{self._plan.name}: licenses {names} are of one address"
            word = self._run.findings.decide("duplicate_license", self._plan.uuid, text)
            first = min(several, key=lambda each: _rank(each, word))
            for each in several:
                if each.pk != first.pk:
                    self._losers.add(each.pk)
                    self._run.license_instead[each.uuid] = first.uuid

    def _settle_size(self) -> None:
        """How many unassigned licenses are left out of a plan that has more than its size."""
        wanted = self._plan.fields.desired_num_licenses
        if wanted is None:
            return
        size = self._run.staging.count_of(LICENSE, self._plan.pk, _IN_USE)
        if size <= wanted:
            return
        text = f"{self._plan.name}: it has {size} licenses, and shall have {wanted}"
        word = self._run.findings.decide("plan_over_size", self._plan.uuid, text)
        self._surplus = size - wanted if word == "drop_unassigned" else 0

    def _licenses(self) -> Iterator[AdoptedLicense]:
        surplus = self._surplus
        for row in self._run.staging.rows(_JOINED, (self._plan.pk,)):
            each = self._run.staging.decoded(LICENSE, row[:4])
            status = STATUSES.get(each.fields.status)
            if status is None:
                text = f"{each.name}: there is no status {each.fields.status}"
                self._run.findings.obstacle(_OBSTACLE, text)
                continue
            self.theirs[status] += 1
            if status == LicenseStatus.UNASSIGNED and surplus > 0:
                surplus -= 1
                self.by_choice[status] -= 1
                continue
            source = None
            if row[5] is not None:
                source = self._run.staging.decoded(LICENSE_SOURCE, row[5:]).fields
            before = None if row[4] is None else UUID(row[4])
            yield self._license(each, LicenseStatus(status), before, source)

    def _license(
        self,
        each: Staged[LicenseFields],
        status: LicenseStatus,
        before: UUID | None,
        source: LicenseSourceFields | None,
    ) -> AdoptedLicense:
        shown, email = self._holder(each, status)
        if shown != status:
            self.by_choice[status] -= 1
            self.by_choice[shown] += 1
        tombstone = None if email is None else self._run.tombstone_of(email)
        email = tombstone or email
        is_free = shown is LicenseStatus.UNASSIGNED or tombstone is not None
        return AdoptedLicense(
            uuid=each.uuid,
            status=shown,
            user_email=email,
            lms_user_id=None if is_free else each.fields.lms_user_id,
            user_sfid=None if is_free else _sfid(source),
            activation_key=None if is_free else each.fields.activation_key,
            renewed_from_uuid=None if shown is LicenseStatus.UNASSIGNED else before,
            **_dates(each.fields, shown),
            created_at=each.fields.created,
            modified_at=each.fields.modified,
        )

    def _holder(
        self, each: Staged[LicenseFields], status: LicenseStatus
    ) -> tuple[LicenseStatus, str | None]:
        """The state and the address that the license gets."""
        if status is LicenseStatus.UNASSIGNED or each.pk in self._losers:
            return LicenseStatus.UNASSIGNED, None
        if each.fields.user_email:
            return status, normalised(each.fields.user_email)
        if status is not LicenseStatus.REVOKED:
            text = f"{each.name}: it is {status}, but has no user_email"
            word = self._run.findings.decide("license_without_email", each.uuid, text)
            if word != "retire":
                return LicenseStatus.UNASSIGNED, None
        return status, retired_address(each.uuid)


_IN_USE: Final = tuple(status for status in STATUSES if STATUSES[status] != "revoked")


def _rank(each: Staged[LicenseFields], word: str | None) -> tuple[bool, datetime, str]:
    """The lowest stays."""
    is_second = word == "keep_activated" and each.fields.status != LIVE[1]
    return is_second, each.fields.assigned_date or each.fields.created, each.pk


def _dates(fields: LicenseFields, status: LicenseStatus) -> dict[str, Any]:
    """Those that the state has, as far as they are known, else when they can have been at last."""
    if status is LicenseStatus.UNASSIGNED:
        return {"assigned_at": None, "activated_at": None, "revoked_at": None}
    activated = fields.activation_date
    if status is LicenseStatus.ACTIVATED:
        activated = activated or fields.modified
    if status is LicenseStatus.ASSIGNED:
        activated = None
    revoked = fields.revoked_date or fields.modified
    return {
        "assigned_at": fields.assigned_date or activated or fields.created,
        "activated_at": activated,
        "revoked_at": revoked if status is LicenseStatus.REVOKED else None,
    }


def _sfid(source: LicenseSourceFields | None) -> str | None:
    if source is None or source.source_id is None or len(source.source_id) != _SFID_LENGTH:
        return None
    return source.source_id
