"""Licenses of subscription plans."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator, Mapping, Sequence

from bursar_client._sync.files import Files
from bursar_client._sync.pages import Pages
from bursar_client.models.jobs import Started
from bursar_client.models.subscriptions import (
    License,
    LicensesAssigned,
    Revocations,
    StatusCount,
)
from bursar_client.values import read
from bursar_client.wire import Identifier, Parameter, get, get_as, path, post

LICENSES = "/enterprise/v1/subscriptions/{}/licenses"
OF_LEARNER = "/enterprise/v1/licenses"


class Licenses(Files):
    """`filters` are `status`, `user_email` and `search`."""

    def find(
        self, plan: Identifier, *, page_size: int | None = None, **filters: Parameter
    ) -> Pages[License]:
        return self._pages(get(path(LICENSES, plan), page_size=page_size, **filters), License)

    def overview(self, plan: Identifier, **filters: Parameter) -> list[StatusCount]:
        """How many there are of each status."""
        return self._several(get(path(LICENSES + "/overview", plan), **filters), StatusCount)

    def csv(self, plan: Identifier, **filters: Parameter) -> Iterator[dict[str, str]]:
        """Rows of the file that the server makes of the list."""
        request = get_as("text/csv", path(LICENSES + "/csv", plan), **filters)
        return self._csv(request)

    def of_learner(
        self,
        *,
        user_email: str | None = None,
        lms_user_id: int | None = None,
        enterprise: Identifier | None = None,
    ) -> Pages[License]:
        """Over all plans of the enterprise."""
        request = get(
            OF_LEARNER,
            enterprise_customer_uuid=self._enterprise(enterprise),
            user_email=user_email,
            lms_user_id=lms_user_id,
        )
        return self._pages(request, License)

    def assign(
        self,
        plan: Identifier,
        user_emails: Sequence[str],
        *,
        user_sfids: Sequence[str | None] | None = None,
        greeting: str | None = None,
        closing: str | None = None,
        notify_users: bool | None = None,
        idempotency_key: str | None = None,
    ) -> LicensesAssigned:
        wishes: dict[str, object] = {
            "user_emails": list(user_emails),
            "user_sfids": user_sfids,
            "greeting": greeting,
            "closing": closing,
            "notify_users": notify_users,
        }
        body = {name: value for name, value in wishes.items() if value is not None}
        request = post(path(LICENSES + "/assign", plan), body, idempotency_key)
        return self._one(request, LicensesAssigned)

    def revoke(
        self,
        plan: Identifier,
        user_emails: Sequence[str] | None = None,
        *,
        filters: Sequence[Mapping[str, object]] | None = None,
    ) -> None:
        """All or none of them. Either addresses or filters are given."""
        self._done(post(path(LICENSES + "/bulk-revoke", plan), _whose(user_emails, filters)))

    def revoke_what_can_be(self, plan: Identifier, user_emails: Sequence[str]) -> Revocations:
        """The others are named with the reason; beyond the reference."""
        request = post(
            path(LICENSES + "/bulk-revoke", plan), _whose(user_emails, None), best_effort=True
        )
        answer = self._wire.send(request)
        return read(Revocations, answer.json()) if answer.content else Revocations()

    def remind(self, plan: Identifier, user_emails: Sequence[str]) -> None:
        self._done(post(path(LICENSES + "/remind", plan), _whose(user_emails, None)))

    def remind_all(self, plan: Identifier, **filters: Parameter) -> Started:
        return self._started(post(path(LICENSES + "/remind-all", plan), **filters))

    def revoke_all(self, plan: Identifier, **filters: Parameter) -> Started:
        """All that the filters select. Wait for a large one with `jobs.wait_for_change`."""
        return self._started(post(path(LICENSES + "/revoke-all", plan), **filters))

    def activate(self, plan: Identifier, license_uuid: Identifier) -> License:
        return self._one(post(path(LICENSES + "/{}/activate", plan, license_uuid)), License)


def _whose(
    user_emails: Sequence[str] | None, filters: Sequence[Mapping[str, object]] | None
) -> dict[str, object]:
    if (user_emails is None) == (filters is None):
        raise ValueError("Give either user_emails or filters.")
    return {"filters": filters} if user_emails is None else {"user_emails": list(user_emails)}
