"""Subscription plans."""

from bursar_client._async.pages import AsyncPages
from bursar_client._async.part import AsyncPart
from bursar_client.models.subscriptions import Plan
from bursar_client.wire import Identifier, get, path

PLANS = "/enterprise/v1/subscriptions"


class AsyncSubscriptions(AsyncPart):
    def find(
        self, *, enterprise: Identifier | None = None, current: bool | None = None
    ) -> AsyncPages[Plan]:
        """All that the client may see, or those of one enterprise."""
        chosen = enterprise or self._default_enterprise
        request = get(PLANS, enterprise_customer_uuid=chosen, current=current)
        return self._pages(request, Plan)

    async def get(self, plan: Identifier) -> Plan:
        return await self._one(get(path(PLANS + "/{}", plan)), Plan)
