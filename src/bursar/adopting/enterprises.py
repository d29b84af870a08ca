"""Which enterprises the dumps are about, and what they are called."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from bursar.adopting.edx_enterprise import CUSTOMER
from bursar.adopting.enterprise_access import POLICY
from bursar.adopting.enterprise_catalog import CATALOG
from bursar.adopting.enterprise_subsidy import SUBSIDY
from bursar.adopting.license_manager import AGREEMENT
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staging
from bursar.emails import checked
from bursar.identity import service as identity
from bursar.identity.refusals import UnknownEnterprise
from bursar.identity.service import DeclaredEnterprise, SlugTaken

_OBSTACLE: Final = "enterprise"


def enterprises_of(staging: Staging) -> Iterator[UUID]:
    """In the order of their UUIDs."""
    found = {customer.uuid for customer in staging.all(CUSTOMER)}
    found.update(each.fields.enterprise_customer_uuid for each in staging.all(AGREEMENT))
    found.update(each.fields.enterprise_uuid for each in staging.all(CATALOG))
    found.update(each.fields.enterprise_customer_uuid for each in staging.all(SUBSIDY))
    found.update(each.fields.enterprise_customer_uuid for each in staging.all(POLICY))
    yield from sorted(found)


def adopt_enterprise(run: EnterpriseRun) -> bool:
    """Whether there is such an enterprise now, to which the rest can belong."""
    declared = _declared(run)
    if declared is None:
        return _is_known(run)
    try:
        outcome = identity.put_enterprise(run.session, run.actor, declared, at=run.at)
    except SlugTaken as error:
        text = f"the slug {error} is that of another enterprise here"
        run.findings.obstacle(_OBSTACLE, text)
        return False
    run.tally.add("enterprises", outcome)
    customer = run.staging.get(CUSTOMER, run.enterprise_uuid)
    if outcome == "created" and customer is not None and not customer.fields.active:
        identity.set_suspended(run.session, run.actor, run.enterprise_uuid, run.at, suspended=True)
        run.findings.note(_OBSTACLE, "it was not active, and is suspended")
    return True


def _declared(run: EnterpriseRun) -> DeclaredEnterprise | None:
    customer = run.staging.get(CUSTOMER, run.enterprise_uuid)
    if customer is not None:
        return DeclaredEnterprise(
            uuid=run.enterprise_uuid,
            name=customer.fields.name,
            slug=customer.fields.slug,
            country=customer.fields.country or None,
            contact_email=_address(run, customer.fields.contact_email),
        )
    for agreement in run.staging.of(AGREEMENT, run.enterprise_uuid):
        slug = agreement.fields.enterprise_customer_slug
        if slug:
            name = agreement.fields.enterprise_customer_name
            return DeclaredEnterprise(uuid=run.enterprise_uuid, name=name or slug, slug=slug)
    return None


def _address(run: EnterpriseRun, text: str | None) -> str | None:
    if not text:
        return None
    try:
        return checked(text)
    except ValueError:
        run.findings.note(_OBSTACLE, f"its contact_email {text!r} is no address, and is left out")
        return None


def _is_known(run: EnterpriseRun) -> bool:
    try:
        identity.get_enterprise(run.session, run.enterprise_uuid)
    except UnknownEnterprise:
        text = "no file says its name: dump enterprise.EnterpriseCustomer too"
        run.findings.obstacle(_OBSTACLE, text)
        return False
    run.tally.add("enterprises", "unchanged")
    return True
