"""`scim2-tester` finds nothing that RFC 7643 and RFC 7644 do not allow."""

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.scim.provider import Provider

GOOD = {Status.SUCCESS, Status.SKIPPED}


@pytest.mark.timeout(600)
def test_the_tester_is_content(provider: Provider) -> None:
    headers = {"Authorization": f"Bearer {provider.token}"}
    with httpx2.Client(base_url=provider.url, headers=headers, timeout=120) as http:
        results = check_server(SyncSCIMClient(http))
    wrong = [f"{each.title}: {each.reason}" for each in results if each.status not in GOOD]
    assert wrong == [], "\n".join(wrong)
    done = {each.title for each in results if each.status is Status.SUCCESS}
    assert len(done) > 15, done
