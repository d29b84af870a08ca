"""Subscription plans."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from bursar_client._sync.pages import Pages
from bursar_client._sync.part import Part
from bursar_client.models.subscriptions import Plan
from bursar_client.wire import Identifier, get, path

PLANS = "/enterprise/v1/subscriptions"


class Subscriptions(Part):
    def find(
        self, *, enterprise: Identifier | None = None, current: bool | None = None
    ) -> Pages[Plan]:
        """All that the client may see, or those of one enterprise."""
        chosen = enterprise or self._default_enterprise
        request = get(PLANS, enterprise_customer_uuid=chosen, current=current)
        return self._pages(request, Plan)

    def get(self, plan: Identifier) -> Plan:
        return self._one(get(path(PLANS + "/{}", plan)), Plan)
