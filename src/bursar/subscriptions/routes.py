"""Plans and licences over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.clock import format_instant
from bursar.database.types import AnyRow
from bursar.pages import Page
from bursar.subscriptions import activation, queries, revocation, service
from bursar.subscriptions.bodies import AssignBody, RemindBody, RevokeBody
from bursar.subscriptions.books import locked_plan
from bursar.subscriptions.queries import LicenseSelection
from bursar.subscriptions.rules import chain, days_until
from bursar.subscriptions.schemas import (
    AssignmentAnswer,
    LicenseAssignment,
    LicenseCounts,
    LicenseList,
    PlanItem,
    PlanList,
    PriorRenewal,
    RevocationCounts,
    license_item,
)
from bursar.subscriptions.states import LicenseStatus
from bursar.web.call import Answer, Call, enterprise_of
from bursar.web.pagination import next_link, previous_link, select_page
from bursar.web.parameters import ParameterReader

PAGE_SIZE: Final = 100
LONGEST_SEARCH: Final = 1000


@dataclass(frozen=True, slots=True)
class PlanParameters:
    enterprise_uuid: UUID | None
    only_current: bool


def read_plan_parameters(reader: ParameterReader) -> PlanParameters:
    enterprise_uuid = reader.uuid("enterprise_customer_uuid")
    current = bool(reader.boolean("current"))
    if current and enterprise_uuid is None:
        message = "This parameter is required with current=true."
        reader.errors.setdefault("enterprise_customer_uuid", [message])
    return PlanParameters(enterprise_uuid, current)


def list_plans(call: Call, connection: Connection) -> Answer:
    wanted: PlanParameters = call.parameters
    page, rows = _plans(call, connection, wanted)
    chains = _Chains(connection, rows)
    content = PlanList(
        page.count,
        next_link(call.url, call.query, page),
        previous_link(call.url, call.query, page),
        [_plan_item(row, chains, call.now) for row in rows],
    )
    return Answer(content)


def _plans(
    call: Call, connection: Connection, wanted: PlanParameters
) -> tuple[Page, Sequence[AnyRow]]:
    """Raises InvalidPage. An enterprise that is not the client's is as one that is unknown."""
    enterprises = call.principal.enterprises
    named = wanted.enterprise_uuid
    if named is not None:
        enterprises = (named,) if named in call.principal.roles else ()
    if wanted.only_current:
        rows = queries.current_plan(connection, enterprises, call.now)
        return select_page(call.query, count=len(rows), size=PAGE_SIZE), rows
    offset, only_active = 0, named is not None
    if call.query.get("page") is not None:
        count = queries.plans_count(connection, enterprises, only_active=only_active)
        offset = select_page(call.query, count=count, size=PAGE_SIZE).start
    rows = queries.plans_page(
        connection, enterprises, only_active=only_active, offset=offset, limit=PAGE_SIZE
    )
    total = rows[0].total if rows else 0
    return select_page(call.query, count=total, size=PAGE_SIZE), rows


class _Chains:
    """The renewals around a page of plans, read in one statement."""

    def __init__(self, connection: Connection, rows: Sequence[AnyRow]) -> None:
        with_renewals = {row.enterprise_uuid for row in rows if row.has_renewals}
        found = queries.renewals(connection, sorted(with_renewals)) if with_renewals else ()
        self._forward = {row.plan_uuid: (row.renewed_plan_uuid, row) for row in found}
        self._back = {row.renewed_plan_uuid: (row.plan_uuid, row) for row in found}

    def last_expiration(self, plan: AnyRow) -> datetime:
        following = [row.expiration_date for row in chain(plan.uuid, self._forward)]
        last: datetime = [plan.expiration_date, *following][-1]
        return last

    def prior_renewals(self, plan: AnyRow) -> list[PriorRenewal]:
        """Oldest first."""
        found = [
            PriorRenewal(
                row.plan_uuid,
                str(row.prior_start),
                row.renewed_plan_uuid,
                str(row.renewed_start),
            )
            for row in chain(plan.uuid, self._back)
        ]
        return found[::-1]


def _plan_item(row: AnyRow, chains: _Chains, now: datetime) -> PlanItem:
    plan = locked_plan(row._mapping)
    seats, revocations = plan.seats, plan.revocations
    return PlanItem(
        title=row.title,
        uuid=row.uuid,
        start_date=format_instant(row.start_date),
        expiration_date=format_instant(row.expiration_date),
        enterprise_customer_uuid=row.enterprise_uuid,
        enterprise_catalog_uuid=row.enterprise_catalog_uuid,
        is_active=row.is_active,
        is_revocation_cap_enabled=row.is_revocation_cap_enabled,
        days_until_expiration=days_until(row.expiration_date, now),
        days_until_expiration_including_renewals=days_until(chains.last_expiration(row), now),
        is_locked_for_renewal_processing=plan.terms.is_locked(now),
        should_auto_apply_licenses=row.should_auto_apply_licenses,
        licenses=LicenseCounts(
            activated=seats.activated,
            assigned=seats.assigned,
            unassigned=seats.unassigned,
            revoked=seats.revoked,
            total=seats.total,
            allocated=seats.allocated,
        ),
        revocations=None
        if revocations is None
        else RevocationCounts(revocations.total, revocations.used, revocations.remaining),
        prior_renewals=chains.prior_renewals(row),
    )


@dataclass(frozen=True, slots=True)
class LicenseParameters:
    statuses: frozenset[LicenseStatus]
    search: str | None


def read_license_parameters(reader: ParameterReader) -> LicenseParameters:
    texts = [part.strip() for text in reader.query.get_all("status") for part in text.split(",")]
    names = {text for text in texts if text}
    search = (reader.query.get("search") or "").strip() or None
    if search is not None and len(search) > LONGEST_SEARCH:
        reader.errors["search"] = [
            f"Ensure this field has no more than {LONGEST_SEARCH} characters."
        ]
    if unknown := names - set(LicenseStatus):
        reader.errors["status"] = [f"Must be one of: {', '.join(LicenseStatus)}."]
    return LicenseParameters(
        frozenset(map(LicenseStatus, names - unknown or LicenseStatus)), search
    )


def list_licenses(call: Call, connection: Connection) -> Answer:
    plan, wanted = call.found, call.parameters
    selection = LicenseSelection(plan.uuid, wanted.statuses, wanted.search)
    if wanted.search is None:
        count = sum(getattr(plan, f"{status.value}_count") for status in wanted.statuses)
    else:
        count = queries.licenses_count(connection, selection)
    page = select_page(call.query, count=count, size=PAGE_SIZE)
    rows = queries.licenses_page(connection, selection, page.start, PAGE_SIZE)
    content = LicenseList(
        page.count,
        next_link(call.url, call.query, page),
        previous_link(call.url, call.query, page),
        [license_item(row) for row in rows],
    )
    return Answer(content)


def _actor(call: Call) -> Actor:
    return Actor(call.principal.client_id, call.request_id)


def _place(call: Call) -> dict[str, Any]:
    return {"enterprise_uuid": enterprise_of(call), "plan_uuid": call.found.uuid}


def assign(call: Call, session: Session, body: AssignBody) -> Answer:
    wish = service.Wish(body.sfids_by_email, body.notify_users, body.greeting, body.closing)
    done = service.assign(session, _actor(call), **_place(call), wish=wish, now=call.now)
    content = AssignmentAnswer(
        len(done.licenses),
        done.already_associated,
        [LicenseAssignment(email, uuid) for email, uuid in done.licenses],
    )
    return Answer(content)


def revoke(call: Call, session: Session, body: RevokeBody) -> Answer:
    common: dict[str, Any] = {**_place(call), "now": call.now}
    queue = call.services.queue
    if body.filters:
        revocation.revoke_matching(session, queue, _actor(call), **common, filters=body.filters)
    else:
        emails = list(dict.fromkeys(body.user_emails))
        revocation.revoke_emails(session, queue, _actor(call), **common, emails=emails)
    return Answer(status=204)


def remind(call: Call, session: Session, body: RemindBody) -> Answer:
    emails = list(dict.fromkeys(body.user_emails))
    service.remind(session, _actor(call), **_place(call), emails=emails, now=call.now)
    return Answer(status=204)


def activate(call: Call, session: Session, _body: None) -> Answer:
    row = activation.activate_one(
        session,
        _actor(call),
        enterprise_uuid=enterprise_of(call),
        plan_uuid=call.found.plan_uuid,
        license_uuid=call.found.uuid,
        now=call.now,
    )
    return Answer(license_item(row))
